"""The drawing area of a plot: turns mouse and keys into signals with positions on the x-axis."""

import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import QColor, QContextMenuEvent, QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QMenu, QWidget

from app import theme
from app.plots.axis import RoundAxis, ValueAxis

_STEPS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_PageUp: -10, Qt.Key.Key_PageDown: 10}


class PlotCanvas(pg.PlotWidget):  # type: ignore[misc]  # the library has no types
    """Emits where the mouse points, clicks and keys step; bypasses the mouse handling of the graphics scene."""

    pointed = Signal(float)
    left = Signal()
    picked = Signal(float)
    stepped = Signal(int)
    end_asked = Signal(bool)

    def __init__(self, menu: QMenu, parent: QWidget) -> None:
        self.rounds, self.values = RoundAxis(), ValueAxis()
        super().__init__(parent=parent, enableMenu=False, axisItems={"bottom": self.rounds, "left": self.values})
        self._menu = menu
        # Off while the panel is rendered to a file.
        self.framed = True
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseEnabled(x=False, y=False)
        # A plain background needs no cached pixmap, which would end up as pixels in an SVG file.
        self.setCacheMode(self.CacheModeFlag.CacheNone)
        self.viewport().setMouseTracking(True)

    def _x_at(self, point: QPointF) -> float | None:
        """The x value under a point of the view; None outside the axes."""
        box, scene = self.getPlotItem().getViewBox(), self.mapToScene(point.toPoint())
        return float(box.mapSceneToView(scene).x()) if box.sceneBoundingRect().contains(scene) else None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        """Emit where the mouse points."""
        x = self._x_at(event.position())
        if x is None:
            self.left.emit()
        else:
            self.pointed.emit(x)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        """Emit the x value that was clicked."""
        x = self._x_at(event.position())
        if x is not None and event.button() == Qt.MouseButton.LeftButton:
            self.picked.emit(x)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        """Do nothing: the press has already picked."""

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        """Do nothing: the first press has already picked."""

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        """Emit that the mouse has left."""
        self.left.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        """Step along the rounds, or open the menu."""
        key = Qt.Key(event.key())
        if key in _STEPS:
            self.stepped.emit(_STEPS[key])
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_End):
            self.end_asked.emit(key == Qt.Key.Key_End)
        elif key == Qt.Key.Key_F10 and event.modifiers() == Qt.KeyboardModifier.ShiftModifier:
            self._menu.popup(self.mapToGlobal(self.rect().center()))
        else:
            event.ignore()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:  # noqa: N802 (Qt's name)
        """Open the menu at the mouse, or in the centre for the menu key."""
        by_mouse = event.reason() == QContextMenuEvent.Reason.Mouse
        self._menu.popup(event.globalPos() if by_mouse else self.mapToGlobal(self.rect().center()))

    def wheelEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        """Leave the wheel to the scroll area around the plots."""
        event.ignore()

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802 (Qt's name)
        """Show the focus frame."""
        super().focusInEvent(event)
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802 (Qt's name)
        """Hide the focus frame."""
        super().focusOutEvent(event)
        self.viewport().update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        """Paint the scene, and a frame while the plot has the keyboard focus."""
        super().paintEvent(event)
        if self.framed and self.hasFocus():
            painter = QPainter(self.viewport())
            painter.setPen(QPen(QColor(theme.current().accent), 1))
            painter.drawRect(self.viewport().rect().adjusted(0, 0, -1, -1))
            painter.end()
