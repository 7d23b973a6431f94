"""How long something still takes, from how far it is and when it began; pure."""

from typing import NamedTuple

_LEAST_S = 0.5
_LEAST_SHARE = 0.02


class ProgressMark(NamedTuple):
    """How far something was at a time."""

    at_s: float
    done: float


class ProgressWatch:
    """Watches one thing grow towards its total; begins anew where the thing or its total changes."""

    def __init__(self) -> None:
        self._what: tuple[str, float] = ("", 0.0)
        self._first = ProgressMark(0.0, 0.0)
        self._now = ProgressMark(0.0, 0.0)

    def see(self, what: str, done: float, total: float, now_s: float) -> None:
        """Take note of how far it is."""
        if (what, total) != self._what or done < self._now.done:
            self._what, self._first = (what, total), ProgressMark(now_s, done)
        self._now = ProgressMark(now_s, done)

    @property
    def per_s(self) -> float | None:
        """Units a second; None while there is too little to tell."""
        seconds, units = self._now.at_s - self._first.at_s, self._now.done - self._first.done
        enough = seconds >= _LEAST_S and units >= _LEAST_SHARE * self._what[1]
        return units / seconds if enough and units > 0 else None

    @property
    def left_s(self) -> float | None:
        """Seconds still to go at the rate so far; None while it is not known."""
        rate = self.per_s
        return None if rate is None else max(0.0, self._what[1] - self._now.done) / rate
