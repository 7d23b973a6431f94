"""The ROC curve of a gate, whose point at the threshold is dragged along it."""

from typing import TYPE_CHECKING

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QObject, QPointF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app import theme
from app.plots.export import Column, Table
from app.plots.plane import BOTH, Plane
from app.widgets.labels import ElasticLine
from app.workspaces.approximate.gate import figures, words

if TYPE_CHECKING:
    from engine.sprinter.cards import GateCard

_ENDS = (-0.02, 1.03, -0.02, 1.08)
_POINT_SIZE, _FOCUSED_SIZE, _MARK_SIZE = 15, 19, 5
# The point moves as the key points: to the right and up the gate accepts more, which is a lower threshold.
_STEPS = {
    Qt.Key.Key_Left: 1, Qt.Key.Key_Down: 1, Qt.Key.Key_Right: -1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: 10,
    Qt.Key.Key_PageUp: -10,
}  # fmt: skip
_ENDS_OF_CURVE = {Qt.Key.Key_Home: 1.0, Qt.Key.Key_End: 0.0}


class RocPlot(QWidget):
    """`moved`: the point is being dragged, or was moved by keys; `settled`: it stays there; `chosen`: it was let go
    of, or Enter was pressed. Each carries the threshold."""

    moved = Signal(float)
    settled = Signal(float)
    chosen = Signal(float)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.dragging = False
        self._card: GateCard | None = None
        self._threshold = 0.5
        # Columns: threshold, false acceptances, right acceptances.
        self._points = np.empty((0, 3))
        self.plane = Plane(
            self.tr("ROC curve"), (self.tr("accepted wrongly, η_FP"), self.tr("accepted rightly")),
            self.tr("Up and left is better; dashed: by chance.  ■ the threshold: drag it"), "", self,
            table=self.table, note=lambda: "" if self._card is None else words.of_card(self._card), shares=BOTH,
        )  # fmt: skip
        self.curve = pg.PlotCurveItem(skipFiniteCheck=True)
        self.marks = pg.ScatterPlotItem(size=_MARK_SIZE, symbol="o", pen=None)
        self.point = pg.ScatterPlotItem(size=_POINT_SIZE, symbol="s")
        self.label = pg.TextItem("", anchor=(-0.25, 0.5))
        for item in (self.curve, self.marks, self.point, self.label):
            self.plane.plot.addItem(item)
        self.plane.show_line((0.0, 1.0), (0.0, 1.0))
        canvas = self.plane.widget
        canvas.setToolTip(self.tr("Drag the point or move it with ← →; Enter measures it; right-click exports."))
        for watched in (canvas, canvas.viewport()):
            watched.installEventFilter(self)
        self.auc = ElasticLine(self, role="muted")
        self.auc.setAccessibleName(self.tr("Area under the curve"))
        self.plane.head.addWidget(self.auc, 4)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.plane)
        self.plane.caption.show_text(
            self.tr("Up and left is better; dashed: by chance.  ■ the threshold: drag it"),
            self.tr("Up and left is better.  ╌ by chance  ■ drag it"), self.tr("↖ better  ╌ by chance  ■ drag it"),
        )  # fmt: skip
        self.show_card(None)
        self._recolour()

    def show_card(self, card: "GateCard | None") -> None:
        """Show the curve of a gate; None: of none."""
        self._card = card
        rows = [] if card is None else [(at.threshold, at.eta_fp, 1 - at.eta_fn) for at in card.confusions]
        self._points = np.array(rows, dtype=np.float64).reshape(-1, 3)
        self.curve.setData(self._points[:, 1], self._points[:, 2])
        self.marks.setData(self._points[:, 1], self._points[:, 2])
        for item in (self.curve, self.marks, self.point, self.label, self.plane.line):
            item.setVisible(card is not None)
        self.auc.show_text("" if card is None else words.auc(card))
        self.plane.show_spots((), ends=_ENDS, is_empty=card is None)
        self.show_threshold(self._threshold)

    def show_threshold(self, threshold: float) -> None:
        """Put the point where a threshold is on the curve."""
        self._threshold = threshold
        if self._card is None:
            return
        at = figures.confusion(self._card, threshold)
        x, y = at.eta_fp, 1 - at.eta_fn
        self.point.setData([x], [y])
        self.label.setText(f"{threshold:g}")
        # The curve runs above and to the left, so the name stands below and to the right where there is room.
        self.label.setAnchor((-0.25, -0.1) if x < 0.75 else (1.25, -0.25))
        self.label.setPos(x, y)

    def nearest(self, place: QPointF) -> float:
        """The threshold of the point of the curve that is nearest to a place of the canvas, on the screen."""
        canvas, box = self.plane.widget, self.plane.plot.getViewBox()
        at = box.mapSceneToView(canvas.mapToScene(place.toPoint()))
        (left, right), (low, high) = box.viewRange()
        scale = np.array([box.width() / (right - left), box.height() / (high - low)])
        points, target = self._points[:, 1:] * scale, np.array([at.x(), at.y()]) * scale
        ways = np.diff(points, axis=0)
        lengths = np.maximum((ways**2).sum(axis=1), 1e-12)
        shares = np.clip(((target - points[:-1]) * ways).sum(axis=1) / lengths, 0, 1)
        distances = ((points[:-1] + shares[:, None] * ways - target) ** 2).sum(axis=1)
        best = int(np.argmin(distances))
        low_end, high_end = self._points[best : best + 2, 0]
        return figures.snapped(float(low_end + shares[best] * (high_end - low_end)))

    def table(self) -> Table:
        """The content of a CSV file of the curve."""
        names = (self.tr("threshold"), self.tr("accepted wrongly"), self.tr("accepted rightly"))
        columns = tuple(Column(name, self._points[:, place]) for place, name in enumerate(names))
        return Table((self.tr("ROC curve of a gate"), "" if self._card is None else words.of_card(self._card)), columns)

    # Moving the point

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 (Qt's name)
        """Drag and step the point."""
        if event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            self.point.setSize(_FOCUSED_SIZE if event.type() == QEvent.Type.FocusIn else _POINT_SIZE)
        if len(self._points) < 2:
            return False
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            return self._on_key(Qt.Key(event.key()))
        if isinstance(event, QMouseEvent) and watched is self.plane.widget.viewport():
            return self._on_mouse(event)
        return False

    def _on_mouse(self, event: QMouseEvent) -> bool:
        kind, is_left = event.type(), event.button() == Qt.MouseButton.LeftButton
        if kind in (QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonDblClick) and is_left:
            self.dragging = True
            self.plane.widget.setFocus(Qt.FocusReason.MouseFocusReason)
        elif kind == QEvent.Type.MouseButtonRelease and is_left and self.dragging:
            self.dragging = False
            self._move(self.nearest(event.position()))
            self.chosen.emit(self._threshold)
            return True
        if not self.dragging:
            return False
        self._move(self.nearest(event.position()))
        return True

    def _on_key(self, key: Qt.Key) -> bool:
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.chosen.emit(self._threshold)
        elif key in _STEPS:
            self._move(figures.stepped(self._threshold, _STEPS[key]))
        elif key in _ENDS_OF_CURVE:
            self._move(_ENDS_OF_CURVE[key])
        else:
            return False
        return True

    def _move(self, threshold: float) -> None:
        if threshold != self._threshold:
            self.show_threshold(threshold)
            self.moved.emit(threshold)
        if not self.dragging:
            self.settled.emit(threshold)

    # Colours

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        """Follow the colour scheme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._recolour()

    def _recolour(self) -> None:
        colours = theme.current()
        self.curve.setPen(pg.mkPen(colours.accent, width=2))
        self.marks.setBrush(pg.mkBrush(colours.accent))
        self.point.setBrush(pg.mkBrush(colours.unverified))
        self.point.setPen(pg.mkPen(colours.text, width=2))
        self.label.setColor(QColor(colours.text))
