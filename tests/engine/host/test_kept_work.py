"""A host keeps what is no run, too: measurements, trainings, evaluations, with a word on what ended them early."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Event as Flag

import pytest

from engine.commands import Measure, Order, Race, Survey
from engine.errors import EngineError
from engine.events import (
    Event,
    LaneSpec,
    RaceFinished,
    RaceStarted,
    Refused,
    ScalingMeasured,
    Surveyed,
    WorkEnded,
    WorkStarted,
)
from engine.host.thread_host import ThreadHost
from engine.runs import trace
from tests.engine.store.kept import opened
from tests.stub_session import StubSession

START = WorkStarted("0badcafe", "measurement", "2026-01-01T00:00:00Z", "scaling", "T", "D", (), "cpu", "float32")
RACE = RaceStarted(
    "builtin", (LaneSpec("plain", "none", 0),), "a prompt", (1,), ("a",), "cpu", "float32", race_id="7",
    started_utc="2026-01-01T00:00:00Z",
)  # fmt: skip
POINT = ScalingMeasured(2, 8, 3, "cpu", "float32", complete=False)
LAST = ScalingMeasured(2, 8, 3, "cpu", "float32")


class Stub(StubSession):
    """Measures without models; how it ends is told from outside."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.fault = fault
        self.started = Flag()

    def measure(self, command: Measure, cancelled: Flag) -> Iterator[Event]:
        yield START
        yield POINT
        self.started.set()
        if self.fault is not None:
            raise self.fault
        while command.n_blocks == 99 and not cancelled.is_set():
            cancelled.wait(0.01)
        yield POINT if cancelled.is_set() else LAST

    def race(self, command: Race, cancelled: Flag) -> Iterator[Event]:
        yield RACE
        yield RaceFinished("length")

    def survey(self, command: Survey, cancelled: Flag) -> Iterator[Event]:
        yield Surveyed("builtin", ())


def last_of(host: ThreadHost, command: Order) -> Event:
    while not command.ends_with(event := host.inbox.get(timeout=60)):
        pass
    return event


def host_of(stub: Stub, folder: Path) -> ThreadHost:
    return ThreadHost(folder, new_session=lambda: stub)  # type: ignore[arg-type, return-value]


def kept(folder: Path) -> tuple[Event, ...]:
    (path,) = folder.glob("*/trace.jsonl")
    return trace.read(path).events


def test_a_measurement_is_kept_to_its_end(tmp_path: Path) -> None:
    host = host_of(Stub(), tmp_path)
    host.submit(Measure(2))
    assert last_of(host, Measure(2)) == LAST
    assert host.close()
    assert kept(tmp_path) == (START, POINT, LAST)


def test_a_race_is_kept_among_the_comparisons(tmp_path: Path) -> None:
    host = host_of(Stub(), tmp_path)
    command = Race((LaneSpec("plain", "none", 0),), "a prompt")
    host.submit(command)
    assert last_of(host, command) == RaceFinished("length")
    assert host.close()
    assert kept(tmp_path) == (RACE, RaceFinished("length"))
    with closing(opened(tmp_path)) as index:
        (row,) = index.rows(index.ids())
    assert (row.kind, row.method, row.name, row.state) == ("comparison", "race", "race · plain · a prompt", "finished")


def test_a_stopped_measurement_says_that_it_was_stopped(tmp_path: Path) -> None:
    stub = Stub()
    host = host_of(stub, tmp_path)
    host.submit(Measure(2, n_blocks=99))
    assert stub.started.wait(60)
    host.cancel()
    assert isinstance(last_of(host, Measure(2)), Refused)
    assert host.close()
    *points, end = kept(tmp_path)
    assert points == [START, POINT]
    assert isinstance(end, WorkEnded)
    assert end.state == "stopped"


@pytest.mark.parametrize("fault", [EngineError("memory ran out", "use less"), ValueError("a defect")])
def test_a_failed_measurement_says_why(tmp_path: Path, fault: Exception) -> None:
    host = host_of(Stub(fault), tmp_path)
    host.submit(Measure(2))
    assert isinstance(last_of(host, Measure(2)), Refused)
    assert host.close()
    end = kept(tmp_path)[-1]
    assert isinstance(end, WorkEnded)
    assert end.state == "failed"
    assert "memory ran out" in end.why or "a defect" in end.why


def test_questions_are_not_kept(tmp_path: Path) -> None:
    host = host_of(Stub(), tmp_path)
    host.submit(Survey("builtin"))
    assert isinstance(last_of(host, Survey("builtin")), Surveyed)
    assert host.close()
    assert not list(tmp_path.iterdir())
