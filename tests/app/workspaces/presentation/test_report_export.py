"""The report of what is on show."""

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.state.store import RunStore
from app.workspaces.compare.comparing import ComparingProgress
from app.workspaces.presentation.report_export import ReportExport, events_of
from engine.machine import paths
from tests import comparisons
from tests.app.workspaces.presentation.races import run_record


@pytest.fixture
def store(qapp: object) -> RunStore:
    return RunStore()


def test_a_comparison_is_put_together_from_what_the_window_keeps(store: RunStore) -> None:
    record = store.tab(ComparingProgress).record
    assert events_of(record) == ()
    events = comparisons.comparison()
    for event in events:
        record.take(event)
    kept = events_of(record)
    assert kept[0] is events[0] and kept[-1] is events[-1] and len(kept) == len(events)


def test_a_run_is_written_beside_the_window(store: RunStore, qtbot: QtBot) -> None:
    store.history.put(run_record())
    said: list[tuple[str, bool]] = []
    export = ReportExport(store, lambda text, good: said.append((text, good)), store)
    export.export("run")
    qtbot.waitUntil(lambda: len(said) > 1, timeout=30_000)
    assert said[1][1] and export.written is not None and export.written.name == "draftscope-report-run1.html"
    assert not list(export.written.parent.glob("*.part"))


def test_a_folder_that_cannot_be_written_is_named(
    store: RunStore, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = Path(paths.user_data())
    blocked.parent.mkdir(parents=True, exist_ok=True)
    blocked.write_text("a file where the folder should be")
    store.history.put(run_record())
    said: list[tuple[str, bool]] = []
    export = ReportExport(store, lambda text, good: said.append((text, good)), store)
    export.export("run")
    qtbot.waitUntil(lambda: len(said) > 1, timeout=30_000)
    assert not said[1][1] and export.written is None
