"""Compares the visible greedy text of a run with the plain texts that are timed beside it."""

import math
from collections.abc import Iterator

from engine.decoding.generation import Generation
from engine.events import Compared
from engine.runs.divergence import first_difference
from engine.runtime import RunContext


class TextComparison:
    """Compares the visible text with the first plain one, and that with the others, which may differ by rounding."""

    def __init__(self, visible: Generation, rt: RunContext) -> None:
        self._visible, self._rt = visible, rt
        self._plain: Generation | None = None
        self._plain_divergence: int | None = None

    def take(self, plain: Generation) -> Iterator[Compared]:
        """Take a plain text; yields the comparison where it brings something new.

        The margin is the target's top-2 logit margin where the texts diverge."""
        first_plain = self._plain is None
        self._plain = self._plain or plain
        between = first_difference(plain.ids, self._plain.ids)
        if not first_plain and (between is None or between >= (self._plain_divergence or len(plain.ids) + 1)):
            return
        self._plain_divergence = between
        first, margins = first_difference(self._visible.ids, self._plain.ids), self._plain.margins
        margin = None if first is None or first >= len(margins) else math.log(margins[first])
        same = first is None or (between is not None and first >= between)
        yield Compared(same, first, margin, at_s=self._rt.elapsed_s(), plain_divergence=between)
