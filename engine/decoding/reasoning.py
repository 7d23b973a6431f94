"""Tells which tokens of a text belong to a part in which a model reasons, between `<think>` and `</think>`.

* imports neither Qt nor torch."""

from collections.abc import Iterable

_BEGIN, _END = "<think>", "</think>"


class ReasoningCounter:
    """Follows a growing text, piece by piece, into and out of its reasoning parts."""

    def __init__(self, before: Iterable[str] = ()) -> None:
        """before: the last pieces of the prompt; a template may begin the reasoning for the model."""
        self.inside = False
        self._tail = ""
        for piece in before:
            self.counts(piece)

    def counts(self, piece: str) -> bool:
        """Whether one more token belongs to a reasoning part; those that complete its marks do."""
        mark = _END if self.inside else _BEGIN
        text = self._tail + piece
        if mark not in text:
            self._tail = text[1 - len(_END) :]
            return self.inside
        self.inside = not self.inside
        self._tail = text.rpartition(mark)[2]
        return True
