"""A growing series bound to one plot item for its whole life; knows nothing of what it shows."""

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg

_FIRST_CAPACITY = 256
MOST_SHOWN = 256


class Curve:
    """Every point in one float64 buffer, for reading off and export; the item draws at most about `MOST_SHOWN` of them.

    Beyond that, one in 2, 4, 8, … is drawn, or with `mean` the mean of as many: a plot is a few hundred pixels wide,
    and what is drawn must not cost more after 25,000 rounds than after 100."""

    def __init__(self, plot: pg.PlotItem, *, mean: bool = False, fill_level: float | None = None) -> None:
        self._mean = mean
        # x, y and, where means are wanted, the running total of y.
        self._room = np.empty((3 if mean else 2, _FIRST_CAPACITY), dtype=np.float64)
        self._n = 0
        self.item = pg.PlotCurveItem(skipFiniteCheck=True, fillLevel=fill_level)
        plot.addItem(self.item)

    @property
    def x(self) -> np.ndarray:
        """The abscissas so far."""
        return self._room[0, : self._n]

    @property
    def y(self) -> np.ndarray:
        """The ordinates so far."""
        return self._room[1, : self._n]

    def extend(self, x: Sequence[float], y: Sequence[float]) -> None:
        """Add points; nothing is drawn before `show`."""
        end = self._n + len(x)
        while end > self._room.shape[1]:
            self._room = np.concatenate([self._room, np.empty_like(self._room)], axis=1)
        self._room[0, self._n : end], self._room[1, self._n : end] = x, y
        if self._mean:
            before = self._room[2, self._n - 1] if self._n else 0.0
            self._room[2, self._n : end] = before + np.cumsum(self._room[1, self._n : end])
        self._n = end

    def replace(self, x: Sequence[float], y: Sequence[float]) -> None:
        """Take other points for those so far, and draw them."""
        self._n = 0
        self.extend(x, y)
        self.show()

    def clear(self) -> None:
        """Forget every point."""
        self._n = 0
        self.show()

    def show(self) -> None:
        """Draw what was added."""
        self.item.setData(*self.thinned())

    def thinned(self) -> tuple[np.ndarray, np.ndarray]:
        """The points that are drawn; the last one always is."""
        every = _step_for(self._n)
        if every == 1:
            return self.x, self.y
        starts = np.arange(0, self._n, every)
        if not self._mean:
            at = np.append(starts, self._n - 1)
            return self.x[at], self.y[at]
        ends = np.minimum(starts + every, self._n)
        means = np.diff(self._room[2, ends - 1], prepend=0.0) / (ends - starts)
        return np.append(self.x[starts], self.x[-1]), np.append(means, means[-1])

    def usual_most(self) -> float:
        """What all drawn ordinates but the largest 2 % stay within."""
        drawn = np.sort(self.thinned()[1])
        return float(drawn[int(0.98 * (len(drawn) - 1))])

    def at(self, x: float) -> float | None:
        """The ordinate of the point nearest to an abscissa; None where there is no point within a half."""
        if not self._n:
            return None
        guess = int(np.clip(round(x), 0, self._n - 1))
        # Rounds count up from 0 unless a file says otherwise.
        nearest = guess if self.x[guess] == round(x) else int(np.argmin(np.abs(self.x - x)))
        return float(self.y[nearest]) if abs(self.x[nearest] - x) <= 0.5 else None


def _step_for(n: int) -> int:
    """The least power of two that leaves no more than `MOST_SHOWN` of n points."""
    return 1 << max(0, -(-n // MOST_SHOWN) - 1).bit_length()


def range_for(n: int) -> int:
    """The end of the x-axis for n points of a growing run: at least 16, then half as much again, so it seldom moves."""
    end = 16
    while end < n:
        end += end // 2
    return end
