"""The panels of this session's runs and of the replay."""

import pytest
from PySide6.QtCore import QItemSelectionModel

from app.panels.history import HistoryPanel
from app.panels.transport import TransportPanel
from app.state.store import RunStore
from engine.events import Event, RunFinished
from tests.app.factory import a_round, started, whole_run


@pytest.fixture
def store(qtbot) -> RunStore:
    return RunStore()


def feed(store: RunStore, *events: Event) -> None:
    for event in events:
        store.take(event)
    store.changed.emit()


def shown_history(store, qtbot) -> HistoryPanel:
    panel = HistoryPanel(store)
    qtbot.addWidget(panel)
    panel.every_ms = 0
    panel.resize(1000, 300)
    panel.show()
    return panel


def cells(panel: HistoryPanel, column: int) -> list[str]:
    return [panel.table.item(row, column).text() for row in range(panel.table.rowCount())]


def pick(panel: HistoryPanel, *rows: int) -> None:
    flags = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows
    panel.table.clearSelection()
    for row in rows:
        panel.table.selectionModel().select(panel.table.model().index(row, 0), flags)


def test_every_run_of_the_session_is_a_row(store, qtbot):
    panel = shown_history(store, qtbot)
    feed(store, *whole_run("first"))
    feed(store, started("second"), a_round(0, [" a"]))
    assert cells(panel, 0) == ["1", "● 2"]
    assert cells(panel, 2) == ["5", "2"]
    assert cells(panel, 7) == ["same text ✓", "running"]
    feed(store, RunFinished("cancelled", 2))
    assert cells(panel, 7) == ["same text ✓", "stopped"]


def test_a_fork_names_the_run_it_came_from(store, qtbot):
    panel = shown_history(store, qtbot)
    feed(store, *whole_run("first"))
    feed(store, started("second", forked_from="first", forked_at=3), RunFinished("length", 0))
    assert "fork of 1 at token 3" in cells(panel, 1)[1]


def test_a_selected_run_is_shown(store, qtbot):
    panel = shown_history(store, qtbot)
    feed(store, *whole_run("first"))
    feed(store, *whole_run("second"))
    pick(panel, 0)
    assert store.started.run_id == "first"


def test_two_selected_runs_are_compared(store, qtbot):
    panel = shown_history(store, qtbot)
    feed(store, started("first"), a_round(0, [" a", " b"]), RunFinished("length", 3))
    feed(store, started("second"), a_round(0, [" a"], [" x"], " c"), RunFinished("length", 2))
    pick(panel, 0, 1)
    assert "The same prompt and 1 new token," in panel.two.sentence.text()
    assert "·b·end" in panel.two.sentence.text()
    assert panel.two.table.rowCount() > 3


def test_hostile_names_are_shown_literally(store, qtbot):
    panel = shown_history(store, qtbot)
    feed(store, started("first", drafter="<b>x</b>\u202e\n" * 30), RunFinished("length", 0))
    assert "<b>" in cells(panel, 1)[0]
    assert "\u202e" not in cells(panel, 1)[0]


def test_the_slider_follows_and_moves_the_run(store, qtbot):
    panel = TransportPanel(store)
    qtbot.addWidget(panel)
    panel.every_ms = 0
    panel.show()
    controls = panel.button, panel.speed, panel.slider
    assert not any(control.isEnabled() for control in controls)
    feed(store, *whole_run())
    assert all(control.isEnabled() for control in controls)
    assert panel.slider.value() == panel.slider.maximum() == 2
    panel.slider.setValue(1)
    assert store.summary.n_rounds == 1
    assert panel.place.text() == "round 1 of 2"


def test_all_rounds_are_the_whole_run_with_what_was_measured_after_it(store, qtbot):
    panel = TransportPanel(store)
    qtbot.addWidget(panel)
    panel.every_ms = 0
    panel.show()
    feed(store, *whole_run())
    panel.slider.setValue(0)
    assert (store.summary.n_rounds, store.summary.speedup) == (0, None)
    panel.slider.setValue(2)
    assert store.history.at_end
    assert store.summary.speedup == pytest.approx(2.0)


def test_a_run_that_ended_while_another_was_shown_is_not_called_running(store, qtbot):
    panel = shown_history(store, qtbot)
    feed(store, *whole_run("first"))
    feed(store, started("second"), a_round(0, [" a"]))
    pick(panel, 0)
    feed(store, RunFinished("cancelled", 2))
    assert cells(panel, 0) == ["● 1", "2"]
    assert cells(panel, 7) == ["same text ✓", "stopped"]


def test_the_button_replays_and_holds(store, qtbot):
    panel = TransportPanel(store)
    qtbot.addWidget(panel)
    panel.show()
    feed(store, *whole_run())
    panel.toggle()
    assert store.replay.playing
    panel.toggle()
    assert not store.replay.playing
    store.close()
