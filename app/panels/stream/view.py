"""The token stream with mouse and keyboard input."""

from PySide6.QtCore import QEvent, QPointF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QHideEvent,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QResizeEvent,
    QShowEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QWidget

from app import theme
from app.panels.stream.painter import MARGIN
from app.panels.stream.reader import Direction, StreamReader

_WAYS: dict[int, Direction] = {
    Qt.Key.Key_Left: "left", Qt.Key.Key_Right: "right", Qt.Key.Key_Up: "up", Qt.Key.Key_Down: "down"
}  # fmt: skip
_COMMAND_MODIFIERS = (
    Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier
)
_SCROLL_MS = 40
_FRAME_WIDTH = 2


class StreamView(StreamReader):
    """Maps input to moves. search_asked carries the first letter typed."""

    search_asked = Signal(str)
    search_left = Signal()
    x_ray_asked = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.searching = False
        self._pressed_at: QPointF | None = None
        self._drag_position = QPointF()
        self._scroll_timer = QTimer(self)
        self._scroll_timer.setInterval(_SCROLL_MS)
        self._scroll_timer.timeout.connect(self._drag)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setViewportMargins(_FRAME_WIDTH, _FRAME_WIDTH, _FRAME_WIDTH, _FRAME_WIDTH)
        self.viewport().setMouseTracking(True)
        self.setAccessibleName(self.tr("Token stream"))
        # A tooltip would lie over the card.
        self.setWhatsThis(
            self.tr(
                "The text, token by token, each in the colour and with the mark of its fate. Arrow keys move over the "
                "tokens, Home, End and the page keys scroll, typing searches, X switches the X-ray, Ctrl+C copies."
            )
        )

    # Keys

    def event(self, event: QEvent) -> bool:
        """Keep Escape from stopping the run if it closes something here; paint the frame around the view."""
        if event.type() == QEvent.Type.Paint:
            self._paint_frame()
            return True
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and self._is_close_key(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        """Move, zoom, close the card or the search, toggle the X-ray; other letters start a search."""
        key, extends = event.key(), bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if key in _WAYS:
            self.move_on(_WAYS[key], extends=extends)
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_End):
            self.jump(to_end=key == Qt.Key.Key_End, extends=extends)
        elif key in (Qt.Key.Key_PageUp, Qt.Key.Key_PageDown):
            super().keyPressEvent(event)
            self.read_on_from_view()
        elif self._is_close_key(event):
            self._close(event)
        elif not self._handle_zoom_key(event) and not self._handle_typed_key(event):
            super().keyPressEvent(event)

    def _is_close_key(self, event: QKeyEvent) -> bool:
        """Whether Escape is handled here, including auto-repeats of one that closed the search, which do nothing."""
        can_close = self.card.isVisible() or self.searching or event.isAutoRepeat()
        return event.key() == Qt.Key.Key_Escape and can_close

    def _close(self, event: QKeyEvent) -> None:
        if event.isAutoRepeat():
            return
        if self.card.isVisible():
            self.card.hide()
        else:
            self.search_left.emit()

    def _handle_zoom_key(self, event: QKeyEvent) -> bool:
        if event.key() == Qt.Key.Key_0 and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.set_zoom(100)
        elif event.matches(QKeySequence.StandardKey.ZoomIn):
            self.zoom_by(1)
        elif event.matches(QKeySequence.StandardKey.ZoomOut):
            self.zoom_by(-1)
        else:
            return False
        return True

    def _handle_typed_key(self, event: QKeyEvent) -> bool:
        text = event.text()
        if not text or not text.isprintable() or event.modifiers() & _COMMAND_MODIFIERS:
            return False
        if text in "xX":
            self.x_ray_asked.emit()
        else:
            self.search_asked.emit(text)
        return True

    def _paint_frame(self) -> None:
        """Paint the focus frame around the viewport, where scrolling does not move it."""
        colours = theme.current()
        painter = QPainter(self)
        frame = self.viewport().geometry().adjusted(-_FRAME_WIDTH, -_FRAME_WIDTH, _FRAME_WIDTH, _FRAME_WIDTH)
        painter.fillRect(frame, QColor(colours.accent if self.hasFocus() else colours.base))
        painter.end()

    # Mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        """Remember where a click or a drag starts; with Shift, move the end of the range there."""
        if event.button() != Qt.MouseButton.LeftButton:
            return
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.extend_range(self._nearest(event.position()))
        else:
            self._pressed_at = event.position()
            self.set_range(None, None)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        """Drag a range, or show the card of the token under the pointer."""
        if self._pressed_at is None:
            self._hover(event.position())
            return
        self._drag_position = event.position()
        is_drag = (self._drag_position - self._pressed_at).manhattanLength() >= QApplication.startDragDistance()
        if is_drag or self.marks.range is not None:
            self._drag()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        """Pick the clicked token, or nothing; a drag picks nothing."""
        pressed_at, self._pressed_at = self._pressed_at, None
        self._scroll_timer.stop()
        if pressed_at is None or self.marks.range is not None:
            return
        index = self._hit(pressed_at)
        self.picked.emit(None if index is None else self.tokens[index].place)

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 (Qt's name)
        """Scroll; with Ctrl, zoom."""
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.zoom_by(1 if event.angleDelta().y() > 0 else -1)
            event.accept()
        else:
            super().wheelEvent(event)

    def viewportEvent(self, event: QEvent) -> bool:  # noqa: N802 (Qt's name)
        """Hide the card when the pointer leaves."""
        if event.type() == QEvent.Type.Leave:
            self.card.hide()
        return super().viewportEvent(event)

    def _hover(self, position: QPointF) -> None:
        index = self._hit(position)
        if index is None:
            self.card.hide()
        else:
            self.show_card(index)

    def _drag(self) -> None:
        """Extend the range to the pointer; keep scrolling while the pointer is outside the view."""
        assert self._pressed_at is not None
        has_range = self.marks.range is not None
        if not has_range:
            self.card.hide()
            start = self._nearest(self._pressed_at)
            self.set_range(start, start)
        y, height = self._drag_position.y(), self.viewport().height()
        beyond = -1 if y < 0 else 1 if y > height else 0
        bar = self.verticalScrollBar()
        bar.setValue(bar.value() + beyond * self.line_height)
        if beyond and not self._scroll_timer.isActive():
            self._scroll_timer.start()
        elif not beyond:
            self._scroll_timer.stop()
        self.stretch_range(self._nearest(self._drag_position))

    def _hit(self, position: QPointF) -> int | None:
        return self.lines.hit(position.x() - MARGIN, self.line_at(position))

    def _nearest(self, position: QPointF) -> int | None:
        return self.lines.nearest(position.x() - MARGIN, self.line_at(position))

    # Events that move the tokens under the card

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        """Lay out for the new size; hide the card, since its token moves."""
        self.card.hide()
        super().resizeEvent(event)

    def scrollContentsBy(self, dx: int, dy: int) -> None:  # noqa: N802 (Qt's name)
        """Scroll the text; hide the card, since it would not move along."""
        self.card.hide()
        super().scrollContentsBy(dx, dy)

    # Visibility

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 (Qt's name)
        """Stop layout and dragging while hidden."""
        self.card.hide()  # it lies over the window, not over the stream alone
        self._layout_timer.stop()
        self._scroll_timer.stop()
        self._pressed_at = None
        super().hideEvent(event)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 (Qt's name)
        """Continue the layout."""
        super().showEvent(event)
        if not self.settled:
            self._layout_timer.start()
