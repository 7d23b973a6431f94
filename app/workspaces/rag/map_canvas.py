"""The drawing of the map: points, symbols, lines; knows places and marks, not what they stand for."""

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from app import theme
from app.workspaces.rag.cluster_marks import ClusterMark
from engine.events.answers import Point

_STEPS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Up: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Down: 1}
_SIZE, _SMALL, _QUESTION, _RING, _REACH = 12, 4, 17, 22, 18
_MARGIN = 0.08
_FARTHEST = 1e9


class MapCanvas(pg.PlotWidget):  # type: ignore[misc]  # the library has no types
    """`picked`: the passage nearest to a click; `stepped`: by how many ranks the keys go on."""

    picked = Signal(int)
    stepped = Signal(int)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent=parent, enableMenu=False)
        self.plot: pg.PlotItem = self.getPlotItem()
        self.plot.hideButtons()
        self.setMouseEnabled(x=False, y=False)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.plot.disableAutoRange()
        self._points: tuple[Point, ...] = ()
        self._marks: tuple[ClusterMark, ...] = ()
        self.background_item = pg.ScatterPlotItem(size=_SMALL, symbol="o", pen=None)
        self.lines = pg.PlotDataItem(connect="pairs")
        self.passages = pg.ScatterPlotItem(size=_SIZE, pen=None)
        self.question = pg.ScatterPlotItem(size=_QUESTION, symbol="+", pen=None)
        self.ring = pg.ScatterPlotItem(size=_RING, symbol="o", brush=None)
        self._ranks: list[pg.TextItem] = []
        for depth, item in enumerate((self.background_item, self.lines, self.passages, self.question, self.ring)):
            item.setZValue(depth)
            self.plot.addItem(item)
        self._name_axes()

    def show_points(self, passages: Sequence[Point], question: Point, background: Sequence[Point]) -> None:
        """Put everything in its place and fit the axes to what was found."""
        self._points, self._marks = tuple(passages), ()
        self.background_item.setData(*_places(background))
        self.question.setData(*_places([question]))
        self.lines.setData([], [])
        self.ring.setData([], [])
        self._fit([*passages, question])
        self._number()

    def show_marks(self, marks: Sequence[ClusterMark]) -> None:
        """Give each passage its symbol and colour."""
        self._marks = tuple(marks)
        colours = [mark.colour for mark in marks]
        symbols = [mark.symbol for mark in marks]
        self.passages.setData(*_places(self._points), symbol=symbols, brush=[pg.mkBrush(colour) for colour in colours])

    def show_subset(self, members: Sequence[int]) -> None:
        """Join the members of a subset, each with each."""
        ends = [(self._points[a], self._points[b]) for i, a in enumerate(members) for b in members[i + 1 :]]
        self.lines.setData(*_places([point for pair in ends for point in pair]))

    def show_chosen(self, passage: int | None) -> None:
        """Put a ring around the passage pointed at."""
        chosen = [] if passage is None or passage >= len(self._points) else [self._points[passage]]
        self.ring.setData(*_places(chosen))

    def clear_all(self) -> None:
        """Be empty."""
        self._points, self._marks = (), ()
        for item in (self.background_item, self.passages, self.question, self.ring, self.lines):
            item.setData([], [])
        self._number()

    def recolour(self) -> None:
        """Take up the colours of the palette in use."""
        chosen = theme.current()
        self.setBackground(QColor(chosen.window))
        for side in ("left", "bottom"):
            self.plot.getAxis(side).setPen(pg.mkPen(chosen.line))
            self.plot.getAxis(side).setTextPen(pg.mkPen(chosen.muted))
        faint = QColor(chosen.muted)
        faint.setAlphaF(0.45)
        self.background_item.setBrush(pg.mkBrush(faint))
        self.question.setBrush(pg.mkBrush(chosen.text))
        self.lines.setPen(pg.mkPen(chosen.accent, width=2))
        self.ring.setPen(pg.mkPen(chosen.text, width=2))
        for rank in self._ranks:
            rank.setColor(QColor(chosen.muted))
        if self._marks:
            self.show_marks(self._marks)

    # Mouse and keys

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        """Pick the nearest passage within reach."""
        if event.button() == Qt.MouseButton.LeftButton and (near := self.nearest(event.position())) is not None:
            self.picked.emit(near)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        """The map neither moves nor grows."""

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        """Nothing: a press picks."""

    def wheelEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        """The map neither moves nor grows."""
        event.ignore()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        """Go to the passage of the next rank, or the one before."""
        step = _STEPS.get(Qt.Key(event.key()))
        if step is None:
            event.ignore()
        else:
            self.stepped.emit(step)

    def nearest(self, at: QPointF) -> int | None:
        """The passage under a point of the view, None where there is none within reach."""
        box = self.plot.getViewBox()
        away = []
        for number, point in enumerate(self._points):
            place = self.mapFromScene(box.mapViewToScene(QPointF(point.x, point.y)))
            away.append(((place.x() - at.x()) ** 2 + (place.y() - at.y()) ** 2, number))
        best = min(away, default=None)
        return best[1] if best is not None and best[0] <= _REACH**2 else None

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
        if self.hasFocus():
            painter = QPainter(self.viewport())
            painter.setPen(QPen(QColor(theme.current().accent), 1))
            painter.drawRect(self.viewport().rect().adjusted(0, 0, -1, -1))
            painter.end()

    # Look

    def _name_axes(self) -> None:
        """Axes without a unit have no figures."""
        for side in ("left", "bottom"):
            self.plot.getAxis(side).setStyle(showValues=False, tickLength=0)
            self.plot.getAxis(side).enableAutoSIPrefix(False)
        self.name_axes(self.tr("1st axis"), self.tr("2nd axis"))

    def name_axes(self, bottom: str, left: str) -> None:
        """Say what the axes are."""
        self.plot.setLabel("bottom", bottom)
        self.plot.setLabel("left", left)

    def _fit(self, points: Sequence[Point]) -> None:
        xs, ys = _places(points)
        for axis, values in ((self.plot.setXRange, xs), (self.plot.setYRange, ys)):
            low, high = float(values.min()), float(values.max())
            room = _MARGIN * (high - low) or 1.0
            axis(low - room, high + 2 * room, padding=0)

    def _number(self) -> None:
        """The rank beside each passage."""
        while len(self._ranks) < len(self._points):
            item = pg.TextItem(str(len(self._ranks) + 1), anchor=(-0.45, 0.9), color=QColor(theme.current().muted))
            item.setZValue(9)
            self.plot.addItem(item, ignoreBounds=True)
            self._ranks.append(item)
        for number, item in enumerate(self._ranks):
            shown = number < len(self._points)
            item.setVisible(shown)
            if shown:
                item.setPos(self._points[number].x, self._points[number].y)


def _places(
    points: Sequence[Point],
) -> tuple["np.ndarray[tuple[int], np.dtype[np.float64]]", "np.ndarray[tuple[int], np.dtype[np.float64]]"]:
    """As arrays; a broken file may hold places that no axis reaches."""
    xs = np.array([point.x for point in points], dtype=np.float64)
    ys = np.array([point.y for point in points], dtype=np.float64)
    return xs.clip(-_FARTHEST, _FARTHEST), ys.clip(-_FARTHEST, _FARTHEST)
