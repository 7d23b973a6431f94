"""Paints the parts of a strip: each has a colour and a pattern, and its name with a sample in a row below."""

from collections.abc import Sequence
from typing import NamedTuple

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFontMetrics, QPainter, QPen

from app import theme

_LEAST_WIDTH = 3.0


class StripPart(NamedTuple):
    """A part of the strip. start, end: shares of its width; pattern: what tells it apart besides its colour."""

    name: str
    start: float
    end: float
    colour: str
    pattern: Qt.BrushStyle


def paint_part(painter: QPainter, bar: QRectF, part: StripPart) -> None:
    """Paint a part where it lies in a bar, never narrower than can be seen."""
    colour = QColor(part.colour)
    if part.pattern is Qt.BrushStyle.SolidPattern:
        colour = theme.blend(colour, QColor(theme.current().base), 0.3)
    width = max(_LEAST_WIDTH, bar.width() * (part.end - part.start))
    left = min(bar.left() + bar.width() * part.start, bar.right() - width)
    painter.fillRect(QRectF(left, bar.top(), width, bar.height()), QBrush(colour, part.pattern))


def names_width(metrics: QFontMetrics, parts: Sequence[StripPart]) -> int:
    """The width of the row of names."""
    names = dict.fromkeys((part.name, part.colour, part.pattern) for part in parts)
    return sum(metrics.horizontalAdvance(name) + 5 * theme.GRID for name, _, _ in names)


def paint_names(painter: QPainter, at: QPointF, parts: Sequence[StripPart]) -> None:
    """Paint a sample and the name of each kind of part in a row that begins at a point, its upper left corner."""
    metrics = painter.fontMetrics()
    x, line = at.x(), metrics.height()
    for name, colour, pattern in dict.fromkeys((part.name, part.colour, part.pattern) for part in parts):
        sample = QRectF(x, at.y() + line / 4, 2 * theme.GRID, line / 2)
        paint_part(painter, sample, StripPart(name, 0.0, 1.0, colour, pattern))
        painter.setPen(QPen(QColor(theme.current().edge), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(sample)
        painter.setPen(QColor(theme.current().muted))
        painter.drawText(QPointF(x + 2.5 * theme.GRID, at.y() + metrics.ascent()), name)
        x += metrics.horizontalAdvance(name) + 5 * theme.GRID
