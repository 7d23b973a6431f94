"""Layout of the token stream: appends tokens as segments to lines that break between words, given a measure of text."""

import unicodedata
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator

import msgspec

from app.panels.stream.word_breaks import may_break

GAP = 2.0
# Between tokens of one word: enough to separate their underlines, too little to split the word.
JOINED_GAP = 1.0
_JOINER = "\u200d"
_SKIN_TONES = range(0x1F3FB, 0x1F400)


class TextSegment(msgspec.Struct, frozen=True, gc=False):
    """A piece of a token on one line. token: index of its token."""

    x: float
    width: float
    text: str
    token: int


class StreamLayout:
    """Fills lines of a given width; a segment moves only with its word, from the end of the last line to a new one.

    Stored as arrays: twenty bytes per token, and no objects for the garbage collector to scan."""

    def __init__(self, measure: Callable[[str, bool], float]) -> None:
        """measure: returns the width of a text, in bold or not."""
        self._measure = measure
        self.restart(1.0)

    def restart(self, width: float) -> None:
        """Empty the layout and set the width of its lines."""
        self._width = max(1.0, width)
        self._xs = array("f")
        self._widths = array("f")
        self._tokens = array("I")
        self._texts: list[str] = []
        self._line_starts = array("I", [0])
        self._x = 0.0
        # The first segment of the last word: the line may break before it.
        self._word_start = 0
        self._last_char = ""

    def add(self, token: int, text: str, *, bold: bool, breaks: bool, gap: float = GAP) -> None:
        """Append a token with a higher index than the last; breaks: end the line after it; gap: space before it."""
        width = self._measure(text, bold)
        self._x += gap if self._x else 0.0
        if not self._x or (text and may_break(self._last_char, text[0])):
            self._word_start = len(self._texts)
        if self._x and self._x + width > self._width:
            self._wrap_word()
        if self._x and self._x + width > self._width:
            self._new_line()
        while width > self._width and len(text) > 1:
            n = self._n_that_fit(text, bold=bold)
            self._add_segment(token, text[:n], self._measure(text[:n], bold))
            self._new_line()
            text = text[n:]
            width = self._measure(text, bold)
        self._add_segment(token, text, width)
        self._last_char = text[-1:] or self._last_char
        if breaks:
            self._new_line()

    @property
    def n_lines(self) -> int:
        """Number of lines, including the one being filled."""
        return len(self._line_starts)

    @property
    def text(self) -> str:
        """The text of all segments."""
        return "".join(self._texts)

    def line(self, index: int) -> list[TextSegment]:
        """The segments of a line."""
        return list(self.segments(*self._bounds(index)))

    def segments(self, start: int, end: int) -> Iterator[TextSegment]:
        """The segments from start to end, end excluded."""
        columns = (self._xs[start:end], self._widths[start:end], self._texts[start:end], self._tokens[start:end])
        return map(TextSegment, *columns)

    def tokens_of(self, first: int, last: int) -> tuple[int, int] | None:
        """The first and the last token on a range of lines; None if there is none."""
        start, end = self._bounds(first)[0], self._bounds(last)[1]
        return (self._tokens[start], self._tokens[end - 1]) if start < end else None

    def line_of(self, token: int) -> int | None:
        """The line a token starts on; None if it is not laid out."""
        segment = bisect_left(self._tokens, token)
        if segment == len(self._tokens) or self._tokens[segment] != token:
            return None
        return bisect_right(self._line_starts, segment) - 1

    def line_from(self, token: int) -> int | None:
        """The line a token starts on, or that of the next token if it is hidden."""
        visible_token = self.following(token - 1, 1)
        return None if visible_token is None else self.line_of(visible_token)

    def segment_of(self, token: int) -> TextSegment | None:
        """The first segment of a token; None if it is not laid out."""
        segment = bisect_left(self._tokens, token)
        is_laid_out = segment < len(self._tokens) and self._tokens[segment] == token
        return next(self.segments(segment, segment + 1)) if is_laid_out else None

    def following(self, token: int, step: int) -> int | None:
        """The next token that is laid out, or the previous one for a step of -1; None if there is none."""
        segment = bisect_right(self._tokens, token) if step > 0 else bisect_left(self._tokens, token) - 1
        return self._tokens[segment] if 0 <= segment < len(self._tokens) else None

    def hit(self, x: float, line: int) -> int | None:
        """The token at a position; None if there is none."""
        segment = self._segment_at(x, line)
        return (
            self._tokens[segment]
            if segment is not None and x <= self._xs[segment] + self._widths[segment] + GAP
            else None
        )

    def nearest(self, x: float, line: int) -> int | None:
        """The token at a position or, outside the text, the closest one; None if there is none."""
        line = min(max(0, line), self.n_lines - 1)
        while line and not self._bounds(line)[0] < self._bounds(line)[1]:
            line -= 1
        segment = self._segment_at(max(0.0, x), line)
        return None if segment is None else self._tokens[segment]

    def _segment_at(self, x: float, line: int) -> int | None:
        """The last segment of a line that starts at or left of x."""
        if not 0 <= line < self.n_lines:
            return None
        start, end = self._bounds(line)
        segment = bisect_right(self._xs, x, start, end) - 1
        return segment if segment >= start else None

    def _bounds(self, line: int) -> tuple[int, int]:
        end = self._line_starts[line + 1] if line + 1 < self.n_lines else len(self._texts)
        return self._line_starts[line], end

    def _add_segment(self, token: int, text: str, width: float) -> None:
        self._xs.append(self._x)
        self._widths.append(width)
        self._texts.append(text)
        self._tokens.append(token)
        self._x += width

    def _new_line(self) -> None:
        self._line_starts.append(len(self._texts))
        self._word_start = len(self._texts)
        self._x = 0.0

    def _wrap_word(self) -> None:
        """Begin a line with the last word; one that has a line to itself stays where it is."""
        first = self._word_start
        if not self._line_starts[-1] < first < len(self._texts):
            return
        shift = self._xs[first]
        for segment in range(first, len(self._texts)):
            self._xs[segment] -= shift
        self._line_starts.append(first)
        self._x -= shift

    def _n_that_fit(self, text: str, *, bold: bool) -> int:
        """The number of characters that fit on a line, at least one, without splitting combined characters."""
        low, high = 1, len(text)
        while low < high:
            middle = (low + high + 1) // 2
            if self._measure(text[:middle], bold) <= self._width:
                low = middle
            else:
                high = middle - 1
        return next((n for n in range(low, 0, -1) if n == len(text) or not _is_joined(text[n - 1], text[n])), low)


def _is_joined(before: str, char: str) -> bool:
    """Whether two adjacent characters are drawn as one."""
    is_combining = unicodedata.category(char).startswith("M") or char == _JOINER or ord(char) in _SKIN_TONES
    return is_combining or before == _JOINER
