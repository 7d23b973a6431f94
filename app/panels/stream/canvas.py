"""The canvas of the token stream: lays tokens out in slices and paints only the lines in view; takes no input."""

from collections.abc import Sequence
from time import perf_counter
from typing import NamedTuple

from PySide6.QtCore import QEvent, QPointF, Qt, QTimer
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QResizeEvent
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QWidget

from app.panels.stream.layout import StreamLayout
from app.panels.stream.marks import StreamMarks
from app.panels.stream.painter import MARGIN, Placed, StreamPainter
from app.panels.stream.text import KeptText
from app.panels.stream.tokens import StreamToken
from app.theme import StreamFate

_SLICE_S = 0.003
_TOKENS_A_LOOK = 100
# More than fit into a window, few enough to lay out at once.
_TOKENS_A_PAGE = 1500


class _Anchor(NamedTuple):
    """A token and the height of its line's top in the view."""

    token: int
    top: int


class StreamCanvas(QAbstractScrollArea):
    """Shows tokens with their fates, the end in view as long as it was.

    While a long text is laid out anew, the part that was in view is laid out first and shown alone."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.tokens: list[StreamToken] = []
        self.kept = KeptText()
        self.marks = StreamMarks()
        self.empty_text = ""
        self.zoom = 100
        self._ghosts = True
        self._n_laid = 0
        self._page: StreamLayout | None = None
        self._anchor: _Anchor | None = None
        self._more = QTimer(self)
        self._more.setInterval(0)
        self._more.timeout.connect(self._lay_out_more)
        self._take_fonts()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.verticalScrollBar().actionTriggered.connect(self._drop_page)
        self.viewport().setBackgroundRole(QPalette.ColorRole.Base)
        self.viewport().setAutoFillBackground(True)

    # What is shown

    def clear(self) -> None:
        """Forget all tokens."""
        self.tokens, self.kept = [], KeptText()
        self.marks.forget()
        self._page = None
        self.verticalScrollBar().setRange(0, 0)
        self._restart()

    def append(self, tokens: Sequence[StreamToken]) -> None:
        """Add tokens at the end, and stay at the end where it was in view."""
        if not tokens:
            return
        if not self.tokens:
            self.viewport().update()
        self.kept.append(tokens, len(self.tokens))
        self.tokens += tokens
        if not self._more.isActive():
            self._lay_out_more()

    def show_ghosts(self, shown: bool) -> None:
        """Show or hide what was proposed and not kept."""
        if shown != self._ghosts:
            self._ghosts = shown
            self._restart()

    def show_x_ray(self, shown: bool) -> None:
        """Show or hide how likely each proposed token was to be accepted."""
        self._note_place()
        self.marks.x_ray = shown
        self._ink.make_room(shown)
        self._update_range()
        self._hold_place()
        self.viewport().update()

    def set_zoom(self, percent: int) -> None:
        """Set the size of the text, 100 being that of the window."""
        if percent != self.zoom:
            self.zoom = percent
            self._restart(new_fonts=True)

    def text(self) -> str:
        """What was kept, prompt included, as plain text."""
        return self.kept.text

    def shown_text(self) -> str:
        """What is painted, token after token."""
        return self._layout.text

    # Layout

    @property
    def lines(self) -> StreamLayout:
        """The lines on show."""
        return self._layout if self._page is None else self._page

    @property
    def line_height(self) -> int:
        """Distance of two lines."""
        return self._ink.line_height

    @property
    def top(self) -> int:
        """Height of the first line's top in the view."""
        if self._page is None:
            return MARGIN - self.verticalScrollBar().value()
        if self._anchor is not None:
            return self._anchor.top
        return min(MARGIN, self.viewport().height() - MARGIN - self._page.n_lines * self.line_height)

    def line_at(self, position: QPointF) -> int:
        """The line at a height of the view; it may lie before the first or after the last."""
        return int((position.y() - self.top) // self.line_height)

    def reveal(self, token: int | None) -> None:
        """Scroll until a token is in view."""
        if token is not None and token >= self._n_laid:
            if not self._on_page(token):
                self._anchor = _Anchor(token, MARGIN)
                self._page = self._lay_out_page(self.viewport().width() - 2 * MARGIN)
                self.viewport().update()
            return
        if token is None or (line := self._layout.line_of(token)) is None:
            return
        self._drop_page()
        bar, top = self.verticalScrollBar(), line * self.line_height
        if top < bar.value():
            bar.setValue(top)
        elif top + self.line_height + 2 * MARGIN > bar.value() + self.viewport().height():
            bar.setValue(top + self.line_height + 2 * MARGIN - self.viewport().height())

    def _on_page(self, token: int) -> bool:
        """Whether the page that is shown alone has the token's line in view."""
        line = None if self._page is None else self._page.line_of(token)
        return (
            line is not None and 0 <= self.top + line * self.line_height <= self.viewport().height() - self.line_height
        )

    def _take_fonts(self) -> None:
        self._ink = StreamPainter(self.font(), self.zoom / 100)
        self._ink.make_room(self.marks.x_ray)
        self._layout = StreamLayout(self._ink.measure)

    def _restart(self, *, new_fonts: bool = False) -> None:
        """Lay everything out anew: a short text at once, of a long one the part in view and then the whole."""
        self._note_place()
        if new_fonts:
            self._take_fonts()
        width = self.viewport().width() - 2 * MARGIN
        self._layout.restart(width)
        self._n_laid = 0
        self.viewport().update()
        if len(self.tokens) > _TOKENS_A_PAGE:
            self._page = self._lay_out_page(width)
            self._more.start()
        else:
            self._page = None
            self._more.stop()
            self._lay_out(len(self.tokens))
            self._update_range()
            self._hold_place()

    def _lay_out_page(self, width: float) -> StreamLayout:
        """As many lines as fit into the view, alone."""
        page = StreamLayout(self._ink.measure)
        page.restart(width)
        start = len(self.tokens) - _TOKENS_A_PAGE if self._anchor is None else self._anchor.token
        n_lines = self.viewport().height() // self.line_height + 2
        for index in range(max(0, start), min(len(self.tokens), start + _TOKENS_A_PAGE)):
            self._add(page, index)
            if self._anchor is not None and page.n_lines > n_lines:
                break
        return page

    def _lay_out_more(self) -> None:
        """Lay out for a few milliseconds; where tokens are left, go on when there is time."""
        follow = self._page is None and self._at_end()
        first_new_line = self._layout.n_lines - 1
        until = perf_counter() + _SLICE_S
        goes_on = True
        while goes_on:
            self._lay_out(min(self._n_laid + _TOKENS_A_LOOK, len(self.tokens)))
            goes_on = self._n_laid < len(self.tokens) and perf_counter() < until
        self._update_range()
        if follow:
            self.verticalScrollBar().setValue(self.verticalScrollBar().maximum())
        if self._page is None:
            top = self.top + first_new_line * self.line_height
            self.viewport().update(0, top, self.viewport().width(), max(0, self.viewport().height() - top))
        if self._n_laid < len(self.tokens):
            self._more.start()
            return
        self._more.stop()
        if self._page is not None:
            self._drop_page()
            self._hold_place()

    def _lay_out(self, end: int) -> None:
        for index in range(self._n_laid, end):
            self._add(self._layout, index)
        self._n_laid = end

    def _add(self, layout: StreamLayout, index: int) -> None:
        token = self.tokens[index]
        if self._ghosts or not token.is_ghost:
            gap = self._ink.gap(token.fate, begins_word=token.begins_word)
            layout.add(index, token.shown, bold=token.fate == "correction", breaks=token.breaks, gap=gap)

    def _update_range(self) -> None:
        bar, height = self.verticalScrollBar(), self.viewport().height()
        bar.setPageStep(height)
        bar.setSingleStep(self.line_height)
        bar.setRange(0, max(0, self._layout.n_lines * self.line_height + 2 * MARGIN - height))

    def _note_place(self) -> None:
        """Note what is in view; while a page is shown alone, it is what the page was made for."""
        if self._page is None:
            self._anchor = None if self._at_end() else self._in_view()

    def _hold_place(self) -> None:
        """Scroll to the end or to what was in view before the layout changed."""
        if self._page is not None:
            return
        bar = self.verticalScrollBar()
        if self._anchor is None:
            bar.setValue(bar.maximum())
        elif (line := self._layout.line_from(self._anchor.token)) is not None:
            bar.setValue(MARGIN + line * self.line_height - self._anchor.top)

    def _drop_page(self) -> None:
        """Show the whole layout, as far as it is."""
        if self._page is not None:
            self._page = None
            self.viewport().update()

    def _at_end(self) -> bool:
        bar = self.verticalScrollBar()
        return bar.value() >= bar.maximum() - self.line_height

    def _in_view(self) -> _Anchor | None:
        """The first token in view."""
        line = max(0, -self.top // self.line_height)
        found = self.lines.tokens_of(line, line) if line < self.lines.n_lines else None
        return None if found is None else _Anchor(found[0], self.top + line * self.line_height)

    # Qt

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        """Fill the new width."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width() or self._page is not None:
            self._restart()
        else:
            self._note_place()
            self._update_range()
            self._hold_place()

    def scrollContentsBy(self, dx: int, dy: int) -> None:  # noqa: N802 (Qt's name)
        """Move what is painted; only what comes into view is painted anew."""
        if self._page is None:
            self.viewport().scroll(dx, dy)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        """Follow the system's font and scheme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._restart(new_fonts=True)

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        """Paint the lines that were uncovered: marks below, then tokens fate by fate."""
        painter = QPainter(self.viewport())
        if not self.tokens:
            self._ink.paint_note(painter, self.viewport().rect(), self.empty_text)
        some = self._ink.placed(self.lines, self.top, event.rect())
        self.marks.paint(painter, self._ink, self.tokens, some)
        by_fate: dict[StreamFate, list[Placed]] = {}
        for placed in some:
            by_fate.setdefault(self.tokens[placed.token].fate, []).append(placed)
        for fate, placed_alike in by_fate.items():
            self._ink.paint(painter, fate, placed_alike)
        painter.end()
