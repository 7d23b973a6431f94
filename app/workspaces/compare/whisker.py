"""Draws a speedup as text with a small whisker behind it, on one axis for all rows."""

from PySide6.QtCore import QLineF, QModelIndex, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QApplication, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from app import theme
from app.workspaces.compare.lane_model import SPEEDUP_ROLE, LanesModel
from engine.statistics import Interval, RatioEstimate

WIDTH = 12 * theme.GRID
_DOT, _BEAM = 3.0, 3.0
# Space at both ends of the axis, as a share of it.
_ROOM = 0.06


class WhiskerDelegate(QStyledItemDelegate):
    """text_width: how much of the cell the text takes; the rest is for the whisker."""

    def __init__(self, model: LanesModel, parent: QWidget) -> None:
        super().__init__(parent)
        self._model = model
        self.text_width = 0

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Paint the cell as any other, then the whisker."""
        self.initStyleOption(option, index)
        option.textElideMode = Qt.TextElideMode.ElideNone
        style = option.widget.style() if option.widget is not None else QApplication.style()
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, option, painter, option.widget)
        estimate = index.data(SPEEDUP_ROLE)
        if isinstance(estimate, RatioEstimate):
            left = option.rect.left() + self.text_width
            room = QRect(left, option.rect.top(), option.rect.right() - left - theme.GRID, option.rect.height())
            paint_whisker(painter, QRectF(room), estimate, self._model.scale())

    def sizeHint(  # noqa: N802 (Qt's name)
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        """Text and whisker."""
        hint = super().sizeHint(option, index)
        return QSize(self.text_width + WIDTH, hint.height())


def paint_whisker(painter: QPainter, room: QRectF, estimate: RatioEstimate, scale: Interval) -> None:
    """Paint a dot at the value, a line over its spread, and an upright at 1×. scale: the ends of the axis."""
    span = max(scale.high - scale.low, 0.01)

    def place(value: float) -> float:
        share = _ROOM + (1 - 2 * _ROOM) * (value - scale.low) / span
        return room.left() + share * room.width()

    colours = theme.current()
    middle = room.center().y()
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(colours.edge), 1))
    painter.drawLine(QLineF(place(1.0), room.top() + 3, place(1.0), room.bottom() - 3))
    colour = QColor(colours.bad if estimate.value < 1 else colours.text)
    painter.setPen(QPen(colour, 1.5))
    if (reach := estimate.ci or estimate.range) is not None:
        painter.drawLine(QLineF(place(reach.low), middle, place(reach.high), middle))
        if estimate.ci is not None:  # a range has no beams: it claims no probability
            for end in reach:
                painter.drawLine(QLineF(place(end), middle - _BEAM, place(end), middle + _BEAM))
    painter.setBrush(colour)
    painter.drawEllipse(QPointF(place(estimate.value), middle), _DOT, _DOT)
    painter.restore()
