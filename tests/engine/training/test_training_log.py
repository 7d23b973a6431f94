"""The log of a training: written as it happens, gone on with after a kill, never a reason to end the training."""

from collections.abc import Generator
from pathlib import Path

import pytest

from engine.errors import EngineError
from engine.events import (
    Event,
    Measured,
    Progressed,
    Refused,
    TrainingEstimated,
    TrainingFinished,
    TrainingStarted,
    Warned,
)
from engine.runs import trace
from engine.runs.trace import TraceWriter
from engine.training.training_log import FILE_NAME, logged

ASKED = TrainingEstimated("builtin", "cpu", 1, 1, 1, 1, 1, 2, 96, 1000, 3000.0)
STARTED = TrainingStarted("builtin", "d", "forward-kl", 2, 96, 1000, 9, 1, 90, 40, 0, "cpu", "float32")
FINISHED = TrainingFinished("steps", "d", 40, 40, 900, 30.0, None, 3.0)
STORY: list[Event] = [ASKED, STARTED, Measured("loss", 7.0, 1), Measured("alpha", 0.5, 40), FINISHED]


def say(events: list[Event], fault: Exception | None = None) -> Generator[Event, None, None]:
    yield from events
    if fault is not None:
        raise fault


def write(path: Path, events: list[Event]) -> list[Event]:
    return list(logged(path, say(events)))


def test_log_holds_what_was_said_without_progress(tmp_path: Path) -> None:
    path = tmp_path / "d" / FILE_NAME
    progress = Progressed("training", 1, 40, "steps")
    assert write(path, [*STORY[:3], progress, *STORY[3:]]) == [*STORY[:3], progress, *STORY[3:]]
    found = trace.read(path)
    assert (found.events, found.damage, found.of_training) == (tuple(STORY), None, True)


def test_event_is_in_the_file_before_it_is_passed_on(tmp_path: Path) -> None:
    events = logged(tmp_path / FILE_NAME, say(STORY))
    next(events)
    assert trace.read(tmp_path / FILE_NAME).events == (ASKED,)
    events.close()


def test_later_attempt_is_written_after_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    write(path, STORY[:3])
    write(path, STORY)
    assert trace.read(path).events == (*STORY[:3], *STORY)


def test_line_that_a_kill_tore_is_dropped_before_going_on(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    write(path, STORY[:3])
    path.write_bytes(path.read_bytes()[:-9])
    write(path, STORY)
    found = trace.read(path)
    assert (found.events, found.damage) == ((*STORY[:2], *STORY), None)


@pytest.mark.parametrize("content", [b"", b'{"event":"Train'])
def test_log_that_holds_no_whole_line_is_begun_anew(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / FILE_NAME
    path.write_bytes(content)
    write(path, STORY)
    assert trace.read(path).events == tuple(STORY)
    assert [file.name for file in tmp_path.iterdir()] == [FILE_NAME]


def test_damaged_log_is_set_aside_whole(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    path.write_bytes(b"hello\nworld\n")
    write(path, STORY)
    assert trace.read(path).events == tuple(STORY)
    assert (tmp_path / f"{FILE_NAME}.damaged").read_bytes() == b"hello\nworld\n"


def test_fault_that_ends_a_training_is_the_end_of_its_log(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    with pytest.raises(EngineError, match="disk"):
        list(logged(path, say(STORY[:3], EngineError("the disk is full", "free some"))))
    assert trace.read(path).events == (*STORY[:3], Refused("train", "the disk is full", "free some"))


def test_defect_that_ends_a_training_is_in_its_log_with_the_traceback(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    with pytest.raises(ZeroDivisionError):
        list(logged(path, say(STORY[:3], ZeroDivisionError("nothing to divide by"))))
    last = trace.read(path).events[-1]
    assert isinstance(last, Refused) and last.reason == "ZeroDivisionError: nothing to divide by"
    assert "Traceback" in last.traceback


def test_full_disk_ends_the_log_with_one_warning_and_not_the_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, written = tmp_path / FILE_NAME, TraceWriter.write

    def full(self: TraceWriter, event: Event) -> None:
        if isinstance(event, Measured):
            raise EngineError("the training's log is no longer saved", "free disk space")
        written(self, event)

    monkeypatch.setattr(TraceWriter, "write", full)
    said = write(path, STORY)
    assert [event for event in said if not isinstance(event, Warned)] == STORY
    assert [event.message for event in said if isinstance(event, Warned)] == ["the training's log is no longer saved"]
    assert trace.read(path).events == tuple(STORY[:2])


def test_log_that_cannot_be_made_is_warned_of_once(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).mkdir()
    said = write(tmp_path / FILE_NAME, STORY)
    assert sum(isinstance(event, Warned) for event in said) == 1
    assert [event for event in said if not isinstance(event, Warned)] == STORY
