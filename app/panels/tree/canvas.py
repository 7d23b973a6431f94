"""Canvas of a drafted tree: scrolls, zooms, and moves over the nodes by mouse and keyboard."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QHelpEvent,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QToolTip, QWidget

from app import theme
from app.panels.tree import words
from app.panels.tree.layout import TreeGrid, grid_of
from app.panels.tree.painter import ShownNode, TreePainter
from app.state.round_tree import ROOT, RoundTree, tree_of
from app.text.plain_text import plain_tip
from engine.events import LastToken, RoundFinished

_SMALLEST_FIT = 75
_STEP = 24


class TreeCanvas(QAbstractScrollArea):
    """Shows one round. zoom: in percent, one of the theme's; fitting: the largest of them that shows the whole tree.

    `picked` carries a node, `round_asked` -1 or 1 for the round before or after; `moved`: another node is selected."""

    picked = Signal(int)
    moved = Signal()
    round_asked = Signal(int)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.event_shown: RoundFinished | None = None
        self.tree = RoundTree((), (), (), branches=False)
        self.grid: TreeGrid | None = None
        self.current: int | None = None
        self.zoom = 100
        self.fitting = True
        self.empty_text = ""
        self._painter = TreePainter(self.font(), 1.0)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.viewport().setBackgroundRole(QPalette.ColorRole.Base)
        self.viewport().setAutoFillBackground(True)
        for bar in (self.horizontalScrollBar(), self.verticalScrollBar()):
            bar.setSingleStep(_STEP)

    # What is shown

    def show_round(self, event: RoundFinished | None) -> None:
        """Show the draft of a round, with no node selected."""
        if event is self.event_shown:
            return
        self.event_shown, self.current = event, None
        self.tree = RoundTree((), (), (), branches=False) if event is None else tree_of(event)
        has_last = event is not None and event.last is not None
        self.grid = None if event is None else grid_of(self.tree, has_last=has_last)
        self._fit()
        self.reveal(self.tree.end if self.tree.path else 0)
        self.viewport().update()

    def choose(self, node: int | None) -> None:
        """Mark a node, and scroll to it."""
        if node != self.current:
            self.current = node
            if node is not None:
                self.reveal(node)
            self.viewport().update()
            self.moved.emit()

    def node_at(self, position: QPointF) -> int | None:
        """The node at a place of the view."""
        point = position + self._offset()
        return next((node for node in range(self.n_nodes) if self._rect(node).contains(point)), None)

    @property
    def n_nodes(self) -> int:
        """The nodes on show, the last token of the round among them."""
        return 0 if self.grid is None else len(self.grid.places)

    def current_words(self, *, brief: bool = False) -> str:
        """The selected node in words, or the tree where none is; brief: of a node without its place."""
        if self.event_shown is None:
            return self.empty_text
        if self.current is None:
            return words.tree_words(self.event_shown, self.tree)
        return words.node_words(self.event_shown, self.tree, self.current, brief=brief)

    # Zoom and place

    def set_zoom(self, percent: int) -> None:
        """Set the size; the whole tree is no longer fitted into the view."""
        self.fitting = False
        self._scale_to(percent)

    def zoom_by(self, steps: int) -> None:
        """Make the tree larger, or smaller for negative steps."""
        nearest = min(theme.ZOOMS, key=lambda zoom: abs(zoom - self.zoom))
        place = min(max(0, theme.ZOOMS.index(nearest) + steps), len(theme.ZOOMS) - 1)
        self.set_zoom(theme.ZOOMS[place])

    def fit(self) -> None:
        """Show the whole tree from now on, as far as it stays readable."""
        self.fitting = True
        self._fit()

    def reveal(self, node: int) -> None:
        """Scroll a node into view."""
        if not 0 <= node < self.n_nodes:
            return
        rect, view = self._rect(node), self.viewport().rect()
        for bar, low, high, extent in (
            (self.horizontalScrollBar(), rect.left(), rect.right(), view.width()),
            (self.verticalScrollBar(), rect.top() - self._painter.top, rect.bottom(), view.height()),
        ):
            if low < bar.value() or high > bar.value() + extent:
                bar.setValue(round((low + high - extent) / 2))

    def _fit(self) -> None:
        if self.grid is None or not self.fitting:
            self._update_range()
            return
        width, height = TreePainter(self.font(), 1.0).size(self.grid)
        view = self.maximumViewportSize()  # as large as without scroll bars, which a tree that fits does not need
        share = min(1.0, view.width() / max(1.0, width), view.height() / max(1.0, height))
        self._scale_to(max(_SMALLEST_FIT, int(100 * share)))

    def _scale_to(self, percent: int) -> None:
        self.zoom = percent
        self._painter = TreePainter(self.font(), percent / 100)
        self._update_range()
        self.viewport().update()

    def _update_range(self) -> None:
        width, height = (0.0, 0.0) if self.grid is None else self._painter.size(self.grid)
        view = self.viewport().size()
        for bar, size, extent in (
            (self.horizontalScrollBar(), width, view.width()),
            (self.verticalScrollBar(), height, view.height()),
        ):
            overlap = round(size) - extent
            # What does not fit may be the empty edge, which nobody scrolls to.
            bar.setRange(0, overlap if overlap > self._painter.margin else 0)
            bar.setPageStep(extent)

    def _offset(self) -> QPointF:
        return QPointF(self.horizontalScrollBar().value(), self.verticalScrollBar().value())

    def _rect(self, node: int) -> QRectF:
        assert self.grid is not None
        return self._painter.rect(self.grid.places[node])

    # Keys and mouse

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        """Move along the branches, zoom, or go to another round."""
        if (move := self._moves().get(Qt.Key(event.key()))) is not None and not event.modifiers():
            self._pick(move())
        elif event.key() in (Qt.Key.Key_PageUp, Qt.Key.Key_PageDown):
            self.round_asked.emit(-1 if event.key() == Qt.Key.Key_PageUp else 1)
        elif event.matches(QKeySequence.StandardKey.ZoomIn):
            self.zoom_by(1)
        elif event.matches(QKeySequence.StandardKey.ZoomOut):
            self.zoom_by(-1)
        elif event.key() == Qt.Key.Key_0 and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.fit()
        else:
            event.ignore()

    def _moves(self) -> dict[Qt.Key, Callable[[], int | None]]:
        return {
            Qt.Key.Key_Left: self._parent,
            Qt.Key.Key_Right: self._child,
            Qt.Key.Key_Up: lambda: self._neighbour(-1),
            Qt.Key.Key_Down: lambda: self._neighbour(1),
            Qt.Key.Key_Home: self._first,
            Qt.Key.Key_End: self._end,
        }

    def _pick(self, node: int | None) -> None:
        if node is not None and 0 <= node < self.n_nodes:
            self.picked.emit(node)

    def _first(self) -> int:
        return self.tree.path[0] if self.tree.path else 0

    def _end(self) -> int:
        return self.n_nodes - 1

    def _parent(self) -> int | None:
        if self.grid is None or self.current is None:
            return self._first()
        parent = self.grid.parents[self.current]
        return self.current if parent == ROOT else parent

    def _child(self) -> int | None:
        """The child on the path, or else the first."""
        if self.grid is None or self.current is None:
            return self._first()
        children = [node for node, parent in enumerate(self.grid.parents) if parent == self.current]
        return next((node for node in children if node in self.tree.path), children[0] if children else self.current)

    def _neighbour(self, step: int) -> int | None:
        if self.grid is None or self.current is None:
            return self._first()
        column = self.grid.column(self.current)
        return column[min(max(0, column.index(self.current) + step), len(column) - 1)]

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        """Pick the node under the pointer."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._pick(self.node_at(event.position()))

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 (Qt's name)
        """Scroll; with Ctrl, zoom."""
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.zoom_by(1 if event.angleDelta().y() > 0 else -1)
            event.accept()
        else:
            super().wheelEvent(event)

    def viewportEvent(self, event: QEvent) -> bool:  # noqa: N802 (Qt's name)
        """Describe the node under the pointer."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent) and self.event_shown is not None:
            node = self.node_at(QPointF(event.pos()))
            tip = "" if node is None else words.node_words(self.event_shown, self.tree, node)
            QToolTip.showText(event.globalPos(), plain_tip(tip) if tip else "", self)
            return True
        return super().viewportEvent(event)

    # Qt

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        """Fit the tree into the new size, or let more of it be seen."""
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        """Follow the system's font."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and hasattr(self, "_painter"):
            self._scale_to(self.zoom)
            self._fit()

    def scrollContentsBy(self, dx: int, dy: int) -> None:  # noqa: N802 (Qt's name)
        """Paint anew: the names of the columns stay at the top."""
        self.viewport().update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        """Paint the lines, then the nodes in view, then the names of the columns."""
        painter = QPainter(self.viewport())
        if self.event_shown is None or self.grid is None or not self.n_nodes:
            self._paint_note(painter)
        else:
            self._paint_tree(painter, self.event_shown, self.grid)
        if self.hasFocus():
            painter.resetTransform()
            painter.setPen(QPen(QColor(theme.current().accent), 1))
            painter.drawRect(self.viewport().rect().adjusted(0, 0, -1, -1))
        painter.end()

    def _paint_note(self, painter: QPainter) -> None:
        painter.setPen(QColor(theme.current().muted))
        room = self.viewport().rect().adjusted(2 * theme.GRID, theme.GRID, -2 * theme.GRID, -theme.GRID)
        flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap
        painter.drawText(room, flags, self.empty_text if self.event_shown is None else self.current_words())

    def _paint_tree(self, painter: QPainter, event: RoundFinished, grid: TreeGrid) -> None:
        offset = self._offset()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.translate(-offset)
        view = QRectF(self.viewport().rect()).translated(offset)
        kept = [node in self.tree.path or node == len(event.proposed) for node in range(len(grid.places))]
        self._painter.paint_edges(painter, grid, kept)
        for node in range(len(grid.places)):
            rect, record = self._rect(node), words.record_of(event, node)
            if record is not None and view.intersects(rect):
                fate = record.kind if isinstance(record, LastToken) else record.fate
                self._painter.paint_node(painter, rect, ShownNode(record, fate, kept[node], node == self.current))
        self._painter.paint_heads(painter, grid, view)
