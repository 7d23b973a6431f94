"""The audit strip: which runs have one, what it counts, and that its marks select tokens."""

import pytest
from msgspec.structs import replace
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from app.panels.audit import AuditPanel
from app.state.selection import Selection
from app.state.store import RunStore
from engine.events import Event, RoundFinished, Warned
from engine.sprinter.drift import DRIFTED
from tests.app.factory import a_round, started

SETTINGS = {"threshold": 0.4, "audit": 0.5}


@pytest.fixture
def panel(qtbot: QtBot) -> AuditPanel:
    made = AuditPanel(RunStore())
    qtbot.addWidget(made)
    made.resize(600, 60)
    made.show()
    return made


def audited(number: int, *probs: float | None) -> RoundFinished:
    """A round of unverified tokens; those with a probability of the target's consent are audited, with u = 0.5."""
    event = a_round(number, [" word"] * len(probs))
    tokens = [
        replace(token, fate="unverified", gate=0.9, audited=prob is not None, accept_prob=prob or 0.0, u=0.5)
        for token, prob in zip(event.proposed, probs, strict=True)
    ]
    return replace(event, proposed=tuple(tokens))


def say(panel: AuditPanel, *events: Event) -> None:
    for event in events:
        panel.store.take(event)
    panel.store.changed.emit()
    panel.refresh()
    while panel.behind:
        panel.refresh()


def test_only_a_sprinter_run_that_audits_has_a_strip(panel: AuditPanel) -> None:
    assert panel.strip.isHidden()
    say(panel, started("one", method="sprinter", settings=SETTINGS))
    assert not panel.strip.isHidden() and panel.strip.description() == "no token audited yet"
    say(panel, started("two", method="sprinter", settings=SETTINGS | {"audit": 0.0}), a_round(0, [" a"]))
    assert panel.strip.isHidden()
    say(panel, started("three"), a_round(0, [" a"]))
    assert panel.strip.isHidden()


def test_marks_lie_where_the_tokens_are_and_the_rate_has_its_interval(panel: AuditPanel) -> None:
    say(panel, started(method="sprinter", settings=SETTINGS), audited(0, 0.9, None, 0.4), audited(1, None, 1.0, 0.7))
    marks = panel.strip.marks
    assert [(mark.place, mark.wrong) for mark in marks] == [(0, False), (2, True), (5, False), (6, False)]
    assert panel.strip.n_tokens == 8
    # Wilson's interval of 1 in 4, by hand: (4.6 %, 69.9 %).
    assert panel.strip.description() == "falsely accepted: 25.0 % (4.6 to 69.9 %) of 4 tokens audited"
    assert panel.strip.accessibleDescription() == panel.strip.description()
    say(panel, started("next", method="sprinter", settings=SETTINGS), audited(0, 1.0))
    assert len(panel.strip.marks) == 1, "a new run begins anew"


def test_a_click_or_a_key_selects_the_token_everywhere(panel: AuditPanel, qtbot: QtBot) -> None:
    say(panel, started(method="sprinter", settings=SETTINGS), audited(0, 0.9, None, 0.4), audited(1, None, 1.0))
    strip = panel.strip
    x = round(strip.x_of(strip.marks[1]))
    assert "wrong" in strip.tip_at(x).splitlines()[0] and "new token 3" in strip.tip_at(x)
    qtbot.mouseClick(strip, Qt.MouseButton.LeftButton, pos=QPoint(x, strip.height() // 2))
    assert panel.store.selection == Selection(0, 2)
    panel.refresh()
    assert strip.selected == Selection(0, 2)
    qtbot.keyClick(strip, Qt.Key.Key_Right)
    assert panel.store.selection == Selection(1, 1)


def test_a_wrong_mark_looks_different_and_the_selected_one_is_framed(panel: AuditPanel) -> None:
    say(panel, started("one", method="sprinter", settings=SETTINGS), audited(0, 0.9))
    marks_only = panel.strip.marks[0]
    right = panel.strip.grab().toImage()
    panel.store.select(Selection(*marks_only.selection))
    panel.refresh()
    assert panel.strip.grab().toImage() != right
    panel.store.select(None)
    panel.refresh()
    panel.strip.description = panel.strip.accessibleDescription  # type: ignore[method-assign]
    panel.strip.marks[0] = marks_only._replace(wrong=True)
    assert panel.strip.grab().toImage() != right


def test_drift_is_said_first(panel: AuditPanel) -> None:
    say(panel, started(method="sprinter", settings=SETTINGS), audited(0, 0.4), Warned("other", ""))
    assert not panel.strip.warning
    say(panel, Warned(f"far too many: {DRIFTED}", "retrain"))
    assert panel.strip.description().startswith(f"far too many: {DRIFTED}; falsely accepted")
