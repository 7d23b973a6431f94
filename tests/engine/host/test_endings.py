"""The end of a run whose process is gone: written after its last whole line, or said not to be saved."""

import signal
from pathlib import Path

import pytest

from engine.errors import EngineError
from engine.events import RunFinished, WorkEnded, WorkStarted
from engine.host.child_link import Ending
from engine.host.endings import RunTracker, words
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


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP", "SIGXCPU"])
def test_end_by_somebody_else_is_no_defect(name: str) -> None:
    why, hint = words(Ending(-int(signal.Signals[name]), "Fatal Python error"))
    assert why == f"the engine's process was ended from outside ({name})"
    assert "report" not in hint


@pytest.mark.parametrize("tail", ["MemoryError", "x.so: failed to map segment from shared object", "std::bad_alloc"])
@pytest.mark.parametrize("status", [1, -6, -11])
def test_process_without_memory_is_said_to_have_had_none(status: int, tail: str) -> None:
    why, hint = words(Ending(status, f"Traceback\n{tail}"))
    assert "memory ran out" in why
    assert "report" not in hint


def test_crash_of_a_library_is_to_be_reported() -> None:
    assert "report" in words(Ending(-11, "Fatal Python error: Segmentation fault"))[1]
