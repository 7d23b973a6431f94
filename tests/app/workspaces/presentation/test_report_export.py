"""The report of what is on show."""

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.state.store import RunStore
from app.workspaces.presentation.report_export import ReportExport
from engine.machine import paths
from tests.app.workspaces.presentation.races import run_record


@pytest.fixture
def store(qapp: object) -> RunStore:
    return RunStore()


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
