"""The time left of a training: bounded by its minutes, told by its steps."""

from engine.events import Progressed
from engine.training.drafter_config import DrafterConfig
from engine.training.time_left import TimeLeft


class Clock:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def told(left: TimeLeft, clock: Clock, now_s: float, done: float, phase: str = "training") -> Progressed:
    clock.now_s = now_s
    return left.told(Progressed(phase, done, 100, "steps"))  # type: ignore[arg-type]


def test_minutes_count_down_through_every_stage() -> None:
    left = TimeLeft(DrafterConfig(minutes=2.0), clock := Clock())
    assert [told(left, clock, 100 + s, 1, phase).left_s for s, phase in ((10, "sampling"), (50, "measuring"))] == [
        110,
        70,
    ]
    assert told(left, clock, 300, 1).left_s == 0
    assert told(left, clock, 130, 1).elapsed_s == 30


def test_steps_tell_the_time_once_their_rate_is_known_and_never_more_than_the_minutes() -> None:
    left = TimeLeft(DrafterConfig(minutes=10.0, steps=100), clock := Clock())
    assert told(left, clock, 101, 50, "sampling").left_s is None
    assert told(left, clock, 102, 0).left_s is None
    assert told(left, clock, 104, 20).left_s == 8
    assert told(left, clock, 699, 20).left_s == 1
