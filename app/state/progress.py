"""Estimates how long something still takes, from its progress since it began; pure."""

from typing import NamedTuple

_MIN_S = 0.5
_MIN_SHARE = 0.02


class ProgressMark(NamedTuple):
    """How much was done at a time."""

    at_s: float
    done: float


class ProgressWatch:
    """Watches one task approach its total; starts over when the task or its total changes."""

    def __init__(self) -> None:
        self._task: tuple[str, float] = ("", 0.0)
        self._first = ProgressMark(0.0, 0.0)
        self._now = ProgressMark(0.0, 0.0)

    def see(self, task: str, done: float, total: float, now_s: float) -> None:
        """Record how much of a task is done."""
        if (task, total) != self._task or done < self._now.done:
            self._task, self._first = (task, total), ProgressMark(now_s, done)
        self._now = ProgressMark(now_s, done)

    @property
    def per_s(self) -> float | None:
        """Units a second; None while too little is done to tell."""
        seconds, units = self._now.at_s - self._first.at_s, self._now.done - self._first.done
        enough = seconds >= _MIN_S and units >= _MIN_SHARE * self._task[1]
        return units / seconds if enough and units > 0 else None

    @property
    def left_s(self) -> float | None:
        """Seconds left at the rate so far; None while that is unknown."""
        rate = self.per_s
        return None if rate is None else max(0.0, self._task[1] - self._now.done) / rate
