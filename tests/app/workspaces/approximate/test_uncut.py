"""No line of the tab is cut at either size of the window, whichever page is in front."""

import pytest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from app.widgets.elided_label import ElidedLabel
from app.widgets.labels import ElasticLine
from app.workspaces.approximate.gate.known import KnownGate
from app.workspaces.approximate.state import ThresholdProgress
from app.workspaces.approximate.workspace import ApproximateWorkspace
from tests import thresholds
from tests.app.served import TalkingTab

# What the window leaves of 1600×1000 and 1280×720 to a tab.
_SIZES = ((1600, 910), (1280, 630))


def cut_lines(workspace: ApproximateWorkspace) -> list[str]:
    """Lines in view that end in an ellipsis of their own."""
    drawn = [
        (line.text(), label.text())
        for line in workspace.findChildren(ElasticLine)
        if line.isVisible() and (label := line.findChild(QLabel)) is not None
    ]
    drawn += [(line.text(), line.drawn_text) for line in workspace.findChildren(ElidedLabel) if line.isVisible()]
    return [text for text, shown in drawn if "…" in shown and "…" not in text]


@pytest.mark.parametrize("size", _SIZES)
def test_no_line_is_cut_with_a_sweep_and_a_gate(tab: TalkingTab, qtbot: QtBot, size: tuple[int, int]) -> None:
    store, _, workspace, say = tab
    assert isinstance(workspace, ApproximateWorkspace)
    workspace.resize(*size)
    store.tab(ThresholdProgress).begin(workspace.setup.pair(), workspace.setup.command())
    say(*thresholds.sweep())
    cut = []
    for known in (KnownGate("known", thresholds.card()), KnownGate("missing")):
        store.tab(ThresholdProgress).take_gate(known)
        for place in range(workspace.pages.count()):
            workspace.pages.setCurrentIndex(place)
            say()
            qtbot.wait(20)
            cut += [f"{workspace.pages.tabText(place)}, {known.state}: {line}" for line in cut_lines(workspace)]
    assert not cut, "\n".join(sorted(set(cut)))
