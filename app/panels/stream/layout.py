"""Where each token of the stream stands: lines of segments, laid out by appending; knows no painter and no event."""

import unicodedata
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator

import msgspec

GAP = 2.0
# Between tokens of one word: enough to tell their underlines apart, too little to tear the word.
JOINED_GAP = 1.0
_JOINER = "\u200d"
_SKIN_TONES = range(0x1F3FB, 0x1F400)


class TextSegment(msgspec.Struct, frozen=True, gc=False):
    """A piece of a token on one line. token: index of the token it belongs to."""

    x: float
    width: float
    text: str
    token: int


class StreamLayout:
    """Fills lines of a given width; what is laid out never moves until the whole is begun anew.

    Kept as columns of numbers: twenty bytes a token, and nothing for the garbage collector to look at."""

    def __init__(self, measure: Callable[[str, bool], float]) -> None:
        """measure: width of a text, in bold or not."""
        self._measure = measure
        self.restart(1.0)

    def restart(self, width: float) -> None:
        """Begin anew for lines of that width."""
        self._width = max(1.0, width)
        self._xs = array("f")
        self._widths = array("f")
        self._tokens = array("I")
        self._texts: list[str] = []
        self._line_starts = array("I", [0])
        self._x = 0.0

    def add(self, token: int, text: str, *, bold: bool, breaks: bool, gap: float = GAP) -> None:
        """Append a token, of a higher index than the one before; breaks: a line ends after it; gap: room before it."""
        width = self._measure(text, bold)
        self._x += gap if self._x else 0.0
        if self._x and self._x + width > self._width:
            self._new_line()
        while width > self._width and len(text) > 1:
            n = self._n_that_fit(text, bold=bold)
            self._place(token, text[:n], self._measure(text[:n], bold))
            self._new_line()
            text = text[n:]
            width = self._measure(text, bold)
        if text:
            self._place(token, text, width)
        if breaks:
            self._new_line()

    @property
    def n_lines(self) -> int:
        """Lines so far, the one being filled included."""
        return len(self._line_starts)

    @property
    def text(self) -> str:
        """What is shown, segment after segment."""
        return "".join(self._texts)

    def line(self, index: int) -> list[TextSegment]:
        """The segments of a line."""
        return list(self.segments(*self._bounds(index)))

    def segments(self, start: int, end: int) -> Iterator[TextSegment]:
        """A run of segments."""
        columns = (self._xs[start:end], self._widths[start:end], self._texts[start:end], self._tokens[start:end])
        return map(TextSegment, *columns)

    def tokens_of(self, first: int, last: int) -> tuple[int, int] | None:
        """The first and the last token on some lines; None where there is none."""
        start, end = self._bounds(first)[0], self._bounds(last)[1]
        return (self._tokens[start], self._tokens[end - 1]) if start < end else None

    def line_of(self, token: int) -> int | None:
        """The line a token begins on; None where it is not laid out."""
        at = bisect_left(self._tokens, token)
        if at == len(self._tokens) or self._tokens[at] != token:
            return None
        return bisect_right(self._line_starts, at) - 1

    def line_from(self, token: int) -> int | None:
        """The line a token begins on; that of the next one where it is hidden."""
        shown = self.following(token - 1, 1)
        return None if shown is None else self.line_of(shown)

    def segment_of(self, token: int) -> TextSegment | None:
        """The first piece of a token; None where it is not laid out."""
        at = bisect_left(self._tokens, token)
        found = at < len(self._tokens) and self._tokens[at] == token
        return next(self.segments(at, at + 1)) if found else None

    def following(self, token: int, step: int) -> int | None:
        """The next token that is laid out, or the one before for a step of -1; None at the end."""
        at = bisect_right(self._tokens, token) if step > 0 else bisect_left(self._tokens, token) - 1
        return self._tokens[at] if 0 <= at < len(self._tokens) else None

    def hit(self, x: float, line: int) -> int | None:
        """The token at a place."""
        at = self._at(x, line)
        return self._tokens[at] if at is not None and x <= self._xs[at] + self._widths[at] + GAP else None

    def nearest(self, x: float, line: int) -> int | None:
        """The token at a place or, beside and beyond the text, the closest one; None where there is none."""
        line = min(max(0, line), self.n_lines - 1)
        while line and not self._bounds(line)[0] < self._bounds(line)[1]:
            line -= 1
        at = self._at(max(0.0, x), line)
        return None if at is None else self._tokens[at]

    def _at(self, x: float, line: int) -> int | None:
        """The last segment of a line that begins at or left of a place."""
        if not 0 <= line < self.n_lines:
            return None
        start, end = self._bounds(line)
        at = bisect_right(self._xs, x, start, end) - 1
        return at if at >= start else None

    def _bounds(self, line: int) -> tuple[int, int]:
        end = self._line_starts[line + 1] if line + 1 < self.n_lines else len(self._texts)
        return self._line_starts[line], end

    def _place(self, token: int, text: str, width: float) -> None:
        self._xs.append(self._x)
        self._widths.append(width)
        self._texts.append(text)
        self._tokens.append(token)
        self._x += width

    def _new_line(self) -> None:
        self._line_starts.append(len(self._texts))
        self._x = 0.0

    def _n_that_fit(self, text: str, *, bold: bool) -> int:
        """The most characters that fit on a line, at least one, and none torn from what it combines with."""
        low, high = 1, len(text)
        while low < high:
            middle = (low + high + 1) // 2
            if self._measure(text[:middle], bold) <= self._width:
                low = middle
            else:
                high = middle - 1
        return next((n for n in range(low, 0, -1) if n == len(text) or not _joins(text[n - 1], text[n])), low)


def _joins(before: str, char: str) -> bool:
    """Whether two characters are drawn as one."""
    combines = unicodedata.category(char).startswith("M") or char == _JOINER or ord(char) in _SKIN_TONES
    return combines or before == _JOINER
