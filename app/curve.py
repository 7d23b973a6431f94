"""A growing series bound to one plot item for its whole life; knows nothing of what it shows."""

import numpy as np
import pyqtgraph as pg

_FIRST_CAPACITY = 256


class Curve:
    """Points appended to one float64 buffer of which the item draws a view; the x-range grows in powers of two."""

    def __init__(self, plot: pg.PlotItem, **style: object) -> None:
        self._room = np.empty((2, _FIRST_CAPACITY), dtype=np.float64)
        self._n = 0
        self.item = pg.PlotDataItem(skipFiniteCheck=True, **style)
        self.item.setDownsampling(auto=True, method="peak")
        self.item.setClipToView(True)
        plot.addItem(self.item)

    @property
    def x(self) -> np.ndarray:
        """The abscissas so far."""
        return self._room[0, : self._n]

    @property
    def y(self) -> np.ndarray:
        """The ordinates so far."""
        return self._room[1, : self._n]

    def append(self, x: float, y: float) -> None:
        """Add a point; nothing is drawn before `show`."""
        if self._n == self._room.shape[1]:
            self._room = np.concatenate([self._room, np.empty_like(self._room)], axis=1)
        self._room[:, self._n] = x, y
        self._n += 1

    def clear(self) -> None:
        """Forget every point."""
        self._n = 0
        self.show()

    def show(self) -> None:
        """Draw what was appended."""
        self.item.setData(self.x, self.y)


def range_for(n: int) -> int:
    """The end of the x-axis for n points: the next power of two, at least 16, so that it seldom moves."""
    return max(16, 1 << max(0, n - 1).bit_length())
