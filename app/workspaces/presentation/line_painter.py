"""Paints the lines of a lane's text; lines that are full are painted once, because large letters take long."""

from collections import defaultdict
from collections.abc import Sequence
from math import ceil

from PySide6.QtCore import QPointF, QRect
from PySide6.QtGui import QColor, QPainter, QPixmap

from app import theme
from app.panels.stream.painter import PlacedSegment, StreamPainter
from app.theme import StreamFate
from app.workspaces.presentation.lane_text import GrowingText, PlacedPiece

# Distance of two lines, in heights of the font.
_LEADING = 1.3


def line_height(stream: StreamPainter) -> float:
    """Distance of two lines."""
    return _LEADING * stream.metrics.height()


class LinePainter:
    """Keeps the full lines as pictures, by their numbers."""

    def __init__(self) -> None:
        self._pictures: dict[int, QPixmap] = {}

    def clear(self) -> None:
        """Forget the pictures: text, sizes or colours have changed."""
        self._pictures.clear()

    def paint(self, painter: QPainter, place: QRect, text: GrowingText, stream: StreamPainter) -> None:
        """Paint the visible lines from the top of a place on."""
        lines, first, height = text.lines, text.n_dropped, line_height(stream)
        self._pictures = {number: picture for number, picture in self._pictures.items() if number >= first}
        for row, line in enumerate(lines):
            at = QPointF(place.left(), place.top() + row * height)
            if row == len(lines) - 1:
                _paint_line(painter, at, line, stream)
                break
            if first + row not in self._pictures:
                self._pictures[first + row] = _picture(
                    line, place.width(), stream, painter.device().devicePixelRatioF()
                )
            painter.drawPixmap(at, self._pictures[first + row])


def _picture(line: Sequence[PlacedPiece], width: int, stream: StreamPainter, ratio: float) -> QPixmap:
    picture = QPixmap(round(width * ratio), ceil(line_height(stream) * ratio))
    picture.setDevicePixelRatio(ratio)
    picture.fill(QColor(theme.current().base))
    painter = QPainter(picture)
    _paint_line(painter, QPointF(0, 0), line, stream)
    painter.end()
    return picture


def _paint_line(painter: QPainter, at: QPointF, line: Sequence[PlacedPiece], stream: StreamPainter) -> None:
    baseline = at.y() + (line_height(stream) + stream.metrics.ascent() - stream.metrics.descent()) / 2
    by_fate: dict[StreamFate, list[PlacedSegment]] = defaultdict(list)
    for x, width, piece in line:
        if piece.text:
            by_fate[piece.fate].append(PlacedSegment(at.x() + x, baseline, width, piece.text, 0))
    # Plain tokens go without their cue, which marks where tokens begin: at this size it would only be in the way.
    plain = by_fate.pop("plain", [])
    for fate, segments in by_fate.items():
        stream.paint(painter, fate, segments)
    painter.setFont(stream.font)
    painter.setPen(theme.fate_colour("plain"))
    for segment in plain:
        painter.drawText(QPointF(segment.x, segment.baseline), segment.text)
