"""The grid of a tree: no two nodes of a depth share a row, and a parent stands in the middle of its children."""

from app.panels.tree.layout import grid_of
from app.state.round_tree import RoundTree, tree_of
from tests.app.factory import a_round
from tests.trees import tree_round, wide_round


def test_children_stand_right_of_their_parents_and_apart() -> None:
    tree = tree_of(wide_round())
    grid = grid_of(tree, has_last=True)
    assert len(grid.places) == 69 and grid.n_columns == 6
    for node, parent in enumerate(grid.parents):
        assert parent < 0 or grid.places[node].column == grid.places[parent].column + 1
    for column in range(grid.n_columns):
        rows = [place.row for place in grid.places if place.column == column]
        assert len(set(rows)) == len(rows) and max(rows) < grid.n_rows


def test_the_last_token_follows_the_end_of_the_path() -> None:
    grid = grid_of(tree_of(tree_round()), has_last=True)
    assert grid.parents[-1] == 3 and grid.places[-1].column == 2
    assert grid.column(0) == (0, 1) and grid.column(5) == (5, 6)


def test_a_parent_stands_in_the_middle_of_its_children() -> None:
    grid = grid_of(tree_of(tree_round()), has_last=False)
    assert grid.places[1].row == (grid.places[3].row + grid.places[4].row) / 2


def test_a_chain_is_a_row() -> None:
    grid = grid_of(tree_of(a_round(0, [" a", " b"], (), " c")), has_last=True)
    assert {place.row for place in grid.places} == {0.0} and grid.n_rows == 1


def test_nothing_has_no_places() -> None:
    grid = grid_of(RoundTree((), (), (), branches=False), has_last=False)
    assert (grid.places, grid.n_columns, grid.n_rows, grid.root_row) == ((), 0, 0, 0.0)


def test_a_long_chain_needs_no_recursion() -> None:
    n = 4000
    tree = RoundTree(tuple(range(-1, n - 1)), tuple(range(1, n + 1)), (), branches=False)
    assert grid_of(tree, has_last=True).n_columns == n
