"""Axes of a plot: few ticks that seldom move, as wide in every plot, labels that cost little; knows no curve."""

from math import floor, log10

import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPen

from app import theme

_TICK_LENGTH, _TICK_GAP = 4, 1
_WIDEST_TICK = "10,000"
_Line = tuple[QPen, QPointF, QPointF]
_Text = tuple[QRectF, Qt.AlignmentFlag, str]


class RoundAxis(pg.AxisItem):  # type: ignore[misc]  # the library has no types
    """The x-axis over a range that is a power of two: ticks at its quarters, the label at its end in the same row."""

    def __init__(self) -> None:
        super().__init__("bottom", maxTickLength=_TICK_LENGTH, tickTextOffset=_TICK_GAP)
        self.enableAutoSIPrefix(False)

    def fit(self, metrics: QFontMetricsF) -> None:
        """Take the height that the font needs."""
        self.setHeight(round(metrics.height()) + _TICK_LENGTH + _TICK_GAP)

    def name(self, text: str) -> None:
        """Set the label, which is painted in the row of the ticks and so costs no height."""
        self.setLabel(text)
        self.showLabel(False)

    def tickValues(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, list[float]]]:  # noqa: N802, N803 (the library's names)
        """Quarters of the range; the end is left to the label."""
        step = (maxVal - minVal) / 4
        return [(step, [minVal + i * step for i in range(4)])]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:  # noqa: N802 (the library's name)
        """Whole rounds."""
        return [f"{value:,.0f}" for value in values]

    def drawPicture(self, p: QPainter, axisSpec: _Line, tickSpecs: list[_Line], textSpecs: list[_Text]) -> None:  # noqa: N802, N803 (the library's names)
        """Paint the ticks, and the label at the right end."""
        super().drawPicture(p, axisSpec, tickSpecs, textSpecs)
        row = QRectF(0, _TICK_LENGTH + _TICK_GAP, self.size().width(), self.size().height())
        p.drawText(row, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop, self.labelText)


class ValueAxis(pg.AxisItem):  # type: ignore[misc]  # the library has no types
    """The y-axis from 0: four steps at most, as wide in every plot, so that the rounds of all line up."""

    def __init__(self) -> None:
        super().__init__("left", maxTickLength=_TICK_LENGTH, tickTextOffset=_TICK_GAP)
        self.enableAutoSIPrefix(False)

    def fit(self, metrics: QFontMetricsF) -> None:
        """Take the width of the widest figures and the label."""
        self.setWidth(round(metrics.horizontalAdvance(_WIDEST_TICK) + 0.8 * metrics.height()) + theme.GRID)

    def tickValues(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, list[float]]]:  # noqa: N802, N803 (the library's names)
        """Multiples of 1, 2 or 5 times a power of ten: as many as have room, five at most."""
        room = max(1, min(4, int(size // (3 * theme.GRID))))
        step = round_step((maxVal - minVal) / room)
        return [(step, [i * step for i in range(int(maxVal / step + 1e-9) + 1)])]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:  # noqa: N802 (the library's name)
        """As many decimals as the step has."""
        digits = 0 if spacing >= 1 else 1 if spacing >= 0.1 else 2
        return [f"{value:,.{digits}f}" if value < 1e5 else f"{value:.0e}" for value in values]


def round_step(least: float) -> float:
    """The smallest 1, 2 or 5 times a power of ten that is not below `least`."""
    power = 10.0 ** floor(log10(least))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= least * (1 - 1e-9))
