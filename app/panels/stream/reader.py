"""Adds a position to the stream: current token and card, selected range and search; view.py maps input to it."""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import takewhile
from typing import Literal, TypeAlias

from PySide6.QtCore import QRect, Signal
from PySide6.QtWidgets import QWidget

from app import theme
from app.panels.stream import accessible
from app.panels.stream.canvas import StreamCanvas
from app.panels.stream.card import TokenCard
from app.panels.stream.painter import MARGIN
from app.panels.stream.text import Search
from app.panels.stream.tokens import StreamToken
from app.state.selection import Selection

Direction: TypeAlias = Literal["left", "right", "up", "down"]
_STEPS: dict[Direction, int] = {"left": -1, "right": 1}
_LINE_STEPS: dict[Direction, int] = {"up": -1, "down": 1}


class StreamReader(StreamCanvas):
    """Navigates the tokens. `picked` carries the chosen token; `search_moved` is emitted when the matches change."""

    picked = Signal(object)
    search_moved = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        accessible.install()
        self._card = TokenCard(self.viewport())
        self._range_from: int | None = None
        self._range_to: int | None = None
        # The token where the next move starts after scrolling by key, which selects nothing.
        self._reading_index: int | None = None

    @property
    def card(self) -> TokenCard:
        """The card, for the panel that owns the view."""
        return self._card

    # The run on show

    def show_as_text(self, reading: bool) -> None:
        """Switch between reading and inspecting; the card of the current token comes and goes with it."""
        super().show_as_text(reading)
        if reading or self.marks.current is None:
            self._card.hide()
        elif self.isVisible():
            self.show_card(self.marks.current)

    def clear(self) -> None:
        """Remove all tokens; an open search continues in the next ones."""
        query = "" if self.marks.search is None else self.marks.search.wanted
        self._card.hide()
        self._range_from = self._range_to = self._reading_index = None
        super().clear()
        self.search(query)

    def hold(self, tokens: Sequence[StreamToken]) -> None:
        """Add tokens at the end and search them."""
        super().hold(tokens)
        if tokens and self.marks.search is not None:
            self.marks.search.catch_up()
            self.search_moved.emit()

    def select(self, selection: Selection | None) -> None:
        """Mark the selected round and token, and show the token's card."""
        index = None if selection is None else self._index_of(selection)
        self._reading_index = None
        self.marks.round = None if selection is None else selection.round
        self.marks.current = index if index is not None and self.tokens[index].place == selection else None
        self.reveal(index)
        if self.marks.current is not None:
            self.show_card(self.marks.current)
        else:
            self._card.hide()
        accessible.announce(self)
        self.viewport().update()

    def show_card(self, index: int) -> None:
        """Show the card of a token beside it, unless the text is only read."""
        self._settle_layout()
        line, segment = self.lines.line_of(index), self.lines.segment_of(index)
        if self.reading or line is None or segment is None or self.tokens[index].record is None:
            self._card.hide()
            return
        top = self.top + line * self.line_height
        rect = QRect(round(MARGIN + segment.x), top, round(segment.width), self.line_height)
        self._card.show_token(self.tokens[index], rect)

    def _settle_layout(self) -> None:
        """Do what is left to lay out around the view now: Qt would do it while it shows the card, which then hides."""
        widget = self.parentWidget()
        while widget is not None:
            if (layout := widget.layout()) is not None:
                layout.activate()
            widget = widget.parentWidget()

    def _index_of(self, selection: Selection) -> int | None:
        """Find the selected token; the first of its round where no token is selected, or one that no line shows.

        Tokens are ordered by round, after those of the prompt; the few of a round are in the order of the text."""
        key = (True, selection.round)
        first = bisect_left(self.tokens, key, key=lambda token: (token.record is not None, token.round))
        of_round = takewhile(lambda index: self.tokens[index].round == selection.round, range(first, len(self.tokens)))
        own = next((index for index in of_round if self.tokens[index].index == selection.token), first)
        return own if own < len(self.tokens) else None

    # A range, and copying

    def copied_text(self) -> str:
        """The text of the range, or all the kept text if there is none."""
        return self.text() if self.marks.range is None else self.kept.between(*self.marks.range)

    def select_all(self) -> None:
        """Extend the range over all tokens."""
        if self.tokens:
            self.set_range(0, len(self.tokens) - 1)

    def set_range(self, start: int | None, end: int | None) -> None:
        """Set the range from one token to another, in either order; None removes it."""
        self._range_from, self._range_to, self._reading_index = start, end, None
        self.marks.range = None if start is None or end is None else (min(start, end), max(start, end))
        self.viewport().update()

    def extend_range(self, to: int | None) -> None:
        """Move the end of the range to a token and show it; a new range starts where moving starts."""
        if to is not None:
            self.set_range(self._start_token() if self._range_from is None else self._range_from, to)
            self._card.hide()
            self.reveal(to)

    def stretch_range(self, to: int | None) -> None:
        """Move the end of the range to a token in view."""
        if to is not None and to != self._range_to:
            self.set_range(self._range_from, to)

    # Search

    def search(self, query: str) -> None:
        """Mark all matches of a text, starting with the next one in view; an empty text ends the search."""
        self.marks.search = Search(self.kept, query) if query else None
        if self.marks.search is not None:
            self.marks.search.catch_up()
            self.marks.search_at = self.marks.search.nearest(self._start_token())
        self._show_match()

    def search_on(self, step: int) -> None:
        """Go to the next match or, for -1, the previous one; wrap around at the ends."""
        if self.marks.search is not None and self.marks.search.starts:
            self.marks.search_at = (self.marks.search_at + step) % len(self.marks.search.starts)
            self._show_match()

    def end_search(self) -> None:
        """End the search and pick the current match or, if it is in the prompt, start moving from it."""
        search = self.marks.search
        match = search.found(self.marks.search_at) if search is not None and search.starts else None
        self.search("")
        if match is not None:
            kept_indexes = (i for i in range(match.first, match.last + 1) if _is_kept(self.tokens[i]))
            index = next(kept_indexes, None)
            self.set_range(None, None)
            self.picked.emit(None if index is None else self.tokens[index].place)
            self._reading_index = match.first if index is None else None

    def _show_match(self) -> None:
        if self.marks.search is not None and self.marks.search.starts:
            self.reveal(self.marks.search.found(self.marks.search_at).first)
        self.viewport().update()
        self.search_moved.emit()

    # Moving

    def zoom_by(self, steps: int) -> None:
        """Make the text larger, or smaller for negative steps."""
        zoom_index = min(max(0, theme.ZOOMS.index(self.zoom) + steps), len(theme.ZOOMS) - 1)
        self._card.hide()
        self.set_zoom(theme.ZOOMS[zoom_index])

    def _start_token(self) -> int:
        """Where moving starts: where keys scrolled to, else the current token, else the first in view."""
        if self._reading_index is not None:
            return self._reading_index
        if self.marks.current is not None:
            return self.marks.current
        first = self._in_view()
        return 0 if first is None else first.token

    def _departure_token(self, way: Direction) -> int:
        """The token to move from; without a current one, just before the first in view or after the last of all."""
        if self._reading_index is not None:
            return self._reading_index + (-1 if way == "right" else 1)
        if self.marks.current is not None:
            return self.marks.current
        return self._start_token() - 1 if way == "right" else len(self.tokens)

    def _horizontal_neighbour(self, index: int, step: int) -> int | None:
        """The next shown token in a direction, skipping the prompt, whose tokens have no card."""
        n_prompt = bisect_left(self.tokens, True, key=lambda token: token.record is not None)
        neighbour = self.lines.following(max(index, n_prompt - 1) if step > 0 else index, step)
        return None if neighbour is None or neighbour < n_prompt else neighbour

    def _vertical_neighbour(self, index: int, n_lines: int) -> int | None:
        """The token some lines below another, or above it for a negative number."""
        line, segment = self.lines.line_of(index), self.lines.segment_of(index)
        if line is None or segment is None or not 0 <= line + n_lines < self.lines.n_lines:
            return None
        return self.lines.nearest(segment.x + segment.width / 2, line + n_lines)

    def pick(self, index: int | None) -> None:
        """Pick a token of the run, not of the prompt, and remove the range."""
        if index is not None and self.tokens[index].record is not None:
            self.set_range(None, None)
            self.picked.emit(self.tokens[index].place)
            if index == self.marks.current:
                self.reveal(index)
                self.show_card(index)

    def move_on(self, way: Direction, *, extends: bool) -> None:
        """Go to the next token or line and extend or leave the range; scroll if no token can be picked there."""
        start = self._start_token() if self._range_to is None or not extends else self._range_to
        if way in _LINE_STEPS:
            to = self._vertical_neighbour(start, _LINE_STEPS[way])
        elif extends:
            to = self.lines.following(start, _STEPS[way])
        else:
            to = self._horizontal_neighbour(self._departure_token(way), _STEPS[way])
        if extends:
            self.extend_range(to)
        elif way in _LINE_STEPS and (to is None or self.tokens[to].record is None):
            bar = self.verticalScrollBar()
            bar.setValue(bar.value() + _LINE_STEPS[way] * self.line_height)
            self._reading_index = to if self._reading_index is not None and to is not None else self._reading_index
        else:
            self.pick(to)

    def jump(self, *, to_end: bool, extends: bool) -> None:
        """Scroll to the beginning or the end and extend or leave the range."""
        self._drop_page()
        bar = self.verticalScrollBar()
        if extends and self.tokens:
            self.extend_range(len(self.tokens) - 1 if to_end else 0)
        bar.setValue(bar.maximum() if to_end else bar.minimum())
        if not extends and self.tokens:
            self._reading_index = len(self.tokens) - 1 if to_end else 0

    def read_on_from_view(self) -> None:
        """Let the next move start at the first line that is fully in view."""
        line = max(0, -(self.top // self.line_height))
        tokens = self.lines.tokens_of(line, line) if line < self.lines.n_lines else None
        self._reading_index = None if tokens is None else tokens[0]


def _is_kept(token: StreamToken) -> bool:
    return token.place is not None and not token.is_ghost
