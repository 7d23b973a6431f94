"""Axes of a plot: few ticks that seldom move, as wide in every plot, labels that cost little; knows no curve."""

from collections.abc import Iterable
from math import floor, log10

import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPen

from app import theme

_TICK_LENGTH, _TICK_GAP = 4, 1
_WIDEST_TICK = "10,000"
_TALL = 25 * theme.GRID
# With smaller steps the 1 would stand too near to the next tick.
_STEP_WITH_FIRST = 5
# First digits of a step between ticks; a quarter of a hundred is read as easily.
_ROUND_STEPS, _ROUND_STEPS_FROM_10 = (1.0, 2.0, 3.0, 4.0, 5.0, 6.0), (2.5,)
# A broken file may state any number; an axis ends somewhere.
_HIGHEST = 1e12
_ROUND_ENDS = (1.0, 1.2, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 10.0)
_Line = tuple[QPen, QPointF, QPointF]
_Text = tuple[QRectF, Qt.AlignmentFlag, str]


class RoundAxis(pg.AxisItem):  # type: ignore[misc]  # the library has no types
    """The x-axis: people count rounds from 1, the place of the first is 0. The label is in the row of the ticks.

    first: the number of what lies at 0."""

    def __init__(self) -> None:
        super().__init__("bottom", maxTickLength=_TICK_LENGTH, tickTextOffset=_TICK_GAP)
        self.setStyle(hideOverlappingLabels=False)
        self.enableAutoSIPrefix(False)
        self.first = 1
        self._metrics: QFontMetricsF | None = None

    def fit(self, metrics: QFontMetricsF) -> None:
        """Take the height that the font needs."""
        self._metrics = metrics
        self.setHeight(round(metrics.height()) + _TICK_LENGTH + _TICK_GAP)

    def name(self, text: str) -> None:
        """Set the label, which is painted in the row of the ticks and so costs no height."""
        self.setLabel(text)
        self.showLabel(False)

    def tickValues(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, list[float]]]:  # noqa: N802, N803 (the library's names)
        """Round numbers of rounds, six at most, and the first; the end is left to the label."""
        step = max(1.0, round_step((maxVal - minVal) / 5))
        numbers = ([1.0] if step >= _STEP_WITH_FIRST else []) + [
            i * step for i in range(1, int((maxVal + 1) / step) + 1)
        ]
        end = maxVal - self._label_width() * (maxVal - minVal) / max(size, 1.0)
        return [(step, [number - self.first for number in numbers if number - self.first <= end])]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:  # noqa: N802 (the library's name)
        """Whole rounds, counted from 1."""
        return [f"{value + self.first:,.0f}" for value in values]

    def _label_width(self) -> float:
        """The room of the label and of half a tick's figures before it, in pixels."""
        return 0.0 if self._metrics is None else self._metrics.horizontalAdvance(f"{self.labelText} 0,0")

    def drawPicture(self, p: QPainter, axisSpec: _Line, tickSpecs: list[_Line], textSpecs: list[_Text]) -> None:  # noqa: N802, N803 (the library's names)
        """Paint the ticks, and the label at the right end."""
        super().drawPicture(p, axisSpec, tickSpecs, textSpecs)
        row = QRectF(0, _TICK_LENGTH + _TICK_GAP, self.size().width(), self.size().height())
        p.drawText(row, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop, self.labelText)


class ValueAxis(pg.AxisItem):  # type: ignore[misc]  # the library has no types
    """The y-axis from 0 to `end`, where its uppermost tick is; as wide in every plot, so that the rounds line up."""

    def __init__(self) -> None:
        super().__init__("left", maxTickLength=_TICK_LENGTH, tickTextOffset=_TICK_GAP)
        self.enableAutoSIPrefix(False)
        self.end = 1.0

    def fit(self, metrics: QFontMetricsF) -> None:
        """Take the width of the widest figures and the label."""
        self.setWidth(round(metrics.horizontalAdvance(_WIDEST_TICK) + 0.8 * metrics.height()) + theme.GRID)

    def tickValues(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, list[float]]]:  # noqa: N802, N803 (the library's names)
        """The end and round parts of it: as many as have room, five ticks at most, six in a tall plot."""
        most = 5 if size >= _TALL else 4
        room = max(1, min(most, int(size // (3 * theme.GRID))))
        n = next((n for n in range(room, 1, -1) if _is_round(self.end / n)), 1)
        return [(self.end / n, [i * self.end / n for i in range(n + 1)])]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:  # noqa: N802 (the library's name)
        """As many decimals as the step has."""
        digits = 0 if spacing >= 1 else 1 if spacing >= 0.1 else 2
        return [f"{value:,.{digits}f}" if value < 1e5 else f"{value:.0e}" for value in values]


def _is_round(step: float) -> bool:
    """Whether a step between ticks is easy to count with."""
    first = step / 10.0 ** floor(log10(step) + 1e-9)
    allowed = _ROUND_STEPS + (_ROUND_STEPS_FROM_10 if step >= 10 else ())
    return any(abs(first - digit) < 1e-6 for digit in allowed)


def round_end(least: float) -> float:
    """The smallest end of an axis that is not below `least` and has round parts."""
    power = 10.0 ** floor(log10(least))
    return next(power * first for first in _ROUND_ENDS if power * first >= least * (1 - 1e-9))


def round_step(least: float) -> float:
    """The smallest 1, 2 or 5 times a power of ten that is not below `least`."""
    power = 10.0 ** floor(log10(least))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= least * (1 - 1e-9))


def top_of(values: Iterable[float], *, least: float, now: float = 0.0) -> float:
    """An upper end of a y-axis that moves in steps: a round number a little above the largest value.

    now: the end in use, which stays while it is enough and not more than half as much again as what is needed."""
    wanted = round_end(1.02 * min(_HIGHEST, max([least, *values])))
    return now if wanted <= now <= 1.5 * wanted else wanted
