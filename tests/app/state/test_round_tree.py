"""Trees of rounds: what was kept, what lay beside it, and what a line of text shows of it; files may hold nonsense."""

import msgspec
import pytest

from app.state.round_tree import MOST_BESIDE, ROOT, inline_nodes, tree_of
from engine.events import RoundFinished
from tests.app.factory import a_round, last, token
from tests.trees import tree_round


def test_a_tree_knows_its_depths_its_path_and_its_alternatives() -> None:
    tree = tree_of(tree_round())
    assert tree.depths == (1, 1, 2, 2, 2, 3) and tree.depth == 3
    assert tree.path == (1, 3) and tree.end == 3 and tree.branches
    assert tree.children(ROOT) == (0, 1) and tree.children(1) == (3, 4)
    assert tree.beside_path() == ((0,), (4,), (5,))
    assert tree.ancestors(5) == (3, 1)


def test_a_chain_is_a_tree_without_branches() -> None:
    tree = tree_of(a_round(0, [" a", " b"], [" c", " d"]))
    assert tree.parents == (-1, 0, 1, 2) and tree.path == (0, 1) and not tree.branches
    assert inline_nodes(a_round(0, [" a"], [" b", " c"])) == (0, 1, 2)


def test_a_round_without_a_draft_has_no_nodes() -> None:
    tree = tree_of(RoundFinished(0, (), last(" x"), (9,), 0.0, 1.0, 0.0))
    assert (tree.depth, tree.path, tree.end, tree.beside_path()) == (0, (), ROOT, ((),))


@pytest.mark.parametrize("parents", [(0, 1, 2, 3, 4, 5), (-1,), (-1, -1, 7, 1, 1, 3), (-2, -1, 0, 1, 1, 3)])
def test_a_tree_that_cannot_be_is_shown_as_a_chain(parents: tuple[int, ...]) -> None:
    tree = tree_of(msgspec.structs.replace(tree_round(), parents=parents))
    assert tree.parents == (-1, 0, 1, 2, 3, 4)


@pytest.mark.parametrize(("path", "kept"), [((3,), ()), ((1, 2), (1,)), ((1, 3, 99), (1, 3)), ((1, 3, -5), (1, 3))])
def test_a_path_is_followed_as_far_as_it_holds(path: tuple[int, ...], kept: tuple[int, ...]) -> None:
    assert tree_of(msgspec.structs.replace(tree_round(), path=path)).path == kept


def test_a_line_shows_the_path_and_its_likeliest_alternatives_only() -> None:
    assert inline_nodes(tree_round()) == (0, 1, 4, 3, 5)
    wide = tuple(token(f" {i}", "rejected", id=i, q=(1 + i) / 100) for i in range(68))
    event = RoundFinished(0, wide, last(" x"), (9,), 1.0, 1.0, 0.0, parents=(-1,) * 68)
    assert inline_nodes(event) == tuple(range(68 - MOST_BESIDE, 68))
