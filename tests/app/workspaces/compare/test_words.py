"""Sentences of the tab: speedups with interval or range, losses said as losses, progress and ends."""

import pytest
from msgspec.structs import replace

from app.workspaces.compare import words
from app.workspaces.compare.record import ComparisonRecord
from engine.events import ComparisonMeasured, ComparisonStarted, LaneFigures, Progressed, Refused, Shape
from engine.statistics import Interval, RatioEstimate
from tests.comparisons import GENERAL, SMALL, comparison


def record_of(*, complete: bool = True, **changes: object) -> ComparisonRecord:
    record = ComparisonRecord()
    *events, last = comparison(complete=complete)
    assert isinstance(last, ComparisonMeasured)
    for event in (*events, replace(last, **changes)):
        record.take(event)
    return record


def test_an_interval_and_a_range_are_not_written_alike() -> None:
    assert words.ratio(RatioEstimate(1.5, Interval(1.4, 1.6), Interval(1, 2), 12)) == "1.50× [1.40, 1.60]"
    assert words.ratio(RatioEstimate(1.5, None, Interval(1, 2), 4)) == "1.50× (1.00 to 2.00)"
    assert words.ratio(RatioEstimate(1.5)) == "1.50×"
    assert words.ratio(None) == "—"
    assert "95 %" not in words.ratio_meaning(RatioEstimate(1.5, None, Interval(1, 2), 4))


def test_a_loss_is_said_as_a_loss() -> None:
    assert words.ratio_meaning(RatioEstimate(0.91)).startswith("slower than plain decoding: a loss of 9%")
    assert words.ratio_meaning(RatioEstimate(1.0)).startswith("as fast as plain decoding")


def test_the_headline_says_what_to_ship() -> None:
    assert words.headline(record_of()) == f"Ship ■ {GENERAL.name}: 1.83× (1.73 to 1.93)"
    assert "At batch 8" in words.changes(record_of())
    assert words.workload(record_of()).startswith("Holds for 4 prompts")


def test_leaving_it_off_is_an_answer() -> None:
    off = replace(record_of().measured.recommendation, drafter="none", lane="plain", gamma=0)  # type: ignore[union-attr]
    assert words.headline(record_of(recommendation=off)) == "Leave it off: plain decoding is fastest here"
    disturbed = record_of(recommendation=replace(off, disturbed=True))
    assert words.headline(disturbed) == "Nothing can be recommended: measure again" and not disturbed.recommended


def test_before_the_recommendation_the_leader_is_named() -> None:
    assert words.headline(record_of(recommendation=None)).startswith(f"So far ■ {GENERAL.name} leads")
    assert words.headline(ComparisonRecord()) == ""


def test_the_check_counts_lanes_whose_text_differs() -> None:
    assert words.same_text(record_of()) == ("✓ same text in every lane", True)
    measured = record_of().measured
    assert measured is not None
    lanes = [
        replace(lane, same_text=False, n_differing=2, first_divergence=4, margin=0.01)
        if lane.lane == SMALL.name else lane
        for lane in measured.lanes
    ]  # fmt: skip
    differing = record_of(lanes=tuple(lanes))
    assert words.same_text(differing) == ("✗ text differs in 1 lane", False)
    assert "first at token 5, top-2 margin 0.010" in words.same_text_details(differing)


def test_the_check_follows_the_verdict_of_the_engine_not_a_count() -> None:
    measured = record_of().measured
    assert measured is not None
    lanes = [replace(lane, n_differing=2, first_divergence=4) if lane.same_text else lane for lane in measured.lanes]
    rounding = record_of(lanes=tuple(lanes), n_plain_differing=1)
    assert words.same_text(rounding) == ("✓ no more differences than between two plain runs", True)
    assert "differs in 2 prompts, no more than rounding explains" in words.same_text_details(rounding)
    assert "differed in 1 prompt." in words.same_text_details(rounding)
    unclear = record_of(lanes=tuple(replace(lane, same_text=None) for lane in lanes), n_plain_differing=1)
    assert words.same_text(unclear) == ("≠ too few texts to tell whether they are the same", False)
    assert "too few texts to tell this from rounding" in words.same_text_details(unclear)


def test_progress_has_count_rate_and_time_left() -> None:
    record = ComparisonRecord()
    assert words.progress(record, None) == "waiting for the engine"
    assert words.progress(record, Progressed("loading", 1, 2, "bytes")) == "loading the models"
    assert "draft lengths" in words.progress(record, Progressed("tuning", 1, 2, "prompts"))
    assert words.progress(record, Progressed("checking", 1, 4, "lanes")) == "warming up lane 2 of 4"
    record = record_of(complete=False, n_measured=2)
    checking = words.progress(record, Progressed("checking", 3, 17, "steps", 1.0))
    assert checking.startswith("measuring what would change the advice: step 3 of 17, ")
    text = words.progress(record, Progressed("measuring", 2, 4, "prompts", 10.0))
    assert text == "comparing: 2 of 4 prompts, 12.0 prompts a minute, 10 s left"


def test_a_stop_says_what_is_kept() -> None:
    record = record_of(complete=False, n_measured=2)
    record.fail(Refused("compare", "stopped by you", ""))
    assert words.ending(record) == "Ended after 2 of 4 prompts; what was measured is kept."
    record = ComparisonRecord()
    record.state, record.failure = "refused", Refused("compare", "there is <b>no</b> such file", "")
    assert words.ending(record) == "Not completed: there is <b>no</b> such file"
    assert words.ending(record_of()) == ""


def test_cautions_and_skipped_prompts_are_named() -> None:
    lines = words.warnings(record_of(cautions=("a block was slow",)))
    assert lines == ("a block was slow", "1 prompt was left out: line 3: not JSON")


def test_what_was_changed_in_the_prompts_is_named() -> None:
    record = ComparisonRecord()
    start, *_ = comparison()
    assert isinstance(start, ComparisonStarted)
    record.take(replace(start, prompt_notes=("merged\x1b (prompts affected: 2 of 4); do so",)))
    assert words.warnings(record)[0] == "merged␛ (prompts affected: 2 of 4); do so"


@pytest.mark.parametrize(
    ("shape", "word"),
    [("flat", "flat"), ("falling", "falling"), ("rising", "rising"), ("cliff", "cliff after 3"), ("zero", "tokenizer"),
     ("unclear", "too few")],
)  # fmt: skip
def test_every_shape_has_a_meaning(shape: Shape, word: str) -> None:
    lane = LaneFigures("a", "a", 4, "speculative", 1, 1, shape=shape, shape_at=3)
    assert word in words.shape_meaning(lane) and words.shape_details(lane)
