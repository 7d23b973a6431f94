"""Lays out the newest lines of a lane's text: words stay whole, and lines above the visible ones are forgotten."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from app.state.round_tree import inline_nodes
from app.text.shown_text import visible
from app.theme import StreamFate
from app.workspaces.presentation.race import Emission

GHOST_FATES: frozenset[StreamFate] = frozenset({"rejected", "untested"})
_EMPTY_MARK = "⟨⟩"


class TextPiece(NamedTuple):
    """A token's text without its leading spaces. joins: it continues the word before it."""

    text: str
    fate: StreamFate
    joins: bool


class PlacedPiece(NamedTuple):
    """A piece on its line."""

    x: float
    width: float
    piece: TextPiece


def pieces_of(emission: Emission) -> Iterator[TextPiece]:
    """The tokens of an emission, ghosts included; a text that was recorded without its tokens is one piece."""
    done = emission.round
    if done is None or (not done.proposed and done.last is None):
        yield _piece(emission.text, "plain")
        return
    for node in inline_nodes(done):
        yield _piece(done.proposed[node].text, done.proposed[node].fate)
    if done.last is not None:
        yield _piece(done.last.text, done.last.kind if done.proposed else "plain")


def _piece(token: str, fate: StreamFate) -> TextPiece:
    shown = visible(token) or _EMPTY_MARK
    text = shown.lstrip("·")
    return TextPiece(text.replace("·", " "), fate, joins=text == shown)


class GrowingText:
    """Fills lines of a given width and keeps the newest `n_lines`. n_dropped: how many lines were forgotten."""

    def __init__(self) -> None:
        self.restart(1.0, 1, lambda text, bold: 1.0)

    def restart(self, width: float, n_lines: int, measure: Callable[[str, bool], float]) -> None:
        """Empty the text; measure: the width of a text, in bold or not."""
        self._width, self._measure = max(1.0, width), measure
        self._lines: deque[list[PlacedPiece]] = deque([[]], maxlen=max(1, n_lines))
        self._space = measure(" ", False)
        self.n_dropped = 0
        self._x = 0.0

    def clear(self) -> None:
        """Empty the text; its measures stay."""
        self.restart(self._width, self._lines.maxlen or 1, self._measure)

    @property
    def lines(self) -> tuple[list[PlacedPiece], ...]:
        """The newest lines, from the top."""
        return tuple(self._lines)

    def newest(self, latest: Iterable[Emission]) -> list[Emission]:
        """As many emissions as fill the lines, in their order; latest: from the latest back."""
        n_chars = (self._lines.maxlen or 1) * self._width / max(1.0, self._space)
        kept: list[Emission] = []
        for emission in latest:
            if n_chars < 0:
                break
            kept.append(emission)
            n_chars -= max(1, len(emission.text))
        return kept[::-1]

    def add(self, pieces: Iterable[TextPiece]) -> None:
        """Append pieces."""
        for piece in pieces:
            for part in self._parts(piece):
                self._add(part)

    def _parts(self, piece: TextPiece) -> Iterator[TextPiece]:
        """The piece itself or, where it is wider than a line, what fits of it line by line."""
        text = piece.text
        while len(text) > 1 and self._measure(text, True) > self._width:
            n = max(1, int(len(text) * self._width / self._measure(text, True)))
            while n > 1 and self._measure(text[:n], True) > self._width:
                n -= 1
            yield piece._replace(text=text[:n])
            text = text[n:]
        yield piece._replace(text=text)

    def _add(self, piece: TextPiece) -> None:
        width = self._measure(piece.text, piece.fate == "correction")
        line = self._lines[-1]
        x = self._x + (self._space if line and not piece.joins else 0.0)
        if line and x + width > self._width:
            x = self._begin_line(piece, width)
        self._lines[-1].append(PlacedPiece(x, width, piece))
        self._x = x + width

    def _begin_line(self, piece: TextPiece, width: float) -> float:
        """Begin a line with the word that the piece continues, where both fit on it. Returns where the piece goes."""
        line = self._lines[-1]
        start = len(line)
        if piece.joins:
            start = next((i for i in range(len(line) - 1, 0, -1) if not line[i].piece.joins), len(line))
        word = line[start:]
        shift = word[0].x if word else 0.0
        end = word[-1].x + word[-1].width - shift if word else 0.0
        if end + width > self._width:
            word, end = [], 0.0
        else:
            del line[start:]
        self.n_dropped += len(self._lines) == self._lines.maxlen
        self._lines.append([placed._replace(x=placed.x - shift) for placed in word])
        return end
