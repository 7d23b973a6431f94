"""Each node of a LongSpec tree is what the block says after the whole text and the path to it, wherever the ring is."""

import pytest
import torch

from engine.decoding.drafting import Draft, DraftContext
from engine.decoding.sampling import Warp
from tests.engine.drafters.test_longspec import Text

WIDTHS = (3, 6, 2, 4)
GREEDY = Warp()


def grown(text: Text, n_ids: int, warp: Warp = GREEDY, *, seed: int = 0) -> Draft:
    u = torch.rand(sum(WIDTHS), generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    with torch.inference_mode():
        return text.drafter.propose(
            DraftContext(text.ids[:n_ids], len(WIDTHS), warp, u, target=text.state(n_ids - 1), widths=WIDTHS)
        )


def path_to(draft: Draft, node: int) -> list[int]:
    path: list[int] = []
    while node >= 0:
        path.insert(0, int(draft.tokens[node]))
        node = int(draft.parents[node])
    return path


def assert_each_node_is_that_of_its_path(text: Text, draft: Draft, n_ids: int) -> None:
    assert draft.shown is not None
    for node, shown in enumerate(draft.shown):
        *before, _ = path_to(draft, node)
        expected = text.logits_after([*text.ids[:n_ids], *before], n_ids - 1).softmax(-1)
        torch.testing.assert_close(shown, expected, atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize("warp", [Warp(), Warp(1.0)], ids=["greedy", "sampled"])
@pytest.mark.parametrize("n_ids", [2, 9, 40, 200])
def test_each_node_follows_the_window_its_ancestors_and_the_targets_keys(n_ids: int, warp: Warp) -> None:
    text = Text(n=n_ids, window=12)
    assert_each_node_is_that_of_its_path(text, grown(text, n_ids, warp), n_ids)


def test_accepted_nodes_and_chains_between_leave_the_ring_as_the_text_would() -> None:
    text, n_ids = Text(n=420, window=12), 100
    for step in range(40):
        draft = grown(text, n_ids)
        if step % 8 == 0:
            assert_each_node_is_that_of_its_path(text, draft, n_ids)
        path = path_to(draft, (5 * step) % len(draft.tokens))[: step % 5]
        text.ids[n_ids : n_ids + len(path)] = path
        n_ids += len(path) + 1
        text.drafter.commit(text.ids[:n_ids])
        if step % 7 == 0:
            assert text.draft(text.ids[:n_ids], 3) == text.reference(text.ids[:n_ids], 3)


def test_after_a_single_id_there_is_nothing_of_the_target_to_attend_to() -> None:
    assert grown(Text(n=1, window=12), 1).tokens.shape == (sum(WIDTHS),)


def test_the_structure_of_a_sampled_tree_is_the_same_for_every_draw() -> None:
    text = Text(n=60, window=12)
    parents = {tuple(grown(text, 60, Warp(1.0), seed=seed).parents.tolist()) for seed in range(5)}
    assert len(parents) == 1
