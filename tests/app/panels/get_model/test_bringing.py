"""The box keeps its height in every step, and shows only the buttons of the step at hand."""

from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.panels.get_model.bringing import BringingBox
from app.panels.get_model.downloads import ModelDownloads
from app.state.store import RunStore
from engine.events import Refused
from tests.app.panels.get_model.models import DESCRIBED, DOWNLOADED


def test_every_step_has_its_buttons_and_the_same_height(qtbot: QtBot) -> None:
    store, parent = RunStore(), QWidget()
    qtbot.addWidget(parent)
    state, box = store.tab(ModelDownloads), BringingBox(parent)
    parent.show()

    def buttons() -> list[str]:
        box.show_state(state, "")
        shown = (box.get, box.stop, box.as_target, box.as_drafter)
        return [button.text() for button in shown if not button.isHidden()]

    height = box.height()
    assert (buttons(), box.hint.isHidden()) == (["Download"], False)
    assert not box.get.isEnabled()
    state.step, state.described = "described", DESCRIBED
    assert (buttons(), box.hint.isHidden()) == (["Download"], True)
    assert box.get.isEnabled()
    state.step = "downloading"
    assert (buttons(), box.amount.text()) == (["Stop"], "asking the hub…")
    state.step, state.refused = "refused", Refused("getmodel", "the disk is full", "free some")
    assert (buttons(), box.note.text()) == (["Download"], "⚠ the disk is full\nNext: free some")
    state.step, state.downloaded = "downloaded", DOWNLOADED
    assert buttons() == ["Use as target", "Use as drafter"]
    assert box.height() == height
    parent.close()


def test_a_reason_against_starting_stands_at_the_button(qtbot: QtBot) -> None:
    store, parent = RunStore(), QWidget()
    qtbot.addWidget(parent)
    state, box = store.tab(ModelDownloads), BringingBox(parent)
    state.step, state.described = "described", DESCRIBED
    box.show_state(state, "a run is under way")
    assert not box.get.isEnabled()
    assert "a run is under way" in box.get.toolTip()
