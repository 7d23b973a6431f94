"""Trees are grown greedily as beams, and in sampling without replacement, in a structure that only widths decide."""

from collections import Counter
from itertools import product

import pytest
import torch
from torch import Tensor

from engine.decoding import draft_tree
from engine.decoding.drafting import Draft
from engine.decoding.generation_rules import NO_RULES
from engine.decoding.ruled_text import RuledText
from engine.decoding.sampling import Warp
from engine.decoding.tree_draft import GrowingTree, TreeSettings, fitting, n_children

V = 12
SAMPLED = Warp(1.0)


def logits_after(text: tuple[int, ...], n_entries: int = V) -> Tensor:
    """What a drafter says after some tokens."""
    rng = torch.Generator().manual_seed(1 + sum((3 + i) * 31**i * token for i, token in enumerate(text, start=1)))
    return 2 * torch.randn(n_entries, generator=rng)


def grown(
    widths: tuple[int, ...], warp: Warp, *, seed: int = 0, n_entries: int = V, rules: RuledText | None = None
) -> Draft:
    """A tree over a drafter of n_entries, for a target of V."""
    u = torch.rand(sum(widths), generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    tree = GrowingTree(TreeSettings(widths, warp, u, V, rules))
    texts: list[tuple[int, ...]] = [()]
    for _ in widths:
        tokens = tree.grow(torch.stack([logits_after(text, n_entries) for text in texts])).tolist()
        draft = tree.draft()
        new = range(len(draft.tokens) - len(tokens), len(draft.tokens))
        texts = [text_of(draft, node) for node in new]
    return tree.draft()


def text_of(draft: Draft, node: int) -> tuple[int, ...]:
    text: tuple[int, ...] = ()
    while node >= 0:
        text = (int(draft.tokens[node]), *text)
        node = int(draft.parents[node])
    return text


def best_continuations(widths: tuple[int, ...]) -> list[set[tuple[int, ...]]]:
    """The beams, found one by one."""
    beams: list[set[tuple[int, ...]]] = []
    scores = {(): 0.0}
    for width in widths:
        longer = {
            (*text, token): score + float(logits_after(text).log_softmax(-1)[token])
            for text, score in scores.items()
            for token in range(V)
        }
        best = sorted(longer, key=lambda text: -longer[text])[:width]
        scores = {text: longer[text] for text in best}
        beams.append(set(best))
    return beams


@pytest.mark.parametrize("widths", [(1, 1, 1), (4, 8, 8), (3, 1, 5), (12, 20)])
def test_greedy_nodes_are_the_most_probable_continuations(widths: tuple[int, ...]) -> None:
    draft, first = grown(widths, Warp()), 0
    for width, beam in zip(widths, best_continuations(widths), strict=True):
        assert {text_of(draft, node) for node in range(first, first + width)} == beam
        first += width
    assert draft.q is None
    assert draft.widths == widths


@pytest.mark.parametrize("warp", [Warp(), SAMPLED], ids=["greedy", "sampled"])
def test_every_node_comes_after_its_parent_and_shows_what_it_was_chosen_from(warp: Warp) -> None:
    draft = grown((3, 7, 4), warp)
    assert draft.shown is not None
    for node, parent in enumerate(draft.parents.tolist()):
        assert parent < node
        text = text_of(draft, node)
        torch.testing.assert_close(draft.shown[node], logits_after(text[:-1]).softmax(-1))
    siblings = [(parent, token) for parent, token in zip(draft.parents.tolist(), draft.tokens.tolist(), strict=True)]
    assert len(set(siblings)) == len(siblings)


def test_greedy_siblings_come_best_first() -> None:
    draft = grown((6, 18), Warp())
    assert draft.shown is not None
    probs = draft.shown.gather(1, draft.tokens.unsqueeze(1))[:, 0]
    earlier = draft_tree.earlier_siblings(draft.parents)
    assert (probs.unsqueeze(0) >= probs.unsqueeze(1))[earlier].all()


def test_the_structure_of_a_sampled_tree_does_not_depend_on_what_is_drawn() -> None:
    structures = {tuple(grown((2, 5, 3), SAMPLED, seed=seed).parents.tolist()) for seed in range(20)}
    assert structures == {(-1, -1, 0, 1, 0, 1, 0, 2, 3, 4)}


def test_children_are_drawn_without_replacement() -> None:
    n_samples, q = 6_000, logits_after(()).softmax(-1).double()
    counts: Counter[tuple[int, ...]] = Counter()
    for seed in range(n_samples // 50):
        u = torch.rand(50, 2, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
        for pair in u:
            tree = GrowingTree(TreeSettings((2,), SAMPLED, pair, V))
            counts[tuple(tree.grow(logits_after(()).unsqueeze(0)).tolist())] += 1
    chi_square = n_cells = 0
    for first, second in product(range(V), repeat=2):
        expected = 0.0 if first == second else float(n_samples * q[first] * q[second] / (1 - q[first]))
        if expected < 5:
            assert expected > 0 or not counts[first, second]
            continue
        chi_square += (counts[first, second] - expected) ** 2 / expected
        n_cells += 1
    assert n_cells > 15
    assert chi_square < n_cells + 5 * (2 * n_cells) ** 0.5


def test_where_nothing_of_q_is_left_any_untried_token_may_come() -> None:
    others = Counter(grown((4,), Warp(1.0, top_k=2), seed=seed).tokens.tolist()[2] for seed in range(400))
    best = logits_after(()).topk(2).indices.tolist()
    assert not set(others) & set(best)
    assert len(others) == V - 2
    assert max(others.values()) < 100


def test_a_smaller_vocabulary_of_the_drafter_is_filled_up_with_zeros() -> None:
    for warp in (Warp(), SAMPLED):
        draft = grown((3, 3), warp, n_entries=7)
        assert draft.shown is not None
        assert draft.shown.shape == (6, V)
        assert not draft.shown[:, 7:].any()
        assert draft.tokens.max() < 7


def test_ids_that_the_target_lacks_are_never_drafted() -> None:
    for warp in (Warp(), SAMPLED):
        assert grown((5, 9), warp, n_entries=30).tokens.max() < V


def test_rules_judge_each_node_by_what_leads_to_it() -> None:
    rules = RuledText(NO_RULES._replace(no_repeat_ngram=1), n_vocabulary=V, n_most=50, device=torch.device("cpu"))
    rules.begin([0, 1])
    for warp in (Warp(), SAMPLED):
        draft = grown((4, 8, 8), warp, rules=rules)
        for node in range(len(draft.tokens)):
            text = (0, 1, *text_of(draft, node))
            assert len(set(text)) == len(text)


def test_widths_fit_the_number_of_tokens() -> None:
    assert fitting((4, 8, 8), 300) == (4, 8, 8)
    assert fitting((4, 30, 200), 3) == (3, 9, 27)


def test_children_are_shared_out_evenly() -> None:
    assert n_children(3, 7) == [3, 2, 2]
    assert n_children(4, 2) == [1, 1, 0, 0]
    assert n_children(1, 5) == [5]
