"""Paints the application's icon: an oscilloscope's trace whose first part is accepted and whose last is rejected."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPainterPath, QPen, QPixmap, QPolygonF

from app import theme

_SIZES = (16, 24, 32, 48, 64, 128, 256)
# The trace in hundredths of the icon's side; it is accepted up to the last corner but one, then rejected.
_ACCEPTED = ((12, 58), (26, 58), (34, 26), (46, 78), (56, 44), (64, 58))
_REJECTED = ((64, 58), (74, 58), (88, 58))


def application_icon() -> QIcon:
    """The icon in every usual size; needs an application."""
    icon = QIcon()
    for side in _SIZES:
        icon.addPixmap(_picture(side))
    return icon


def _picture(side: int) -> QPixmap:
    picture = QPixmap(side, side)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.scale(side / 100, side / 100)
    screen = QPainterPath()
    screen.addRoundedRect(QRectF(4, 10, 92, 80), 14, 14)
    painter.fillPath(screen, QColor(theme.DARK.base))
    stroke = max(7.0, 160 / side)  # at least a pixel and a half in the smallest
    _trace(painter, _ACCEPTED, theme.DARK.accepted, stroke, Qt.PenStyle.SolidLine)
    _trace(painter, _REJECTED, theme.DARK.rejected, stroke, Qt.PenStyle.DotLine)
    painter.end()
    return picture


def _trace(
    painter: QPainter, points: tuple[tuple[int, int], ...], colour: str, stroke: float, style: Qt.PenStyle
) -> None:
    pen = QPen(QColor(colour), stroke, style, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    painter.drawPolyline(QPolygonF([QPointF(x, y) for x, y in points]))
