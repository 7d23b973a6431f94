"""The kept text as one growing string: search in it, and the mapping between text and tokens."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from typing import NamedTuple

from app.panels.stream.tokens import StreamToken


class TextMatch(NamedTuple):
    """One match. first, last: indexes of the tokens it starts and ends in; start, end: its range in the text."""

    first: int
    last: int
    start: int
    end: int


class KeptText:
    """The kept text and each token's position in it. The folded text has equal length, so positions hold in both."""

    def __init__(self) -> None:
        self._text = ""
        self._folded = ""
        self._new: list[str] = []
        self._n_chars = 0
        self._starts = array("Q")
        self._tokens = array("Q")

    def append(self, tokens: Iterable[StreamToken], first: int) -> None:
        """Add tokens, the first at the given index; ghosts are not part of the text."""
        for index, token in enumerate(tokens, first):
            if not token.is_ghost:
                self._starts.append(self._n_chars)
                self._tokens.append(index)
                self._new.append(token.text)
                self._n_chars += len(token.text)

    @property
    def text(self) -> str:
        """The kept text."""
        self._join()
        return self._text

    @property
    def folded(self) -> str:
        """The case-folded text."""
        self._join()
        return self._folded

    def between(self, first: int, last: int) -> str:
        """The text of the kept tokens from one index to another, both included."""
        low, high = bisect_left(self._tokens, first), bisect_right(self._tokens, last)
        return self.text[self._start(low) : self._start(high)]

    def found(self, start: int, end: int) -> TextMatch:
        """The match for a range of the text, with its tokens."""
        low, high = bisect_right(self._starts, start) - 1, bisect_left(self._starts, end) - 1
        return TextMatch(self._tokens[low], self._tokens[high], start, end)

    def start_of(self, token: int) -> int:
        """The position in the text where a token starts or, for a ghost, would start."""
        return self._start(bisect_left(self._tokens, token))

    def _start(self, at: int) -> int:
        return self._starts[at] if at < len(self._starts) else self._n_chars

    def _join(self) -> None:
        if self._new:
            new, self._new = "".join(self._new), []
            self._text += new
            self._folded += folded(new)


class Search:
    """All matches of a text, found incrementally as the kept text grows."""

    def __init__(self, kept: KeptText, wanted: str) -> None:
        self.wanted = wanted
        self.starts = array("Q")
        self.kept = kept
        self._folded = folded(wanted)
        self._at = 0

    def catch_up(self) -> None:
        """Search the text added since the last call."""
        text, step = self.kept.folded, len(self._folded)
        if not step:
            return
        start = text.find(self._folded, self._at)
        while start >= 0:
            self.starts.append(start)
            self._at = start + step
            start = text.find(self._folded, self._at)
        self._at = max(self._at, len(text) - step + 1)

    def found(self, number: int) -> TextMatch:
        """The match with a number."""
        start = self.starts[number]
        return self.kept.found(start, start + len(self.wanted))

    def within(self, first: int, last: int) -> Iterable[TextMatch]:
        """The matches that touch tokens from one index to another, both included."""
        low = bisect_right(self.starts, self.kept.start_of(first) - len(self.wanted))
        for number in range(low, bisect_left(self.starts, self.kept.start_of(last + 1))):
            yield self.found(number)

    def nearest(self, token: int) -> int:
        """The number of the first match at or after a token, or 0 if there is none."""
        number = bisect_left(self.starts, self.kept.start_of(token))
        return number if number < len(self.starts) else 0


def folded(text: str) -> str:
    """Case-fold a text without changing its length: a character whose folded form is longer stays."""
    folded_text = text.casefold()
    return folded_text if len(folded_text) == len(text) else "".join(map(_folded, text))


def _folded(char: str) -> str:
    folded_char = char.casefold()
    return folded_char if len(folded_char) == 1 else char
