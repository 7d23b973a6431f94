"""Canvas that draws the map: points, symbols and lines at given positions."""

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from app import theme
from app.workspaces.rag.cluster_marks import ClusterMark
from app.workspaces.rag.rank_places import rank_places
from engine.events.answers import Point

_STEPS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Up: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Down: 1}
_SIZE, _SMALL, _QUESTION, _RING, _REACH = 12, 4, 17, 22, 18
# From the middle of a passage's mark to where its rank may begin.
_MARK = 11
_MARGIN = 0.08
_FARTHEST = 1e9


class MapCanvas(pg.PlotWidget):  # type: ignore[misc]  # the library has no types
    """`picked`: the passage nearest to a click; `stepped`: by how many ranks the arrow keys move."""

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
        self._set_up_axes()
        self.plot.getViewBox().sigResized.connect(self._place_ranks)

    def show_points(self, passages: Sequence[Point], question: Point, background: Sequence[Point]) -> None:
        """Draw passages, question and background, and fit the axes to passages and question."""
        self._points, self._marks = tuple(passages), ()
        self.background_item.setData(*_coordinates(background))
        self.question.setData(*_coordinates([question]))
        self.lines.setData([], [])
        self.ring.setData([], [])
        self._fit([*passages, question])
        self._place_ranks()

    def show_marks(self, marks: Sequence[ClusterMark]) -> None:
        """Give each passage its symbol and colour."""
        self._marks = tuple(marks)
        colours = [mark.colour for mark in marks]
        symbols = [mark.symbol for mark in marks]
        self.passages.setData(
            *_coordinates(self._points), symbol=symbols, brush=[pg.mkBrush(colour) for colour in colours]
        )

    def show_subset(self, members: Sequence[int]) -> None:
        """Draw lines between all members of a subset."""
        ends = [(self._points[a], self._points[b]) for i, a in enumerate(members) for b in members[i + 1 :]]
        self.lines.setData(*_coordinates([point for pair in ends for point in pair]))

    def show_chosen(self, passage: int | None) -> None:
        """Put a ring around the selected passage."""
        points = [] if passage is None or passage >= len(self._points) else [self._points[passage]]
        self.ring.setData(*_coordinates(points))

    def clear_all(self) -> None:
        """Remove everything."""
        self._points, self._marks = (), ()
        for item in (self.background_item, self.passages, self.question, self.ring, self.lines):
            item.setData([], [])
        self._place_ranks()

    def recolour(self) -> None:
        """Apply the colours of the current palette."""
        colours = theme.current()
        self.setBackground(QColor(colours.window))
        for side in ("left", "bottom"):
            self.plot.getAxis(side).setPen(pg.mkPen(colours.line))
            self.plot.getAxis(side).setTextPen(pg.mkPen(colours.muted))
        faint = QColor(colours.muted)
        faint.setAlphaF(0.45)
        self.background_item.setBrush(pg.mkBrush(faint))
        self.question.setBrush(pg.mkBrush(colours.text))
        self.lines.setPen(pg.mkPen(colours.accent, width=2))
        self.ring.setPen(pg.mkPen(colours.text, width=2))
        for rank in self._ranks:
            rank.setColor(QColor(colours.muted))
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
        """Do nothing: a press already picks."""

    def wheelEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        """The map neither moves nor grows."""
        event.ignore()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        """Step to the passage of the next or previous rank."""
        step = _STEPS.get(Qt.Key(event.key()))
        if step is None:
            event.ignore()
        else:
            self.stepped.emit(step)

    def nearest(self, at: QPointF) -> int | None:
        """Return the passage nearest to a point of the view; None where none is within reach."""
        box = self.plot.getViewBox()
        distances = []
        for number, point in enumerate(self._points):
            place = self.mapFromScene(box.mapViewToScene(QPointF(point.x, point.y)))
            distances.append(((place.x() - at.x()) ** 2 + (place.y() - at.y()) ** 2, number))
        closest = min(distances, default=None)
        return closest[1] if closest is not None and closest[0] <= _REACH**2 else None

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802 (Qt's name)
        """Show the focus frame."""
        super().focusInEvent(event)
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802 (Qt's name)
        """Hide the focus frame."""
        super().focusOutEvent(event)
        self.viewport().update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        """Paint the scene, and a frame while it has the keyboard focus."""
        super().paintEvent(event)
        if self.hasFocus():
            painter = QPainter(self.viewport())
            painter.setPen(QPen(QColor(theme.current().accent), 1))
            painter.drawRect(self.viewport().rect().adjusted(0, 0, -1, -1))
            painter.end()

    # Appearance

    def _set_up_axes(self) -> None:
        """Set up the axes; they have no unit, so they show no numbers."""
        for side in ("left", "bottom"):
            self.plot.getAxis(side).setStyle(showValues=False, tickLength=0)
            self.plot.getAxis(side).enableAutoSIPrefix(False)
        self.name_axes(self.tr("1st axis"), self.tr("2nd axis"))

    def name_axes(self, bottom: str, left: str) -> None:
        """Label the axes."""
        self.plot.setLabel("bottom", bottom)
        self.plot.setLabel("left", left)

    def _fit(self, points: Sequence[Point]) -> None:
        xs, ys = _coordinates(points)
        for set_range, values in ((self.plot.setXRange, xs), (self.plot.setYRange, ys)):
            low, high = float(values.min()), float(values.max())
            margin = _MARGIN * (high - low) or 1.0
            set_range(low - margin, high + 2 * margin, padding=0)

    def _place_ranks(self, *_: object) -> None:
        """Write the rank beside each passage, where it covers no other; the table of passages has them all."""
        while len(self._ranks) < len(self._points):
            item = pg.TextItem(str(len(self._ranks) + 1), color=QColor(theme.current().muted))
            item.textItem.document().setDocumentMargin(0)
            item.setZValue(9)
            self.plot.addItem(item, ignoreBounds=True)
            self._ranks.append(item)
        box, shown = self.plot.getViewBox(), self._ranks[: len(self._points)]
        centres = [box.mapViewToScene(QPointF(point.x, point.y)).toTuple() for point in self._points]
        sizes = [item.textItem.boundingRect().size().toTuple() for item in shown]
        places = rank_places(centres, sizes, _MARK)
        for item in self._ranks[len(self._points) :]:
            item.setVisible(False)
        for item, point, (x, y), place in zip(shown, self._points, centres, places, strict=True):
            item.setVisible(place is not None)
            if place is not None:
                item.setAnchor(((x - place.left) / place.width, (y - place.top) / place.height))
                item.setPos(point.x, point.y)


def _coordinates(
    points: Sequence[Point],
) -> tuple["np.ndarray[tuple[int], np.dtype[np.float64]]", "np.ndarray[tuple[int], np.dtype[np.float64]]"]:
    """Coordinates as arrays [n], clipped: a broken file may hold positions beyond any axis."""
    xs = np.array([point.x for point in points], dtype=np.float64)
    ys = np.array([point.y for point in points], dtype=np.float64)
    return xs.clip(-_FARTHEST, _FARTHEST), ys.clip(-_FARTHEST, _FARTHEST)
