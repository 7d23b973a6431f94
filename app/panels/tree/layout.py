"""Places the nodes of a drafted tree on a grid: depth by depth to the right, the branches below one another.

* imports neither Qt nor torch."""

from typing import NamedTuple

from app.state.round_tree import ROOT, RoundTree


class GridPlace(NamedTuple):
    """Where a node lies. column: its depth, from 0. row: may lie between two rows, in the middle of its children."""

    column: int
    row: float


class TreeGrid(NamedTuple):
    """The places of all nodes, the last token of the round among them. root_row: where the text so far lies.

    parents: of the nodes, that of the last token included."""

    places: tuple[GridPlace, ...]
    parents: tuple[int, ...]
    n_columns: int
    n_rows: int
    root_row: float

    def column(self, node: int) -> tuple[int, ...]:
        """The nodes of a node's depth, from the top."""
        at = self.places[node].column
        same = [other for other, place in enumerate(self.places) if place.column == at]
        return tuple(sorted(same, key=lambda other: self.places[other].row))


def grid_of(tree: RoundTree, *, has_last: bool) -> TreeGrid:
    """Place the nodes; has_last: the round ended with a token of the target's, which follows the end of the path."""
    parents = (*tree.parents, tree.end) if has_last else tree.parents
    columns = [0] * len(parents)
    children: dict[int, list[int]] = {}
    for node, parent in enumerate(parents):
        columns[node] = 0 if parent == ROOT else columns[parent] + 1
        children.setdefault(parent, []).append(node)
    rows = _rows(parents, children)
    places = tuple(GridPlace(column, row) for column, row in zip(columns, rows, strict=True))
    n_rows = sum(node not in children for node in range(len(parents)))
    return TreeGrid(places, parents, max(columns, default=-1) + 1, n_rows, _middle(children.get(ROOT, []), rows))


def _rows(parents: tuple[int, ...], children: dict[int, list[int]]) -> list[float]:
    """A row for each leaf in turn, and for each other node the middle of its children; no recursion, paths are long."""
    rows = [0.0] * len(parents)
    n_leaves, waiting = 0, list(reversed(children.get(ROOT, [])))
    while waiting:
        node = waiting.pop()
        if node in children:
            waiting += reversed(children[node])
        else:
            rows[node], n_leaves = float(n_leaves), n_leaves + 1
    for node in reversed(range(len(parents))):  # children come after their parents
        if node in children:
            rows[node] = _middle(children[node], rows)
    return rows


def _middle(nodes: list[int], rows: list[float]) -> float:
    return (rows[nodes[0]] + rows[nodes[-1]]) / 2 if nodes else 0.0
