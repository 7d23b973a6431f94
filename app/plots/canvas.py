"""The drawing area of a plot and what mouse and keys do on it; knows places on the axis, not what is drawn."""

import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import QColor, QContextMenuEvent, QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QMenu, QWidget

from app import theme
from app.plots.axis import RoundAxis, ValueAxis

_STEPS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_PageUp: -10, Qt.Key.Key_PageDown: 10}


class PlotCanvas(pg.PlotWidget):  # type: ignore[misc]  # the library has no types
    """Says where the mouse points, what is picked and stepped to; the scene's own mouse handling is not used."""

    pointed = Signal(float)
    left = Signal()
    picked = Signal(float)
    stepped = Signal(int)
    end_asked = Signal(bool)

    def __init__(self, menu: QMenu, parent: QWidget) -> None:
        self.rounds, self.values = RoundAxis(), ValueAxis()
        super().__init__(parent=parent, enableMenu=False, axisItems={"bottom": self.rounds, "left": self.values})
        self._menu = menu
        # Off while a picture is taken for a file.
        self.framed = True
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseEnabled(x=False, y=False)
        # One colour needs no cached picture, which would stand in an SVG file as pixels.
        self.setCacheMode(self.CacheModeFlag.CacheNone)
        self.viewport().setMouseTracking(True)

    def _place(self, at: QPointF) -> float | None:
        """The abscissa under a point of the view, None outside the axes."""
        box, scene = self.getPlotItem().getViewBox(), self.mapToScene(at.toPoint())
        return float(box.mapSceneToView(scene).x()) if box.sceneBoundingRect().contains(scene) else None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        """Say where the mouse points."""
        place = self._place(event.position())
        if place is None:
            self.left.emit()
        else:
            self.pointed.emit(place)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        """Pick what is under the mouse."""
        place = self._place(event.position())
        if place is not None and event.button() == Qt.MouseButton.LeftButton:
            self.picked.emit(place)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        """Nothing: a press picks."""

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        """Nothing: the first press has picked."""

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        """Say that the mouse points nowhere."""
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
        """Open the menu at the mouse, or in the middle for the menu key."""
        by_mouse = event.reason() == QContextMenuEvent.Reason.Mouse
        self._menu.popup(event.globalPos() if by_mouse else self.mapToGlobal(self.rect().center()))

    def wheelEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        """Leave the wheel to the column of plots."""
        event.ignore()

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802 (Qt's name)
        """Show the frame of focus."""
        super().focusInEvent(event)
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802 (Qt's name)
        """Hide the frame of focus."""
        super().focusOutEvent(event)
        self.viewport().update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        """Paint the scene, and a frame while the keyboard acts here."""
        super().paintEvent(event)
        if self.framed and self.hasFocus():
            painter = QPainter(self.viewport())
            painter.setPen(QPen(QColor(theme.current().accent), 1))
            painter.drawRect(self.viewport().rect().adjusted(0, 0, -1, -1))
            painter.end()
