"""Canvas of the token stream: lays tokens out in slices and paints only the lines in view."""

from collections.abc import Sequence
from time import perf_counter
from typing import NamedTuple

from PySide6.QtCore import QEvent, QPointF, Qt, QTimer
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QResizeEvent
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QWidget

from app.panels.stream.layout import StreamLayout
from app.panels.stream.marks import StreamMarks
from app.panels.stream.painter import MARGIN, PlacedSegment, StreamPainter
from app.panels.stream.text import KeptText
from app.panels.stream.tokens import StreamToken, read_lines
from app.theme import StreamFate

_SLICE_S = 0.003
_TOKENS_PER_CHECK = 100
# More than fit into a window, but few enough to lay out at once.
_TOKENS_PER_PAGE = 1500


class _Anchor(NamedTuple):
    """A token and the y of its line's top in the view."""

    token: int
    top: int


class StreamCanvas(QAbstractScrollArea):
    """Shows tokens with their fates and scrolls along while the end is in view.

    When a long text is laid out again, the part that was in view (the page) is laid out first and shown alone."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.tokens: list[StreamToken] = []
        self.kept = KeptText()
        self.marks = StreamMarks()
        self.empty_text = ""
        self.zoom = 100
        self._reading = False
        self._n_laid_out = 0
        self._page: StreamLayout | None = None
        self._anchor: _Anchor | None = None
        self._layout_timer = QTimer(self)
        self._layout_timer.setInterval(0)
        self._layout_timer.timeout.connect(self._lay_out_more)
        self._set_fonts()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.verticalScrollBar().actionTriggered.connect(self._drop_page)
        self.viewport().setBackgroundRole(QPalette.ColorRole.Base)
        self.viewport().setAutoFillBackground(True)

    # What is shown

    def clear(self) -> None:
        """Remove all tokens."""
        self.tokens, self.kept = [], KeptText()
        self.marks.forget()
        self._page = None
        self.verticalScrollBar().setRange(0, 0)
        self._restart()

    def append(self, tokens: Sequence[StreamToken]) -> None:
        """Add tokens at the end, and scroll along if the end was in view."""
        if tokens:
            self.hold(tokens)
            self.lay_out_held()

    def hold(self, tokens: Sequence[StreamToken]) -> None:
        """Add tokens that `lay_out_held` will show: those of a long prompt come in slices."""
        if not self.tokens:
            self.viewport().update()
        first = len(self.tokens)
        self.kept.append(tokens, first)
        self.tokens += tokens
        if self._page is not None and self._anchor is None and len(tokens) <= _TOKENS_PER_PAGE:
            for index in range(first, len(self.tokens)):
                self._add(self._page, index)
            self.viewport().update()

    def lay_out_held(self) -> None:
        """Show what was added, its end first where it is long."""
        if self._layout_timer.isActive():
            return
        if len(self.tokens) - self._n_laid_out > _TOKENS_PER_PAGE and self._page is None and self._at_end():
            self._anchor = None
            self._page = self._lay_out_page(self.viewport().width() - 2 * MARGIN)
            self.viewport().update()
        self._lay_out_more()

    @property
    def reading(self) -> bool:
        """Whether the text is shown as text: no ghosts, no pieces, fates by underline only."""
        return self._reading

    def show_as_text(self, reading: bool) -> None:
        """Show the text as text, or every token that was proposed, piece by piece."""
        if reading != self._reading:
            self._reading = self._painter.reading = reading
            self._restart()

    def show_x_ray(self, shown: bool) -> None:
        """Show or hide how likely each proposed token was to be accepted."""
        self.marks.x_ray = shown
        self._make_room()

    def show_gate(self, shown: bool) -> None:
        """Show or hide the probability that a gate gave each drafted token, in place of the X-ray."""
        self.marks.gate = shown
        self._make_room()

    def _make_room(self) -> None:
        self._remember_position()
        self._painter.make_room(self.marks.has_bars)
        self._update_range()
        self._restore_position()
        self.viewport().update()

    def set_zoom(self, percent: int) -> None:
        """Set the text size; 100 is that of the window."""
        if percent != self.zoom:
            self.zoom = percent
            self._restart(new_fonts=True)

    def text(self) -> str:
        """The kept text, prompt included."""
        return self.kept.text

    def shown_text(self) -> str:
        """The painted text, token after token."""
        return self._layout.text

    # Layout

    @property
    def lines(self) -> StreamLayout:
        """The lines on show."""
        return self._layout if self._page is None else self._page

    @property
    def settled(self) -> bool:
        """Whether every token is laid out."""
        return self._n_laid_out == len(self.tokens)

    @property
    def line_height(self) -> int:
        """Distance between two lines."""
        return self._painter.line_height

    @property
    def top(self) -> int:
        """The y of the first line's top in the view."""
        if self._page is None:
            return MARGIN - self.verticalScrollBar().value()
        if self._anchor is not None:
            return self._anchor.top
        return min(MARGIN, self.viewport().height() - MARGIN - self._page.n_lines * self.line_height)

    def line_at(self, position: QPointF) -> int:
        """The line at a y of the view; it may be before the first or after the last."""
        return int((position.y() - self.top) // self.line_height)

    def reveal(self, token: int | None) -> None:
        """Scroll a token into view."""
        if token is not None and token >= self._n_laid_out:
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
        """Whether the page shown alone has the token's line in view."""
        line = None if self._page is None else self._page.line_of(token)
        return (
            line is not None and 0 <= self.top + line * self.line_height <= self.viewport().height() - self.line_height
        )

    def _set_fonts(self) -> None:
        self._painter = StreamPainter(self.font(), self.zoom / 100)
        self._painter.reading = self._reading
        self._painter.make_room(self.marks.has_bars)
        self._layout = StreamLayout(self._painter.measure)

    def _restart(self, *, new_fonts: bool = False) -> None:
        """Lay everything out again: a short text at once, a long one starting with the part in view."""
        self._remember_position()
        if new_fonts:
            self._set_fonts()
        width = self.viewport().width() - 2 * MARGIN
        self._layout.restart(width)
        self._n_laid_out = 0
        self.viewport().update()
        if len(self.tokens) > _TOKENS_PER_PAGE:
            self._page = self._lay_out_page(width)
            self._layout_timer.start()
        else:
            self._page = None
            self._layout_timer.stop()
            self._lay_out(len(self.tokens))
            self._update_range()
            self._restore_position()

    def _lay_out_page(self, width: float) -> StreamLayout:
        """Lay out only as many lines as fit into the view."""
        page = StreamLayout(self._painter.measure)
        page.restart(width)
        start = len(self.tokens) - _TOKENS_PER_PAGE if self._anchor is None else self._anchor.token
        n_lines = self.viewport().height() // self.line_height + 2
        for index in range(max(0, start), min(len(self.tokens), start + _TOKENS_PER_PAGE)):
            self._add(page, index)
            if self._anchor is not None and page.n_lines > n_lines:
                break
        return page

    def _lay_out_more(self) -> None:
        """Lay tokens out for a few milliseconds; the timer continues with the rest."""
        at_end = self._page is None and self._at_end()
        first_new_line = self._layout.n_lines - 1
        deadline = perf_counter() + _SLICE_S
        has_time = True
        while has_time:
            self._lay_out(min(self._n_laid_out + _TOKENS_PER_CHECK, len(self.tokens)))
            has_time = self._n_laid_out < len(self.tokens) and perf_counter() < deadline
        self._update_range()
        if at_end:
            self.verticalScrollBar().setValue(self.verticalScrollBar().maximum())
        if self._page is None:
            top = self.top + first_new_line * self.line_height
            self.viewport().update(0, top, self.viewport().width(), max(0, self.viewport().height() - top))
        if self._n_laid_out < len(self.tokens):
            self._layout_timer.start()
            return
        self._layout_timer.stop()
        if self._page is not None:
            self._drop_page()
            self._restore_position()

    def _lay_out(self, end: int) -> None:
        for index in range(self._n_laid_out, end):
            self._add(self._layout, index)
        self._n_laid_out = end

    def _add(self, layout: StreamLayout, index: int) -> None:
        token = self.tokens[index]
        if not self._reading:
            gap = self._painter.gap(token.fate, begins_word=token.begins_word)
            layout.add(index, token.shown, bold=token.fate == "correction", breaks=token.breaks, gap=gap)
        elif not token.is_ghost:
            *ended, last = read_lines(token)
            for line in ended:
                layout.add(index, line, bold=False, breaks=True, gap=0.0)
            if last or not ended:
                layout.add(index, last, bold=False, breaks=False, gap=0.0)

    def _update_range(self) -> None:
        bar, height = self.verticalScrollBar(), self.viewport().height()
        bar.setPageStep(height)
        bar.setSingleStep(self.line_height)
        bar.setRange(0, max(0, self._layout.n_lines * self.line_height + 2 * MARGIN - height))

    def _remember_position(self) -> None:
        """Remember what is in view; while a page is shown alone, keep the anchor it was laid out for."""
        if self._page is None:
            self._anchor = None if self._at_end() else self._in_view()

    def _restore_position(self) -> None:
        """Scroll to the end, or to what was in view before the layout changed."""
        if self._page is not None:
            return
        bar = self.verticalScrollBar()
        if self._anchor is None:
            bar.setValue(bar.maximum())
        elif (line := self._layout.line_from(self._anchor.token)) is not None:
            bar.setValue(MARGIN + line * self.line_height - self._anchor.top)

    def _drop_page(self) -> None:
        """Show the full layout, even if it is unfinished."""
        if self._page is not None:
            self._page = None
            self.viewport().update()

    def _at_end(self) -> bool:
        bar = self.verticalScrollBar()
        return bar.value() >= bar.maximum() - self.line_height

    def _in_view(self) -> _Anchor | None:
        """The first token in view."""
        line = max(0, -self.top // self.line_height)
        tokens = self.lines.tokens_of(line, line) if line < self.lines.n_lines else None
        return None if tokens is None else _Anchor(tokens[0], self.top + line * self.line_height)

    # Qt

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        """Lay the text out for the new width."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width() or self._page is not None:
            self._restart()
        else:
            self._remember_position()
            self._update_range()
            self._restore_position()

    def scrollContentsBy(self, dx: int, dy: int) -> None:  # noqa: N802 (Qt's name)
        """Move the painted pixels; only what comes into view is repainted."""
        if self._page is None:
            self.viewport().scroll(dx, dy)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        """Follow changes of the system's font."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._restart(new_fonts=True)

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        """Paint the exposed lines: first the marks, then the tokens fate by fate."""
        painter = QPainter(self.viewport())
        if not self.tokens:
            self._painter.paint_note(painter, self.viewport().rect(), self.empty_text)
        segments = self._painter.placed(self.lines, self.top, event.rect())
        self.marks.paint(painter, self._painter, self.tokens, segments)
        by_fate: dict[StreamFate, list[PlacedSegment]] = {}
        for placed in segments:
            by_fate.setdefault(self.tokens[placed.token].fate, []).append(placed)
        for fate, same_fate in by_fate.items():
            self._painter.paint(painter, fate, same_fate)
        painter.end()
