"""Where each token of the stream stands: lines of segments, laid out by appending; knows no painter and no event."""

from bisect import bisect_right
from collections.abc import Callable
from typing import NamedTuple

GAP = 2.0


class Segment(NamedTuple):
    """A piece of a token on one line. token: index of the token it belongs to."""

    x: float
    width: float
    text: str
    token: int


class StreamLayout:
    """Fills lines of a given width; what is laid out never moves until the whole is begun anew."""

    def __init__(self, measure: Callable[[str, bool], float]) -> None:
        """measure: width of a text, in bold or not."""
        self._measure = measure
        self._width = 1.0
        self.segments: list[Segment] = []
        self._line_starts: list[int] = [0]
        self._token_lines: dict[int, int] = {}
        self._x = 0.0

    def restart(self, width: float) -> None:
        """Begin anew for lines of that width."""
        self._width = max(1.0, width)
        self.segments = []
        self._line_starts = [0]
        self._token_lines = {}
        self._x = 0.0

    def add(self, token: int, text: str, *, bold: bool, breaks: bool) -> None:
        """Append a token; breaks: the line ends after it."""
        width = self._measure(text, bold)
        if self._x and self._x + width > self._width:
            self._new_line()
        self._token_lines[token] = self.n_lines - 1
        while width > self._width:
            n = self._n_that_fit(text, bold=bold)
            self._place(token, text[:n], self._measure(text[:n], bold))
            self._new_line()
            text = text[n:]
            width = self._measure(text, bold)
        self._place(token, text, width)
        if breaks:
            self._new_line()

    @property
    def n_lines(self) -> int:
        """Lines so far, the one being filled included."""
        return len(self._line_starts)

    def line(self, index: int) -> list[Segment]:
        """The segments of a line."""
        end = self._line_starts[index + 1] if index + 1 < self.n_lines else len(self.segments)
        return self.segments[self._line_starts[index] : end]

    def line_of(self, token: int) -> int | None:
        """The line a token begins on; None where it is not laid out."""
        return self._token_lines.get(token)

    def hit(self, x: float, line: int) -> int | None:
        """The token at a place."""
        if not 0 <= line < self.n_lines:
            return None
        segments = self.line(line)
        at = bisect_right([segment.x for segment in segments], x) - 1
        return segments[at].token if at >= 0 and x <= segments[at].x + segments[at].width + GAP else None

    def _place(self, token: int, text: str, width: float) -> None:
        self.segments.append(Segment(self._x, width, text, token))
        self._x += width + GAP

    def _new_line(self) -> None:
        self._line_starts.append(len(self.segments))
        self._x = 0.0

    def _n_that_fit(self, text: str, *, bold: bool) -> int:
        """The most characters that fit on a line, at least one."""
        low, high = 1, len(text)
        while low < high:
            middle = (low + high + 1) // 2
            if self._measure(text[:middle], bold) <= self._width:
                low = middle
            else:
                high = middle - 1
        return low
