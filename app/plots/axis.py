"""Axes of a plot: few ticks that rarely move, one width for all plots, and labels that take little space."""

from collections.abc import Iterable
from math import ceil, floor, log10

import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPen

from app import theme

_TICK_LENGTH, _TICK_GAP = 4, 1
_WIDEST_TICK = "10,000"
_TALL_HEIGHT = 25 * theme.GRID
# With smaller steps, the tick at 1 would be too close to the next one.
_MIN_STEP_WITH_FIRST = 5
# Allowed leading digits of a step between ticks; 2.5 only from 10 on, since 25 is as easy to read as 20.
_ROUND_STEPS, _ROUND_STEPS_FROM_10 = (1.0, 2.0, 3.0, 4.0, 5.0, 6.0), (2.5,)
# Limit of an axis: a damaged file may contain any number.
_HIGHEST = 1e12
_ROUND_ENDS = (1.0, 1.2, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 10.0)
_Line = tuple[QPen, QPointF, QPointF]
_Text = tuple[QRectF, Qt.AlignmentFlag, str]


class RoundAxis(pg.AxisItem):  # type: ignore[misc]  # the library has no types
    """The x-axis: rounds are numbered from 1 but lie at x = 0 and up. The label is in the row of the ticks.

    first: the number shown at x = 0."""

    def __init__(self) -> None:
        super().__init__("bottom", maxTickLength=_TICK_LENGTH, tickTextOffset=_TICK_GAP)
        self.setStyle(hideOverlappingLabels=False)
        self.enableAutoSIPrefix(False)
        self.first = 1
        self._metrics: QFontMetricsF | None = None

    def fit(self, metrics: QFontMetricsF) -> None:
        """Set the height that the font needs."""
        self._metrics = metrics
        self.setHeight(round(metrics.height()) + _TICK_LENGTH + _TICK_GAP)

    def name(self, text: str) -> None:
        """Set the label, which is painted in the row of the ticks and so takes no extra height."""
        self.setLabel(text)
        self.showLabel(False)

    def tickValues(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, list[float]]]:  # noqa: N802, N803 (the library's names)
        """Round numbers, about six at most, and the first round; the right end stays free for the label."""
        step = max(1.0, round_step((maxVal - minVal) / 5))
        first = max(1, ceil((minVal + self.first) / step))  # an axis may begin at any position of a long text
        numbers = ([1.0] if step >= _MIN_STEP_WITH_FIRST and minVal <= 1 - self.first else []) + [
            i * step for i in range(first, int((maxVal + 1) / step) + 1)
        ]
        end = maxVal - self._label_width() * (maxVal - minVal) / max(size, 1.0)
        return [(step, [number - self.first for number in numbers if number - self.first <= end])]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:  # noqa: N802 (the library's name)
        """Whole rounds, counted from `first`."""
        return [f"{value + self.first:,.0f}" for value in values]

    def _label_width(self) -> float:
        """Width of the label and of half a tick's digits before it, in pixels."""
        return 0.0 if self._metrics is None else self._metrics.horizontalAdvance(f"{self.labelText} 0,0")

    def drawPicture(self, p: QPainter, axisSpec: _Line, tickSpecs: list[_Line], textSpecs: list[_Text]) -> None:  # noqa: N802, N803 (the library's names)
        """Paint the ticks, and the label at the right end unless a tick that was set stands there."""
        super().drawPicture(p, axisSpec, tickSpecs, textSpecs)
        row = QRectF(0, _TICK_LENGTH + _TICK_GAP, self.size().width(), self.size().height())
        at_right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop
        label = p.boundingRect(row, at_right, self.labelText)
        if not any(rect.intersects(label) for rect, _, _ in textSpecs):
            p.drawText(row, at_right, self.labelText)


class ValueAxis(pg.AxisItem):  # type: ignore[misc]  # the library has no types
    """The y-axis from 0 to its top tick at `end`; equally wide in all plots, so that the rounds line up."""

    def __init__(self) -> None:
        super().__init__("left", maxTickLength=_TICK_LENGTH, tickTextOffset=_TICK_GAP)
        self.enableAutoSIPrefix(False)
        self.end = 1.0

    def fit(self, metrics: QFontMetricsF) -> None:
        """Set the width of the widest tick and the label."""
        self.setWidth(round(metrics.horizontalAdvance(_WIDEST_TICK) + 0.8 * metrics.height()) + theme.GRID)

    def tickValues(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, list[float]]]:  # noqa: N802, N803 (the library's names)
        """The end and round fractions of it: as many as fit, at most five ticks, six in a tall plot."""
        max_steps = 5 if size >= _TALL_HEIGHT else 4
        n_fitting = max(1, min(max_steps, int(size // (3 * theme.GRID))))
        n = next((n for n in range(n_fitting, 1, -1) if _is_round(self.end / n)), 1)
        return [(self.end / n, [i * self.end / n for i in range(n + 1)])]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:  # noqa: N802 (the library's name)
        """Tick labels with as many decimals as the step needs."""
        digits = 0 if spacing >= 1 else 1 if spacing >= 0.1 else 2
        return [f"{value:,.{digits}f}" if value < 1e5 else f"{value:.0e}" for value in values]


def _is_round(step: float) -> bool:
    """Whether a step between ticks is a round number."""
    leading = step / 10.0 ** floor(log10(step) + 1e-9)
    round_digits = _ROUND_STEPS + (_ROUND_STEPS_FROM_10 if step >= 10 else ())
    return any(abs(leading - digit) < 1e-6 for digit in round_digits)


def round_end(least: float) -> float:
    """The smallest axis end not below `least` that divides into round steps."""
    power = 10.0 ** floor(log10(least))
    return next(power * first for first in _ROUND_ENDS if power * first >= least * (1 - 1e-9))


def round_step(least: float) -> float:
    """The smallest 1, 2 or 5 times a power of ten not below `least`."""
    power = 10.0 ** floor(log10(least))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= least * (1 - 1e-9))


def top_of(values: Iterable[float], *, least: float, now: float = 0.0) -> float:
    """The upper end of a y-axis, which moves in steps: a round number a little above the largest value.

    now: the end in use, kept while it is large enough and at most 1.5 times the end needed."""
    end = round_end(1.02 * min(_HIGHEST, max([least, *values])))
    return now if end <= now <= 1.5 * end else end
