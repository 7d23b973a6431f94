"""The tree that a round drafted: the depth of each node, its children, the path that was kept, and what lay beside it.

* imports neither Qt nor torch."""

from typing import NamedTuple

from engine.events import RoundFinished

ROOT = -1
# Alternatives that a line of text shows beside a token; the tree itself shows all.
MOST_BESIDE = 3


class RoundTree(NamedTuple):
    """Nodes are places in `proposed`. parents: of each node, ROOT for the first level; a parent comes before its
    children. depths: from 1. path: the nodes that were kept, from the first level on. branches: whether a node has
    siblings; a chain has none."""

    parents: tuple[int, ...]
    depths: tuple[int, ...]
    path: tuple[int, ...]
    branches: bool

    @property
    def depth(self) -> int:
        """The most tokens that the round could keep."""
        return max(self.depths, default=0)

    @property
    def end(self) -> int:
        """The last node that was kept; ROOT where none was."""
        return self.path[-1] if self.path else ROOT

    def children(self, node: int) -> tuple[int, ...]:
        """The children of a node, or of the ROOT, in the order in which they were drafted."""
        return tuple(child for child, parent in enumerate(self.parents) if parent == node)

    def ancestors(self, node: int) -> tuple[int, ...]:
        """The nodes above a node, the nearest first."""
        above = []
        while (node := self.parents[node]) != ROOT:
            above.append(node)
        return tuple(above)

    def beside_path(self) -> tuple[tuple[int, ...], ...]:
        """What lay beside each node of the path: its siblings; last, the children of the node where the path ended."""
        beside = [tuple(child for child in self.children(self.parents[node]) if child != node) for node in self.path]
        return (*beside, self.children(self.end))


def tree_of(event: RoundFinished) -> RoundTree:
    """The tree of a round; a chain where it states none, or one that cannot be: a file may contain anything."""
    n = len(event.proposed)
    stated = event.parents
    is_tree = len(stated) == n and all(ROOT <= parent < node for node, parent in enumerate(stated))
    parents = stated if is_tree else tuple(range(ROOT, n - 1))
    depths: list[int] = []
    for parent in parents:
        depths.append(1 if parent == ROOT else depths[parent] + 1)
    path = _joined(event.path, parents) if is_tree and event.parents else _accepted(event)
    return RoundTree(parents, tuple(depths), path, len(set(parents)) < n)


def _joined(path: tuple[int, ...], parents: tuple[int, ...]) -> tuple[int, ...]:
    """The path as far as each of its nodes is a child of the one before."""
    last = ROOT
    for length, node in enumerate(path):
        if not 0 <= node < len(parents) or parents[node] != last:
            return path[:length]
        last = node
    return path


def _accepted(event: RoundFinished) -> tuple[int, ...]:
    """The kept tokens of a chain, which are its first ones."""
    kept = [token.kept for token in event.proposed]
    return tuple(range(kept.index(False) if False in kept else len(kept)))


def inline_nodes(event: RoundFinished) -> tuple[int, ...]:
    """The proposed tokens that a line of text shows, in its order: all of a chain; of a tree the path and, before each
    of its nodes and after the last, the most probable alternatives."""
    if not event.parents or not (tree := tree_of(event)).branches:
        return tuple(range(len(event.proposed)))
    shown: list[int] = []
    for level, beside in enumerate(tree.beside_path()):
        likeliest = sorted(beside, key=lambda node: -event.proposed[node].q)[:MOST_BESIDE]
        shown += (*sorted(likeliest), *tree.path[level : level + 1])
    return tuple(shown)
