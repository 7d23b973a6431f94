"""Fusion with outlines and dock buttons that can be seen in the dark too; what they are for is the widgets' affair."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QProxyStyle, QStyle, QStyleOption, QStyleOptionComplex, QWidget

_ICON = 16
_FIELDS = (QStyle.ComplexControl.CC_SpinBox, QStyle.ComplexControl.CC_ComboBox)


class OutlineStyle(QProxyStyle):
    """Fusion makes its outlines a little darker than the window, which in a dark one is nothing.

    edge: around what can be filled in; focused: around what has the keyboard; disabled: around what cannot be used;
    ink: of the dock buttons."""

    def __init__(self, *, edge: str, focused: str, disabled: str, ink: str) -> None:
        super().__init__("Fusion")
        self._edge, self._focused, self._disabled = QColor(edge), QColor(focused), QColor(disabled)
        self._ink = QColor(ink)

    def drawComplexControl(  # noqa: N802 (Qt's name)
        self,
        control: QStyle.ComplexControl,
        option: QStyleOptionComplex,
        painter: QPainter,
        widget: QWidget | None = None,
    ) -> None:
        """Lay an outline over that of spin boxes and choices."""
        super().drawComplexControl(control, option, painter, widget)
        if control in _FIELDS:
            painter.save()
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(self._outline(option), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(option.rect).adjusted(0.5, 0.5, -0.5, -0.5), 2, 2)
            painter.restore()

    def standardIcon(  # noqa: N802 (Qt's name)
        self, which: QStyle.StandardPixmap, option: QStyleOption | None = None, widget: QWidget | None = None
    ) -> QIcon:
        """Draw the buttons of docks in the colour of text; Qt's are one grey for every scheme."""
        if which == QStyle.StandardPixmap.SP_TitleBarCloseButton:
            return self._icon(closes=True)
        if which == QStyle.StandardPixmap.SP_TitleBarNormalButton:
            return self._icon(closes=False)
        return super().standardIcon(which, option, widget)

    def _outline(self, option: QStyleOption) -> QColor:
        if not option.state & QStyle.StateFlag.State_Enabled:
            return self._disabled
        return self._focused if option.state & QStyle.StateFlag.State_HasFocus else self._edge

    def _icon(self, *, closes: bool) -> QIcon:
        """A cross, or a window before another."""
        picture = QPixmap(2 * _ICON, 2 * _ICON)
        picture.setDevicePixelRatio(2)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self._ink, 1.5))
        if closes:
            painter.drawLine(QPointF(4, 4), QPointF(12, 12))
            painter.drawLine(QPointF(12, 4), QPointF(4, 12))
        else:
            painter.drawRect(QRectF(3, 6, 7, 7))
            painter.drawPolyline([QPointF(6, 3.5), QPointF(12.5, 3.5), QPointF(12.5, 10)])
        painter.end()
        return QIcon(picture)
