"""The Fusion style with outlines and dock buttons that are visible in the dark scheme too."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QProxyStyle, QStyle, QStyleOption, QStyleOptionComplex, QWidget

_ICON = 16
_FIELDS = (QStyle.ComplexControl.CC_SpinBox, QStyle.ComplexControl.CC_ComboBox)


class OutlineStyle(QProxyStyle):
    """Draws its own outlines: Fusion's are a little darker than the window, so invisible on a dark one.

    edge: the outline of a field; focused: of a field with the keyboard focus; disabled: of a disabled field;
    ink: the colour of the dock buttons."""

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
        """Draw an outline over that of spin boxes and combo boxes."""
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
        """Draw the buttons of docks in the text colour; Qt's are the same grey in every scheme."""
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
        """A cross, or two overlapping windows."""
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
