"""The token stream as it is used: mouse, keys, selection and the card of a token; knows not where tokens come from."""

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from app.panels.stream_canvas import StreamCanvas
from app.panels.stream_painter import MARGIN
from app.panels.token_card import TokenCard
from app.store import Selection


class StreamView(StreamCanvas):
    """Lets tokens be chosen. `picked` names the token that was clicked or reached with the arrow keys."""

    picked = Signal(object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._card = TokenCard(self.viewport())
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.viewport().setMouseTracking(True)
        self.setAccessibleName(self.tr("Token stream"))

    def clear(self) -> None:
        """Forget all tokens."""
        self._card.hide()
        super().clear()

    def select(self, selection: Selection | None) -> None:
        """Mark a round, and the token in it."""
        self._selection = selection
        if selection is None:
            self._current = None
            self._card.hide()
        elif selection.token is not None:
            self._current = self._index_of(selection)
            self._reveal(self._current)
            if self._current is not None:
                self.show_card(self._current)
        else:
            self._current = None
            self._reveal(self._index_of(Selection(selection.round, 0)))
        self.viewport().update()

    def show_card(self, index: int) -> None:
        """Show the card of a token beside it."""
        line = self._layout.line_of(index)
        if line is None or self.tokens[index].place is None:
            self._card.hide()
            return
        segment = next(part for part in self._layout.line(line) if part.token == index)
        top = MARGIN + line * self._line_height - self.verticalScrollBar().value()
        at = QRectF(MARGIN + segment.x, top, segment.width, self._line_height)
        self._card.show_token(self.tokens[index], at.toRect())

    @property
    def card(self) -> TokenCard:
        """The card, for the panel that owns the view."""
        return self._card

    def _index_of(self, selection: Selection) -> int | None:
        """Places rise with the index, prompt tokens first."""
        low, high = 0, len(self.tokens)
        wanted = (selection.round, selection.token or 0)
        while low < high:
            middle = (low + high) // 2
            place = self.tokens[middle].place
            if place is None or (place.round, place.token or 0) < wanted:
                low = middle + 1
            else:
                high = middle
        return low if low < len(self.tokens) else None

    # Qt

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        """Fill the new width; the card's token moves."""
        self._card.hide()
        super().resizeEvent(event)

    def scrollContentsBy(self, dx: int, dy: int) -> None:  # noqa: N802 (Qt's name)
        """Move what is painted; the card does not move with it."""
        self._card.hide()
        super().scrollContentsBy(dx, dy)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        """Show the card of the token under the pointer."""
        index = self._hit(event.position())
        if index is None:
            self._card.hide()
        else:
            self.show_card(index)

    def viewportEvent(self, event: QEvent) -> bool:  # noqa: N802 (Qt's name)
        """Hide the card when the pointer leaves."""
        if event.type() == QEvent.Type.Leave:
            self._card.hide()
        return super().viewportEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        """Pick the token under the pointer, or nothing."""
        index = self._hit(event.position())
        self.picked.emit(None if index is None else self.tokens[index].place)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        """Move by token or line, or scroll."""
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        bar = self.verticalScrollBar()
        if step is not None:
            self._move(step)
        elif event.key() == Qt.Key.Key_Home:
            bar.setValue(bar.minimum())
        elif event.key() == Qt.Key.Key_End:
            bar.setValue(bar.maximum())
        else:
            super().keyPressEvent(event)

    def _move(self, step: int) -> None:
        """Pick the next token that is shown, beginning with the first that is not of the prompt."""
        index = len(self.tokens) if self._current is None and step < 0 else self._current
        at = -1 if index is None else index
        while 0 <= (at := at + step) < len(self.tokens):
            if self.tokens[at].place is not None and self._layout.line_of(at) is not None:
                self.picked.emit(self.tokens[at].place)
                return

    def _hit(self, position: QPointF) -> int | None:
        line = int((position.y() + self.verticalScrollBar().value() - MARGIN) // self._line_height)
        return self._layout.hit(position.x() - MARGIN, line)
