"""What follows from the parents of a tree, against a walk over it in Python."""

from collections.abc import Iterator

import pytest
import torch

from engine.decoding import draft_tree

TREES = [
    (),
    (-1,),
    (-1, 0, 1, 2),
    (-1, -1, -1),
    (-1, -1, 0, 0, 1, 1),
    (-1, -1, 0, 0, 1, 2, 2, 5, 5, 5, 9),
    (-1, -1, 1, 1, 1, 3, 5, 5, 6),
    tuple(range(-1, 16)),
]
EVERY_TREE = pytest.mark.parametrize("parents", TREES, ids=str)


def lineage(parents: tuple[int, ...], node: int) -> Iterator[int]:
    """A node and what leads to it."""
    while node >= 0:
        yield node
        node = parents[node]


def left_in_order(parents: tuple[int, ...], node: int = -1) -> Iterator[int]:
    """The nodes below one as a depth-first walk leaves them."""
    for child in (i for i, parent in enumerate(parents) if parent == node):
        yield from left_in_order(parents, child)
        yield child


@EVERY_TREE
def test_ancestors_and_depths_are_those_of_the_walk_upward(parents: tuple[int, ...]) -> None:
    n, given = len(parents), torch.tensor(parents, dtype=torch.int64)
    mask = draft_tree.ancestors(given)
    assert mask.shape == (n, n)
    assert [set(row.nonzero()[:, 0].tolist()) for row in mask] == [set(lineage(parents, i)) for i in range(n)]
    assert draft_tree.depths(given).tolist() == [len(list(lineage(parents, i))) - 1 for i in range(n)]


@EVERY_TREE
def test_siblings_are_known_in_the_order_of_the_draws(parents: tuple[int, ...]) -> None:
    n, given = len(parents), torch.tensor(parents, dtype=torch.int64)
    earlier, following = draft_tree.earlier_siblings(given), draft_tree.next_siblings(given)
    for i in range(n):
        siblings = [j for j in range(n) if parents[j] == parents[i]]
        assert earlier[i].nonzero()[:, 0].tolist() == [j for j in siblings if j < i]
        assert following[i] == next((j for j in siblings if j > i), n)


@EVERY_TREE
def test_post_order_is_that_of_a_depth_first_walk(parents: tuple[int, ...]) -> None:
    place = draft_tree.post_order(torch.tensor(parents, dtype=torch.int64)).tolist()
    assert sorted(range(len(parents)), key=lambda node: place[node]) == list(left_in_order(parents))


def test_trees_of_one_size_may_differ_from_row_to_row() -> None:
    trees = [(-1, 0, 1, 2), (-1, -1, 0, 0), (-1, -1, -1, 2)]
    batch = torch.tensor(trees)
    for helper in (
        draft_tree.ancestors, draft_tree.depths, draft_tree.earlier_siblings, draft_tree.next_siblings,
        draft_tree.post_order, draft_tree.is_chain,
    ):  # fmt: skip
        together = helper(batch)
        assert all(torch.equal(together[i], helper(torch.tensor(tree))) for i, tree in enumerate(trees))


@EVERY_TREE
def test_a_chain_is_known_from_its_parents(parents: tuple[int, ...]) -> None:
    assert draft_tree.is_chain(torch.tensor(parents, dtype=torch.int64)) == (
        parents == tuple(range(-1, len(parents) - 1))
    )
