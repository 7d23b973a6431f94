"""Reads how many nodes a tree of drafted tokens has at each depth.

* imports neither Qt nor torch."""

from engine.errors import InputError
from engine.speed_model import MAX_GAMMA

MOST_NODES = 256
_MOST_DIGITS = 4
_MOST_SHOWN = 40
_WAY_OUT = "write for instance --tree 4,8,8: that many nodes at each depth"


def read_widths(text: str) -> tuple[int, ...]:
    """The widths of a tree that is written "4,8,8"; none for an empty text, which stands for a chain.

    Raises InputError for what is no list of numbers from 1 on, for too many nodes and for too many depths."""
    if not text:
        return ()
    shown = text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isascii() and part.isdigit() for part in parts):
        raise InputError(f"tree = {shown}: not a list of whole numbers", _WAY_OUT)
    if len(parts) > MAX_GAMMA:
        reason = f"tree = {shown}: {len(parts)} depths, more than the {MAX_GAMMA} tokens that are drafted in a row"
        raise InputError(reason, _WAY_OUT)
    if not all(part.strip("0") for part in parts):
        raise InputError(f"tree = {shown}: a depth without a node ends the tree before it", _WAY_OUT)
    # No number of so many digits could be counted as nodes, and Python refuses to read thousands of them.
    if any(len(part) > _MOST_DIGITS for part in parts) or sum(map(int, parts)) > MOST_NODES:
        raise InputError(f"tree = {shown}: more than {MOST_NODES} nodes", _WAY_OUT)
    return tuple(map(int, parts))
