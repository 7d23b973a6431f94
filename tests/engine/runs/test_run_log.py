"""The log of kept work: written as it comes, locked while it is written, and never in the way of the work."""

from pathlib import Path
from queue import SimpleQueue

import pytest
from msgspec.structs import replace

from engine.errors import EngineError
from engine.events import Event, Measured, Progressed, Refused, RunFailed, RunFinished, Warned, WorkEnded, WorkStarted
from engine.runs import trace
from engine.runs.run_log import RunLog, is_being_written, run_file
from engine.runs.trace import TraceWriter
from tests import comparisons
from tests.engine.runs import stories

START = WorkStarted("0badcafe", "measurement", "2026-01-01T00:00:00Z", "scaling", "T", "D", (), "cpu", "float32")


def taken(outbox: "SimpleQueue[Event]") -> list[Event]:
    return [outbox.get_nowait() for _ in range(outbox.qsize())]


def test_each_kind_of_work_has_a_folder_that_says_what_it_is(tmp_path: Path) -> None:
    comparison = comparisons.comparison()[0]
    names = [run_file(tmp_path, start).parent.name for start in (stories.started(), START, comparison)]  # type: ignore[arg-type]
    assert names == [
        "20260101T000000Z-speculative-ab12",
        "20260101T000000Z-measurement-0badcafe",
        "20261129T100000Z-comparison-c0ffee00",
    ]


def test_a_name_from_elsewhere_stays_inside_the_folder(tmp_path: Path) -> None:
    hostile = WorkStarted("../../x", "training", "../..", "m", "T", "D", (), "cpu", "float32")
    assert run_file(tmp_path, hostile).parent.parent == tmp_path


def test_what_comes_before_the_start_is_passed_on_alone(tmp_path: Path) -> None:
    outbox: SimpleQueue[Event] = SimpleQueue()
    log, early = RunLog(tmp_path, outbox), Warned("slow", "wait")
    for event in (early, START, Progressed("measuring", 1, 2, "blocks"), Warned("hot", "cool")):
        log.add(event)
    log.cut_short("stopped", "stopped by the user", "start it again")
    path = log.path
    log.close()
    assert path is not None
    end = WorkEnded("stopped", "stopped by the user", "start it again")
    assert trace.read(path).events == (START, Warned("hot", "cool"), end)
    assert taken(outbox)[:2] == [early, START]


def test_a_log_is_locked_until_it_is_closed(tmp_path: Path) -> None:
    log = RunLog(tmp_path, SimpleQueue())
    log.add(START)
    (folder,) = tmp_path.iterdir()
    assert is_being_written(folder)
    log.close()
    assert not is_being_written(folder)
    assert not is_being_written(tmp_path / "gone")


def test_nothing_is_written_where_nothing_is_kept(tmp_path: Path) -> None:
    log = RunLog(None, SimpleQueue())
    log.add(START)
    log.close()
    assert log.path is None
    assert not list(tmp_path.iterdir())


def test_a_full_disk_stops_the_log_and_not_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outbox: SimpleQueue[Event] = SimpleQueue()
    log = RunLog(tmp_path, outbox)
    start, *rounds, last = stories.whole_run()
    log.add(start)

    def full(self: TraceWriter, event: Event) -> None:
        raise EngineError("the run is no longer saved (No space left on device)", "free disk space")

    monkeypatch.setattr(TraceWriter, "write", full)
    for event in (*rounds, last):
        log.add(event)
    log.close()
    events = taken(outbox)
    assert [event for event in events if not isinstance(event, Refused)] == stories.whole_run()
    assert len([event for event in events if isinstance(event, Refused)]) == 1
    assert not is_being_written(run_file(tmp_path, stories.started()).parent)


def test_a_folder_that_cannot_be_written_is_said_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    outbox: SimpleQueue[Event] = SimpleQueue()
    log = RunLog(tmp_path / "file", outbox)
    for event in stories.whole_run():
        log.add(event)
    log.close()
    events = taken(outbox)
    assert isinstance(events[1], Refused)
    assert events[1].what == "save"
    assert isinstance(events[-1], RunFinished)


def test_the_last_line_of_what_was_stopped_or_failed_has_the_time_of_the_one_before(tmp_path: Path) -> None:
    for name, end in (("a", RunFinished("cancelled", 0)), ("b", RunFailed("no memory", "less"))):
        log = RunLog(tmp_path / name, SimpleQueue())
        log.add(stories.started())
        log.add(replace(stories.round_of(0, "accepted"), at_s=1.5))
        log.add(replace(stories.round_of(1, "accepted"), at_s=0.0))
        log.add(end)
        path = log.path
        log.close()
        assert path is not None
        assert trace.read(path).events[-1] == replace(end, at_s=1.5)


def test_work_that_was_cut_short_says_when(tmp_path: Path) -> None:
    log = RunLog(tmp_path, SimpleQueue())
    log.add(START)
    log.add(Measured("tau", 2.0, 0, at_s=2.5))
    log.cut_short("stopped", "stopped by the user", "start it again")
    path = log.path
    log.close()
    assert path is not None
    assert trace.read(path).events[-1] == WorkEnded("stopped", "stopped by the user", "start it again", at_s=2.5)
