"""What is selected, in all panels at once."""

from typing import NamedTuple


class Selection(NamedTuple):
    """A round and a token of it: 0 to n - 1 are proposed, n is the last token, None the whole round."""

    round: int
    token: int | None
