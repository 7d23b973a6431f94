"""The selection in an answer."""

from typing import NamedTuple


class Pick(NamedTuple):
    """A draft and a passage, counted from 0. None: the panels show the winner, and the passage it rests on."""

    draft: int | None = None
    passage: int | None = None
