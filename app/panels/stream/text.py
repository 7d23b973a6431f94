"""The text that was kept, as one string that grows: what is found in it and which tokens that is; knows no widget."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from typing import NamedTuple

from app.panels.stream.tokens import StreamToken


class TextMatch(NamedTuple):
    """One match. first, last: indexes of the tokens it begins and ends in; start, end: its place in the text."""

    first: int
    last: int
    start: int
    end: int


class KeptText:
    """Knows where in the text each kept token lies. Its folded twin has the same length, so places hold in both."""

    def __init__(self) -> None:
        self._text = ""
        self._folded = ""
        self._new: list[str] = []
        self._n_chars = 0
        self._starts = array("Q")
        self._tokens = array("Q")

    def append(self, tokens: Iterable[StreamToken], first: int) -> None:
        """Take in tokens, the first of them at that index; ghosts are no part of the text."""
        for index, token in enumerate(tokens, first):
            if not token.is_ghost:
                self._starts.append(self._n_chars)
                self._tokens.append(index)
                self._new.append(token.text)
                self._n_chars += len(token.text)

    @property
    def text(self) -> str:
        """All of it."""
        self._join()
        return self._text

    @property
    def folded(self) -> str:
        """All of it, without the difference between capital and small letters."""
        self._join()
        return self._folded

    def between(self, first: int, last: int) -> str:
        """The text of the kept tokens from one index to another, both included."""
        low, high = bisect_left(self._tokens, first), bisect_right(self._tokens, last)
        return self.text[self._start(low) : self._start(high)]

    def found(self, start: int, end: int) -> TextMatch:
        """The tokens that hold a piece of the text."""
        low, high = bisect_right(self._starts, start) - 1, bisect_left(self._starts, end) - 1
        return TextMatch(self._tokens[low], self._tokens[high], start, end)

    def start_of(self, token: int) -> int:
        """Where a token begins in the text, or where it would, being a ghost."""
        return self._start(bisect_left(self._tokens, token))

    def _start(self, at: int) -> int:
        return self._starts[at] if at < len(self._starts) else self._n_chars

    def _join(self) -> None:
        if self._new:
            new, self._new = "".join(self._new), []
            self._text += new
            self._folded += folded(new)


class Search:
    """All places of a wanted text, looked for only in what is new since the last look."""

    def __init__(self, kept: KeptText, wanted: str) -> None:
        self.wanted = wanted
        self.starts = array("Q")
        self.kept = kept
        self._folded = folded(wanted)
        self._at = 0

    def catch_up(self) -> None:
        """Look through what was added to the text."""
        text, step = self.kept.folded, len(self._folded)
        if not step:
            return
        at = text.find(self._folded, self._at)
        while at >= 0:
            self.starts.append(at)
            self._at = at + step
            at = text.find(self._folded, self._at)
        self._at = max(self._at, len(text) - step + 1)

    def found(self, number: int) -> TextMatch:
        """One of the places."""
        start = self.starts[number]
        return self.kept.found(start, start + len(self.wanted))

    def within(self, first: int, last: int) -> Iterable[TextMatch]:
        """The places that touch tokens from one index to another, both included."""
        low = bisect_right(self.starts, self.kept.start_of(first) - len(self.wanted))
        for number in range(low, bisect_left(self.starts, self.kept.start_of(last + 1))):
            yield self.found(number)

    def nearest(self, token: int) -> int:
        """The number of the first place at or after a token, the first of all where there is none."""
        number = bisect_left(self.starts, self.kept.start_of(token))
        return number if number < len(self.starts) else 0


def folded(text: str) -> str:
    """The text without the difference between capital and small letters, every character in its place."""
    made = text.casefold()
    return made if len(made) == len(text) else "".join(map(_folded, text))


def _folded(char: str) -> str:
    made = char.casefold()
    return made if len(made) == 1 else char
