"""Attention in two parts equals attention with a mask, for every tree, window and number of heads that share a key."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from engine.decoding.token_tree import Tree, below_last_id
from engine.fast import tree_attention
from engine.fast.tree_attention import attended, merged, mixed, tree_span, unmasked

CPU = torch.device("cpu")
H_KV, GROUPS, SIZE, SCALE = 2, 3, 16, 0.3
PARENTS = {
    "a chain": [-1, 0, 1, 2, 3],
    "a star": [-1, -1, -1, -1],
    "two levels": [-1, -1, 0, 0, 1, 1, 1],
    "a comb": [-1, -1, 0, 0, 2, 2, 4, 4],
    "no node": [],
}


def states(n_positions: int, seed: int) -> tuple[Tensor, Tensor]:
    rng = torch.Generator().manual_seed(seed)
    keys, values = (torch.randn(n_positions, H_KV, SIZE, generator=rng) for _ in range(2))
    return keys, values


def with_a_mask(queries: Tensor, keys: Tensor, values: Tensor, visible: Tensor) -> Tensor:
    """queries: [n, H, D]; visible: [n, positions]."""
    by_head = (x.repeat_interleave(GROUPS, 1).transpose(0, 1) for x in (keys, values))
    return functional.scaled_dot_product_attention(
        queries.transpose(0, 1), *by_head, attn_mask=visible, scale=SCALE
    ).transpose(0, 1)


def visible_to(tree: Tree, start: int, window: int | None) -> Tensor:
    """Which positions each new id attends to, one by one."""
    positions = [*range(start), *(start + int(depth) for depth in tree.depths)]
    n, n_nodes = tree.seen.shape
    rows = []
    for i in range(n):
        own = positions[start + n_nodes - n + i]
        near = [window is None or position > own - window for position in positions]
        rows.append([near[j] and (j < start or bool(tree.seen[i, j - start])) for j in range(len(positions))])
    return torch.tensor(rows)


@pytest.mark.parametrize("start", [0, 1, 5, 40, 700])
@pytest.mark.parametrize("window", [None, 1, 3, 6, 12, 600])
@pytest.mark.parametrize("name", PARENTS)
def test_it_equals_attention_with_a_mask(name: str, window: int | None, start: int) -> None:
    tree = below_last_id(torch.tensor(PARENTS[name], dtype=torch.int64))
    n = tree.seen.shape[0]
    keys, values = states(start + n + 9, seed=start)
    queries = torch.randn(n, H_KV * GROUPS, SIZE, generator=torch.Generator().manual_seed(1))
    found = mixed(keys, values, tree_span(tree, start, window, CPU), queries, scale=SCALE)
    expected = with_a_mask(queries, keys[: start + n], values[: start + n], visible_to(tree, start, window))
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("window", [None, 4, 30])
def test_nodes_that_are_cached_already_are_seen_by_their_descendants_alone(window: int | None) -> None:
    whole = below_last_id(torch.tensor(PARENTS["a comb"]))
    n_cached, start = 4, 50
    later = Tree(whole.depths, whole.seen[n_cached:])
    keys, values = states(start + whole.seen.shape[0], seed=2)
    queries = torch.randn(later.seen.shape[0], H_KV * GROUPS, SIZE, generator=torch.Generator().manual_seed(1))
    found = mixed(keys, values, tree_span(later, start + n_cached, window, CPU), queries, scale=SCALE)
    expected = with_a_mask(queries, keys, values, visible_to(later, start, window))
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


def test_no_mask_grows_with_the_text() -> None:
    tree = below_last_id(torch.tensor(PARENTS["two levels"]))
    for start in (10, 1000, 100_000):
        assert tree_span(tree, start, None, CPU).bias.shape == tree.seen.shape
        assert tree_span(tree, start, 512, CPU).bias.numel() < 3 * tree.seen.numel()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_parts_are_merged_in_float32(dtype: torch.dtype) -> None:
    tree = below_last_id(torch.tensor(PARENTS["two levels"]))
    start, n = 300, tree.seen.shape[0]
    keys, values = states(start + n, seed=3)
    queries = torch.randn(H_KV, GROUPS * n, SIZE, generator=torch.Generator().manual_seed(1))
    span = tree_span(tree, start, None, CPU)
    exact = attended(queries, keys, values, span, SCALE)
    found = attended(queries.to(dtype), keys.to(dtype), values.to(dtype), span, SCALE)
    assert found.dtype == dtype
    assert (found.float() - exact).abs().max() < 0.03


def test_a_part_of_enormous_scores_outweighs_the_other_without_overflow() -> None:
    queries, (keys, values) = torch.full((H_KV, 1, SIZE), 1e3), states(8, seed=4)
    keys = keys.abs().transpose(0, 1)
    values = values.transpose(0, 1)
    large, small = unmasked(queries, keys, values, 1.0), unmasked(queries, -keys, values, 1.0)
    torch.testing.assert_close(merged(large, small), large.mixed)
    torch.testing.assert_close(merged(small, large), large.mixed)


def test_the_text_is_read_without_a_mask(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    own = tree_attention.on_cpu

    def noted(queries: Tensor, keys: Tensor, values: Tensor, scale: float) -> tuple[Tensor, Tensor]:
        read.append(keys.shape[2])
        return own(queries, keys, values, scale)

    monkeypatch.setattr(tree_attention, "on_cpu", noted)
    tree = below_last_id(torch.tensor(PARENTS["a star"]))
    keys, values = states(100, seed=5)
    queries = torch.randn(5, H_KV * GROUPS, SIZE)
    for window in (None, 40):
        mixed(keys, values, tree_span(tree, 90, window, CPU), queries, scale=SCALE)
    assert read == [90, 40 - 5]
