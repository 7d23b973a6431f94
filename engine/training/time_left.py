"""Estimates how long a training still takes, all its stages together.

* imports neither Qt nor torch."""

from collections.abc import Callable

from msgspec.structs import replace

from engine.events import Progressed
from engine.training.drafter_config import DrafterConfig

# Steps after which their rate is known.
_FEWEST_STEPS = 2


class TimeLeft:
    """The minutes bound a training; where its steps are fewer than they allow, the rate of the steps tells.

    clock: seconds of work. The time of this object's making is that of the training's begin."""

    def __init__(self, settings: DrafterConfig, clock: Callable[[], float]) -> None:
        self._minutes_s = 60 * settings.minutes
        self._has_steps = bool(settings.steps)
        self._clock, self._start_s = clock, clock()
        self._first: tuple[float, float] | None = None

    def told(self, event: Progressed) -> Progressed:
        """The progress with the seconds since the training began, and the seconds left."""
        elapsed_s = self._clock() - self._start_s
        return replace(event, elapsed_s=elapsed_s, left_s=self._left_s(event, max(0.0, self._minutes_s - elapsed_s)))

    def _left_s(self, event: Progressed, most_s: float) -> float | None:
        if not self._has_steps:
            return most_s
        if event.phase != "training":
            return None  # how long the steps take shows with the first of them
        if self._first is None:
            self._first = self._clock(), event.done
        (first_s, first), now_s = self._first, self._clock()
        if event.done - first < _FEWEST_STEPS or now_s <= first_s:
            return None
        return min(most_s, (event.total - event.done) * (now_s - first_s) / (event.done - first))
