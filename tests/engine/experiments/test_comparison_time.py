"""The time left of a comparison: its own rate for the stage under way, the rate of texts for those that follow."""

import pytest

from engine.events import Phase, Progressed
from engine.experiments.comparison_time import ComparisonStage, ComparisonTime

STAGES = (
    ComparisonStage("tuning", "steps", 0),
    ComparisonStage("measuring", "texts", 20),
    ComparisonStage("checking", "steps", 10, 0.5),
)


class Clock:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def left_s(time: ComparisonTime, clock: Clock, now_s: float, phase: Phase, unit: str, done: float) -> float | None:
    clock.now_s = now_s
    return time.told(Progressed(phase, done, 10, unit)).left_s


def test_every_stage_counts_those_that_follow_and_knows_its_own_rate() -> None:
    time = ComparisonTime(STAGES, clock := Clock())
    assert left_s(time, clock, 100, "tuning", "steps", 0) is None
    assert left_s(time, clock, 110, "tuning", "steps", 5) == 5 * 2 + (20 + 5) * 2
    assert left_s(time, clock, 120, "tuning", "steps", 10) == (20 + 5) * 2
    assert left_s(time, clock, 120, "measuring", "texts", 0) == 10 * 2 + 5 * 2  # its own total is 10
    assert left_s(time, clock, 130, "measuring", "texts", 10) == 5 * 1.5  # 20 texts in 30 s
    assert left_s(time, clock, 130, "checking", "steps", 0) == 10 * 0.5 * 1.5
    assert left_s(time, clock, 140, "checking", "steps", 5) == 5 * 2


@pytest.mark.parametrize(("phase", "unit"), [("checking", "lanes"), ("loading", "bytes")])
def test_what_comes_before_the_counted_stages_says_nothing_of_the_time_left(phase: Phase, unit: str) -> None:
    event = Progressed(phase, 3, 10, unit, 1.0)
    assert ComparisonTime(STAGES, Clock()).told(event) is event
