"""The end of a run whose process is gone: written after its last whole line, or said not to be saved."""

from pathlib import Path

import pytest

from engine.errors import EngineError
from engine.events import RunFinished, WorkEnded, WorkStarted
from engine.host.child_link import Ending
from engine.host.endings import RunTracker
from engine.runs import trace
from engine.runs.run_log import run_file
from engine.runs.trace import TraceWriter
from tests.engine.runs.stories import started

END = RunFinished("cancelled", 0)


def test_end_takes_the_place_of_a_line_that_was_not_finished(tmp_path: Path) -> None:
    path = run_file(tmp_path, started())
    writer = TraceWriter(path)
    writer.write(started())
    writer.close()
    with path.open("ab") as file:
        file.write(b'{"event":"RoundFin')
    RunTracker(started()).save(tmp_path, END)
    found = trace.read(path)
    assert (found.events, found.damage) == ((started(), END), None)


def test_run_that_was_not_saved_gets_no_file(tmp_path: Path) -> None:
    RunTracker(started()).save(tmp_path, END)
    assert not list(tmp_path.iterdir())


def test_file_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    run_file(tmp_path, started()).mkdir(parents=True)
    with pytest.raises(EngineError, match="cannot be saved"):
        RunTracker(started()).save(tmp_path, END)


def test_work_that_lost_its_process_is_said_to_have_failed(tmp_path: Path) -> None:
    start = WorkStarted("0badcafe", "training", "2026-01-01T00:00:00Z", "", "T", "D", (), "cpu", "float32")
    writer = TraceWriter(run_file(tmp_path, start))
    writer.write(start)
    writer.close()
    tracker = RunTracker(start)
    tracker.save(tmp_path, tracker.failed(Ending(-9, "")))
    *_, end = trace.read(run_file(tmp_path, start)).events
    assert isinstance(end, WorkEnded)
    assert (end.state, "SIGKILL" in end.why) == ("failed", True)
    assert tracker.stopped() == WorkEnded("stopped", "stopped by the user")
