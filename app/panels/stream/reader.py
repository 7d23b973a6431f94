"""A stream in which one is somewhere: the current token and its card, a range, the finds; takes no input itself."""

from bisect import bisect_left
from collections.abc import Sequence
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

Way: TypeAlias = Literal["left", "right", "up", "down"]
_STEPS: dict[Way, int] = {"left": -1, "right": 1}
_LINES: dict[Way, int] = {"up": -1, "down": 1}


class StreamReader(StreamCanvas):
    """Lets tokens be reached. `picked` names the one that was; `search_moved` says that the finds are others."""

    picked = Signal(object)
    search_moved = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        accessible.install()
        self._card = TokenCard(self.viewport())
        self._range_from: int | None = None
        self._range_to: int | None = None
        # Where the next move begins after scrolling by key, without anything being selected there.
        self._reading_at: int | None = None

    @property
    def card(self) -> TokenCard:
        """The card, for the panel that owns the view."""
        return self._card

    @property
    def settled(self) -> bool:
        """Whether every token is laid out."""
        return self._n_laid == len(self.tokens)

    # The run on show

    def clear(self) -> None:
        """Forget all tokens; what is searched for is looked for in the next ones."""
        wanted = "" if self.marks.search is None else self.marks.search.wanted
        self._card.hide()
        self._range_from = self._range_to = self._reading_at = None
        super().clear()
        self.search(wanted)

    def append(self, tokens: Sequence[StreamToken]) -> None:
        """Add tokens at the end, and what was searched for in them."""
        super().append(tokens)
        if tokens and self.marks.search is not None:
            self.marks.search.catch_up()
            self.search_moved.emit()

    def select(self, selection: Selection | None) -> None:
        """Mark a round, and the token in it."""
        at = None if selection is None else self._index_of(selection)
        self._reading_at = None
        self.marks.round = None if selection is None else selection.round
        self.marks.current = None if selection is None or selection.token is None else at
        self.reveal(at)
        if self.marks.current is not None:
            self.show_card(self.marks.current)
        else:
            self._card.hide()
        accessible.announce(self)
        self.viewport().update()

    def show_card(self, index: int) -> None:
        """Show the card of a token beside it."""
        line, segment = self.lines.line_of(index), self.lines.segment_of(index)
        if line is None or segment is None or self.tokens[index].record is None:
            self._card.hide()
            return
        top = self.top + line * self.line_height
        at = QRect(round(MARGIN + segment.x), top, round(segment.width), self.line_height)
        self._card.show_token(self.tokens[index], at)

    def _index_of(self, selection: Selection) -> int | None:
        """Places rise with the index, prompt tokens first."""
        wanted = (True, selection.round, selection.token or 0)
        at = bisect_left(self.tokens, wanted, key=lambda token: (token.record is not None, token.round, token.index))
        return at if at < len(self.tokens) else None

    # A range, and copying

    def copied_text(self) -> str:
        """The plain text of the range, of everything that was kept where there is none."""
        return self.text() if self.marks.range is None else self.kept.between(*self.marks.range)

    def select_all(self) -> None:
        """Make a range of the whole text."""
        if self.tokens:
            self.set_range(0, len(self.tokens) - 1)

    def set_range(self, start: int | None, end: int | None) -> None:
        """Make a range from one token to another, in either order; none of None."""
        self._range_from, self._range_to, self._reading_at = start, end, None
        self.marks.range = None if start is None or end is None else (min(start, end), max(start, end))
        self.viewport().update()

    def extend_range(self, to: int | None) -> None:
        """Move the range's end to a token and show it; the range begins where moving begins."""
        if to is not None:
            self.set_range(self._start() if self._range_from is None else self._range_from, to)
            self._card.hide()
            self.reveal(to)

    def stretch_range(self, to: int | None) -> None:
        """Move the range's end to a token in view."""
        if to is not None and to != self._range_to:
            self.set_range(self._range_from, to)

    # Search

    def search(self, wanted: str) -> None:
        """Mark all places of a text, beginning with the next one in view; nothing for an empty text."""
        self.marks.search = Search(self.kept, wanted) if wanted else None
        if self.marks.search is not None:
            self.marks.search.catch_up()
            self.marks.search_at = self.marks.search.nearest(self._start())
        self._show_find()

    def search_on(self, step: int) -> None:
        """Go to the next place or, for -1, the one before; past the last comes the first."""
        if self.marks.search is not None and self.marks.search.starts:
            self.marks.search_at = (self.marks.search_at + step) % len(self.marks.search.starts)
            self._show_find()

    def end_search(self) -> None:
        """Search for nothing more; the find it is at is picked or, in the prompt, is where moving begins."""
        search = self.marks.search
        found = search.found(self.marks.search_at) if search is not None and search.starts else None
        self.search("")
        if found is not None:
            of_run = (i for i in range(found.first, found.last + 1) if _is_kept(self.tokens[i]))
            at = next(of_run, None)
            self.set_range(None, None)
            self.picked.emit(None if at is None else self.tokens[at].place)
            self._reading_at = found.first if at is None else None

    def _show_find(self) -> None:
        if self.marks.search is not None and self.marks.search.starts:
            self.reveal(self.marks.search.found(self.marks.search_at).first)
        self.viewport().update()
        self.search_moved.emit()

    # Moving

    def zoom_by(self, steps: int) -> None:
        """Make the text larger, or smaller for a negative number."""
        at = min(max(0, theme.ZOOMS.index(self.zoom) + steps), len(theme.ZOOMS) - 1)
        self._card.hide()
        self.set_zoom(theme.ZOOMS[at])

    def _start(self) -> int:
        """Where moving begins: where keys scrolled to, else the current token, else the first in view."""
        if self._reading_at is not None:
            return self._reading_at
        if self.marks.current is not None:
            return self.marks.current
        first = self._in_view()
        return 0 if first is None else first.token

    def _before(self, way: Way) -> int:
        """The token that moving leaves; with none chosen, the one before the first in view or after the last of all."""
        if self._reading_at is not None:
            return self._reading_at + (-1 if way == "right" else 1)
        if self.marks.current is not None:
            return self.marks.current
        return self._start() - 1 if way == "right" else len(self.tokens)

    def _beside(self, index: int, step: int) -> int | None:
        """The next token that is shown and has a card, which those of the prompt have not."""
        n_prompt = bisect_left(self.tokens, True, key=lambda token: token.record is not None)
        at = self.lines.following(max(index, n_prompt - 1) if step > 0 else index, step)
        return None if at is None or at < n_prompt else at

    def _above(self, index: int, n_lines: int) -> int | None:
        """The token some lines below another, or above it."""
        line, segment = self.lines.line_of(index), self.lines.segment_of(index)
        if line is None or segment is None or not 0 <= line + n_lines < self.lines.n_lines:
            return None
        return self.lines.nearest(segment.x + segment.width / 2, line + n_lines)

    def pick(self, index: int | None) -> None:
        """Choose a token that has a place in the run, and end the range."""
        if index is not None and self.tokens[index].record is not None:
            self.set_range(None, None)
            self.picked.emit(self.tokens[index].place)
            if index == self.marks.current:
                self.reveal(index)
                self.show_card(index)

    def move_on(self, way: Way, *, extends: bool) -> None:
        """Go to the next token or line, taking the range along or leaving it; scroll where there is no such token."""
        at = self._start() if self._range_to is None or not extends else self._range_to
        if way in _LINES:
            to = self._above(at, _LINES[way])
        elif extends:
            to = self.lines.following(at, _STEPS[way])
        else:
            to = self._beside(self._before(way), _STEPS[way])
        if extends:
            self.extend_range(to)
        elif way in _LINES and (to is None or self.tokens[to].record is None):
            bar = self.verticalScrollBar()
            bar.setValue(bar.value() + _LINES[way] * self.line_height)
            self._reading_at = to if self._reading_at is not None and to is not None else self._reading_at
        else:
            self.pick(to)

    def jump(self, *, to_end: bool, extends: bool) -> None:
        """Scroll to the beginning or the end, taking the range along or leaving it."""
        self._drop_page()
        bar = self.verticalScrollBar()
        if extends and self.tokens:
            self.extend_range(len(self.tokens) - 1 if to_end else 0)
        bar.setValue(bar.maximum() if to_end else bar.minimum())
        if not extends and self.tokens:
            self._reading_at = len(self.tokens) - 1 if to_end else 0

    def read_on_from_view(self) -> None:
        """Let the next move begin at the first line that is wholly in view."""
        line = max(0, -(self.top // self.line_height))
        found = self.lines.tokens_of(line, line) if line < self.lines.n_lines else None
        self._reading_at = None if found is None else found[0]


def _is_kept(token: StreamToken) -> bool:
    return token.place is not None and not token.is_ghost
