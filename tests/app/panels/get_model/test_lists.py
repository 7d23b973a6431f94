"""The two lists say what they wait for until the engine has answered, and choose nothing by themselves."""

from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.panels.get_model.downloads import ModelDownloads
from app.panels.get_model.lists import CachedList, PairsList
from app.state.store import RunStore
from tests.app.panels.get_model.models import LISTED, OFFERED


def test_lists_say_what_they_wait_for_then_show_it(qtbot: QtBot) -> None:
    store, parent = RunStore(), QWidget()
    qtbot.addWidget(parent)
    state, pairs, cached = store.tab(ModelDownloads), PairsList(parent), CachedList(parent)
    pairs.show_state(state)
    cached.show_state(state, "")
    assert pairs.note.text().startswith("The engine is looking")
    assert cached.note.text().startswith("The engine is reading")
    state.offered, state.listed = OFFERED, LISTED
    pairs.show_state(state)
    cached.show_state(state, "a run is under way")
    assert pairs.table.rowCount() == len(OFFERED.pairs)
    assert pairs.table.chosen is cached.table.chosen is None
    cached.table.selectRow(0)
    assert "a run is under way" in cached.remove.toolTip()
    assert cached.target.isEnabled()


def test_converted_files_come_after_the_models_and_can_be_removed(qtbot: QtBot) -> None:
    store, parent = RunStore(), QWidget()
    qtbot.addWidget(parent)
    state, cached = store.tab(ModelDownloads), CachedList(parent)
    state.listed = LISTED
    cached.show_state(state, "")
    assert cached.table.rowCount() == len(LISTED.models) + 1
    cached.table.selectRow(len(LISTED.models))
    with qtbot.waitSignal(cached.use_wanted) as used:
        cached.target.click()
    assert used.args == ["/files/m.gguf", "target"]
    cached.remove.click()
    assert cached.question is not None
    with qtbot.waitSignal(cached.remove_wanted) as removed:
        next(button for button in cached.question.buttons() if button.text() == "Remove").click()
    assert removed.args == ["/files/m.gguf"]
