"""A growing series of points and the plot item that draws it, thinned to a bounded number of points."""

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg

_FIRST_CAPACITY = 256
MOST_SHOWN = 256


class Curve:
    """Keeps every point in one float64 buffer, for readouts and export; the item draws about `MOST_SHOWN` at most.

    Beyond that, every 2nd, 4th, 8th, … point is drawn, or with `mean` the mean of as many: a plot is a few hundred
    pixels wide, and drawing must not cost more after 25,000 rounds than after 100."""

    def __init__(self, plot: pg.PlotItem, *, mean: bool = False, fill_level: float | None = None) -> None:
        self._mean = mean
        # Rows: x, y and, with `mean`, the running total of y.
        self._buffer = np.empty((3 if mean else 2, _FIRST_CAPACITY), dtype=np.float64)
        self._n = 0
        self.item = pg.PlotCurveItem(skipFiniteCheck=True, fillLevel=fill_level)
        plot.addItem(self.item)

    @property
    def x(self) -> np.ndarray:
        """The abscissas so far."""
        return self._buffer[0, : self._n]

    @property
    def y(self) -> np.ndarray:
        """The ordinates so far."""
        return self._buffer[1, : self._n]

    def extend(self, x: Sequence[float], y: Sequence[float]) -> None:
        """Add points; they are drawn by the next `show`."""
        end = self._n + len(x)
        while end > self._buffer.shape[1]:
            self._buffer = np.concatenate([self._buffer, np.empty_like(self._buffer)], axis=1)
        self._buffer[0, self._n : end], self._buffer[1, self._n : end] = x, y
        if self._mean:
            total = self._buffer[2, self._n - 1] if self._n else 0.0
            self._buffer[2, self._n : end] = total + np.cumsum(self._buffer[1, self._n : end])
        self._n = end

    def replace(self, x: Sequence[float], y: Sequence[float]) -> None:
        """Replace all points and draw them."""
        self._n = 0
        self.extend(x, y)
        self.show()

    def clear(self) -> None:
        """Remove every point."""
        self._n = 0
        self.show()

    def show(self) -> None:
        """Draw the points added since the last call."""
        self.item.setData(*self.thinned())

    def thinned(self) -> tuple[np.ndarray, np.ndarray]:
        """The points that are drawn, always including the last one."""
        stride = _stride(self._n)
        if stride == 1:
            return self.x, self.y
        starts = np.arange(0, self._n, stride)
        if not self._mean:
            indexes = np.append(starts, self._n - 1)
            return self.x[indexes], self.y[indexes]
        ends = np.minimum(starts + stride, self._n)
        means = np.diff(self._buffer[2, ends - 1], prepend=0.0) / (ends - starts)
        return np.append(self.x[starts], self.x[-1]), np.append(means, means[-1])

    def usual_most(self) -> float:
        """The 98th percentile of the drawn ordinates."""
        ordinates = np.sort(self.thinned()[1])
        return float(ordinates[int(0.98 * (len(ordinates) - 1))])

    def at(self, x: float) -> float | None:
        """The ordinate of the point nearest to an abscissa; None if no point is within 0.5."""
        if not self._n:
            return None
        index = int(np.clip(round(x), 0, self._n - 1))
        # Rounds count up from 0, so the index is the abscissa, except in unusual files.
        nearest = index if self.x[index] == round(x) else int(np.argmin(np.abs(self.x - x)))
        return float(self.y[nearest]) if abs(self.x[nearest] - x) <= 0.5 else None


def _stride(n: int) -> int:
    """The smallest power of two by which n points are thinned to at most `MOST_SHOWN`."""
    return 1 << max(0, -(-n // MOST_SHOWN) - 1).bit_length()


def range_for(n: int) -> int:
    """The end of the x-axis for n points of a growing run: 16, then 1.5 times as much each time, so it rarely moves."""
    end = 16
    while end < n:
        end += end // 2
    return end
