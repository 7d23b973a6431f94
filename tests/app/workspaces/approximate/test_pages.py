"""The pages of the Approximate tab: what Ctrl+Enter is on each, their room, and that nothing of them is cut."""

from threading import Event as Flag

import pytest
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app import theme
from app.theme import Scheme
from app.workspaces.approximate.gate_state import GateProgress
from app.workspaces.approximate.workspace import ApproximateWorkspace
from engine.commands import CollectGateRows, MeasureThresholds, Run
from engine.session.session import Session
from tests.app.served import TalkingTab
from tests.app.test_nothing_cut import cut_widgets
from tests.app.workspaces.approximate.asking import asked

# The tab in a window of 1600×1000 and of 1280×720.
SIZES = (1600, 910), (1280, 630)


@pytest.mark.parametrize(
    ("page", "kind"), [(0, MeasureThresholds), (1, MeasureThresholds), (2, Run), (3, CollectGateRows)]
)
def test_run_does_what_the_page_in_front_is_for(tab: TalkingTab, page: int, kind: type) -> None:
    workspace = tab.workspace
    assert isinstance(workspace, ApproximateWorkspace)
    workspace.pages.setCurrentIndex(page)
    assert workspace.why_not("run") == ""
    workspace.do("run")
    assert isinstance(asked(tab), kind)


def test_a_text_has_more_room_than_a_table_and_what_is_dragged_stays(tab: TalkingTab, qtbot: QtBot) -> None:
    workspace = tab.workspace
    assert isinstance(workspace, ApproximateWorkspace)
    heights = []
    for page in (1, 2):
        workspace.pages.setCurrentIndex(page)
        qtbot.wait(10)
        heights.append(workspace.pages.height())
    assert heights[1] > heights[0]
    splitter = workspace._down
    splitter.moveSplitter(splitter.sizes()[0] + 60, 1)
    dragged = splitter.sizes()
    workspace.pages.setCurrentIndex(1)
    workspace.pages.setCurrentIndex(2)
    assert splitter.sizes() == dragged
    workspace.reset_layout()
    assert splitter.sizes() != dragged


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_text_of_the_pages_is_cut(tab: TalkingTab, toys: Session, qtbot: QtBot, scheme: Scheme) -> None:
    workspace, app = tab.workspace, QApplication.instance()
    assert isinstance(workspace, ApproximateWorkspace) and isinstance(app, QApplication)
    theme.apply(app, scheme)
    live = workspace.pages.live
    live.prompt.prompt.setPlainText("The harbour")
    workspace.setup.form.set_values({"max_new_tokens": 16, "gate": "q", "audit": 1.0})
    live.figures.form.set_values({"repeats": 1, "stop_at_end": False})
    workspace.run_at(0.1)
    tab.say(*toys.do(asked(tab), Flag()))
    faults: list[str] = []
    for size in SIZES:
        workspace.resize(*size)
        for page in range(workspace.pages.count()):
            workspace.pages.setCurrentIndex(page)
            qtbot.wait(30)
            faults += (f"{size[0]}×{size[1]}, page {page}: {fault}" for fault in cut_widgets(workspace))
    assert not faults, "\n".join(faults)


def test_choices_come_back(tab: TalkingTab, qtbot: QtBot, tmp_path: object) -> None:
    workspace = tab.workspace
    assert isinstance(workspace, ApproximateWorkspace)
    settings = QSettings(f"{tmp_path}/kept.ini", QSettings.Format.IniFormat)
    live, gate = workspace.pages.live, workspace.pages.making
    workspace.setup.show_threshold(0.7)
    live.prompt.prompt.setPlainText("Mine")
    gate.form.rows.set_values({"n_prompts": 33})
    gate.form.gate_folder.setText("/somewhere")
    workspace.pages.setCurrentIndex(3)
    workspace.save(settings)
    workspace.setup.show_threshold(0.1)
    live.prompt.prompt.setPlainText("")
    gate.form.rows.set_values({"n_prompts": 1})
    gate.form.gate_folder.setText("")
    workspace.pages.setCurrentIndex(0)
    workspace.restore(settings)
    assert (workspace.setup.threshold, live.prompt.text()) == (0.7, "Mine")
    command = gate.form.collection(workspace.setup.pair(), {})
    assert (command.n_prompts, gate.form.training_of(workspace.setup.pair()).out) == (33, "/somewhere")
    assert workspace.pages.currentWidget() is gate and tab.store.tab(GateProgress).record.state == "none"
