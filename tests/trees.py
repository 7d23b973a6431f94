"""Rounds whose drafts branch."""

from collections.abc import Sequence

from engine.events import Event, Fate, RoundFinished
from tests.app.factory import last, token

# Two at the first depth, of which the second is kept; it has two children, the first of which is kept and has one.
_PARENTS, _PATH = (-1, -1, 0, 1, 1, 3), (1, 3)
_NODES: tuple[tuple[str, Fate], ...] = (
    (" the", "rejected"), (" a", "accepted"), (" sea", "untested"), (" boat", "accepted"), (" ship", "rejected"),
    (" came", "rejected"),
)  # fmt: skip


def tree_round(number: int = 0) -> RoundFinished:
    """A round that kept two of six nodes, and a correction."""
    proposed = tuple(token(text, fate, id=100 + i, q=0.9 - i / 10) for i, (text, fate) in enumerate(_NODES))
    return RoundFinished(
        number, proposed, last(" left", correction=True), (101, 103, 9), 2.0, 5.0, 0.25, parents=_PARENTS, path=_PATH,
        text=" a boat left",
    )  # fmt: skip


def wide_round(number: int = 0, widths: Sequence[int] = (4, 16, 16, 16, 16)) -> RoundFinished:
    """A round with as many nodes at each depth, of which the first of each depth is kept."""
    parents: list[int] = []
    path: list[int] = []
    above: list[int] = [-1]
    for depth, width in enumerate(widths):
        nodes = list(range(len(parents), len(parents) + width))
        parents += [above[i * len(above) // width] for i in range(width)]
        path.append(nodes[0])
        above = nodes
        assert depth < len(widths)
    proposed = tuple(
        token(f" word{i}", "accepted" if i in path else "rejected" if i % 2 else "untested", id=i, p=0.5, q=1 / (1 + i))
        for i in range(len(parents))
    )
    return RoundFinished(
        number, proposed, last(" end", correction=False), (*path, 9), 2.0, 5.0, 0.25, parents=tuple(parents),
        path=tuple(path),
    )  # fmt: skip


def tree_run(start: Event) -> list[Event]:
    """A run of two rounds with trees."""
    return [start, tree_round(0), wide_round(1)]
