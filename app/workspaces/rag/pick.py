"""What is pointed at in an answer."""

from typing import NamedTuple


class Pick(NamedTuple):
    """A draft and a passage, counted from 0; None: the panels choose themselves, the winner and what it rests on."""

    draft: int | None = None
    passage: int | None = None
