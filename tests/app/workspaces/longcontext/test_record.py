"""A measurement is folded once: predictions, figures, what was stopped, what was refused, and what a file holds."""

from pathlib import Path

from app.workspaces.longcontext.record import LengthPick, LengthRecord, read_record
from engine.commands import MeasureLengths
from engine.events import Refused
from tests.lengths import DRAFTERS, LENGTHS, measurement, started


def test_rows_are_there_before_anything_is_measured() -> None:
    record = LengthRecord()
    record.begin(MeasureLengths())
    assert record.live and record.take(started())
    assert [row.pick for row in record.rows] == [LengthPick(n, d) for n in LENGTHS for d in DRAFTERS]
    assert all(row.predicted is not None and row.measured is None for row in record.rows)
    assert [row.pick for row in record.rows if row.why_not] == [LengthPick(7500, "lookup")]


def test_figures_replace_predictions_and_the_longest_length_is_known() -> None:
    record = read_record(measurement(), Path("log"))
    assert record.state == "finished" and not record.live
    assert {point.drafter for point in record.longest} == {"builtin", "window:512+4:builtin", "/models/longspec"}
    assert [point.n_prompt for point in record.points("lookup")] == [512, 2048]
    assert record.prefills[2048].bare_ms is not None and len(record.log) == len(measurement())


def test_marks_are_those_of_comparisons() -> None:
    record = read_record(measurement(), Path("log"))
    assert [record.mark(drafter).glyph for drafter in DRAFTERS] == ["●", "▲", "■", "◆", "▼"]


def test_one_that_was_stopped_keeps_its_figures() -> None:
    record = LengthRecord()
    record.begin(MeasureLengths())
    for event in measurement(n_done=3):
        record.take(event)
    record.fail(Refused("measurelengths", "stopped by the user", "the lengths measured so far are kept"))
    assert record.state == "stopped" and len(record.figures) == 3


def test_a_file_that_ends_early_is_torn() -> None:
    assert read_record(measurement()[:5], Path("log")).state == "torn"
    assert read_record((), Path("log")).state == "none"


def test_a_second_start_begins_anew() -> None:
    record = read_record(measurement(), Path("log"))
    number = record.number
    record.take(started((64,), ("none", "lookup")))
    assert record.number == number + 1 and not record.figures and record.state == "measuring"
