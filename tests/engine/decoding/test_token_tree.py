"""Nodes see the last committed id, those that lead to them, and themselves."""

import torch

from engine.decoding.token_tree import Tree, below_last_id, paths_to

PARENTS = torch.tensor([-1, -1, 0, 0, 1, 2, 4])
WIDTHS = (2, 3, 2)


def test_a_tree_begins_with_the_last_committed_id() -> None:
    tree = below_last_id(PARENTS)
    assert tree.depths.tolist() == [0, 1, 1, 2, 2, 2, 3, 3]
    seen = [[i for i, sees in enumerate(row) if sees] for row in tree.seen.tolist()]
    assert seen == [[0], [0, 1], [0, 2], [0, 1, 3], [0, 1, 4], [0, 2, 5], [0, 1, 3, 6], [0, 2, 5, 7]]
    assert tree.n_cached == 0


def test_no_node_leaves_the_last_committed_id_alone() -> None:
    tree = below_last_id(PARENTS[:0])
    assert tree.depths.tolist() == [0]
    assert tree.seen.tolist() == [[True]]


def test_new_ids_come_after_the_cached_nodes() -> None:
    whole = below_last_id(PARENTS)
    rest = Tree(whole.depths, whole.seen[6:])
    assert rest.n_cached == 6
    assert rest.new_depths.tolist() == [3, 3]


def test_paths_lead_to_each_node() -> None:
    paths = [path.tolist() for path in paths_to(PARENTS, WIDTHS)]
    assert paths == [[0], [1], [0, 2], [0, 3], [1, 4], [0, 2, 5], [1, 4, 6]]
