"""What the tab says of a measurement: losses loudly, names that people read, and how it ended."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from app.workspaces.longcontext import words
from app.workspaces.longcontext.record import LengthRecord, read_record
from engine.commands import MeasureLengths
from engine.events import LengthMeasured, Progressed, Refused
from tests.lengths import measurement, started


def recorded(**changes: object) -> LengthRecord:
    events = [replace(e, **changes) if isinstance(e, LengthMeasured) and e.alpha else e for e in measurement()]
    return read_record(events, Path("log"))


def test_a_loss_of_all_drafters_is_the_headline() -> None:
    record = recorded(speedup=0.8)
    assert words.is_loss(record)
    assert words.headline(record).startswith("At 7,500 tokens drafting does not pay: ▲ built-in drafter 0.80×")
    assert not words.is_loss(recorded()) and words.headline(LengthRecord()) == ""


def test_a_drafter_is_named_as_people_read_it() -> None:
    names = [words.drafter_name(spec) for spec in ("none", "builtin:small", "window:64+4:builtin", "window:builtin")]
    assert names == [
        "plain decoding",
        "built-in small drafter",
        "built-in drafter (window 64)",
        "built-in drafter (window)",
    ]
    assert words.drafter_name("lookup:3") == "prompt lookup of 3" and words.drafter_name("/models/x\n<b>") == "x⏎<b>"
    assert words.drafter_name("window:") == "window:"


def test_memory_that_does_not_grow_is_said() -> None:
    course = words.course(recorded())
    assert "◆ longspec: τ 3.78 → 3.64, K/V 1 MB at any length" in course and "K/V 524 kB → 8 MB" in course
    assert "▼ prompt lookup" in course and "no K/V" in course and "●" not in course
    *_, shortest = words.shorter_courses(recorded())
    assert "◆ τ 3.78 → 3.64  ·  " in shortest and "K/V" not in shortest


@pytest.mark.parametrize(
    ("record", "text"),
    [
        (read_record(measurement(n_done=2), Path("log")), "Stopped; kept: 2 combinations measured before."),
        (
            read_record(measurement()[:4], Path("log")),
            "The file ends before the measurement did; what was measured is shown.",
        ),
        (read_record(measurement(), Path("log")), ""),
    ],
)
def test_how_it_ended_is_said_where_that_was_early(record: LengthRecord, text: str) -> None:
    assert words.ending(record) == text


def test_a_refusal_and_the_progress_are_one_line() -> None:
    record = LengthRecord()
    record.begin(MeasureLengths())
    assert words.progress(record, None) == "waiting for the engine"
    assert "loading the models" in words.progress(record, Progressed("loading", 1, 2, "bytes"))
    record.take(started())
    assert words.progress(record, Progressed("measuring", 5, 10, "blocks", 5.0)).endswith("5 s left")
    record.fail(Refused("measurelengths", "a window of 0\ntokens", "use more"))
    assert words.ending(record) == "Not completed: a window of 0⏎tokens"
    assert "built-in" in words.scope(record)


def test_texts_that_differ_are_a_warning() -> None:
    assert "11 texts not as plain decoding writes" in words.warnings(recorded(same_text=False))
