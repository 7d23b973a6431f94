"""Which tokens two vocabularies share, and that drawing among them leaves the target's law as it is."""

import random
from collections.abc import Sequence
from itertools import permutations
from typing import NamedTuple

import numpy as np
import pytest
import torch
from scipy import stats
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from engine.decoding import accept, sampling
from engine.decoding.sampling import Warp
from engine.vocabularies import intersection
from engine.vocabularies.intersection import Intersection, intersect
from engine.vocabularies.spelling import BYTE, SPECIAL, TEXT, Spelling, spelling_of
from tests import vocabularies

N_SAMPLES = 100_000


def spelling(*entries: tuple[bytes, int], ends: Sequence[int] = ()) -> Spelling:
    """A vocabulary of these entries, each with its kind."""
    starts = np.cumsum([0, *(len(text) for text, _ in entries)])
    kinds = np.array([SPECIAL if i in ends else kind for i, (_, kind) in enumerate(entries)], dtype=np.uint8)
    return Spelling(b"".join(text for text, _ in entries), starts, kinds, frozenset(ends), min(ends, default=None), ())


def text(*entries: str) -> list[tuple[bytes, int]]:
    return [(entry.encode(), TEXT) for entry in entries]


def pairs(shared: Intersection) -> list[tuple[int, int]]:
    return list(zip(shared.drafter_ids.tolist(), shared.target_ids.tolist(), strict=True))


@pytest.mark.parametrize(("one", "other"), list(permutations(vocabularies.KINDS, 2)))
def test_shared_tokens_spell_the_same(one: str, other: str) -> None:
    target, drafter = (spelling_of(vocabularies.tokenizer(kind)) for kind in (one, other))
    shared = intersect(target, drafter)
    found = pairs(shared)
    assert len(found) > 100
    assert found == sorted(found)
    for drafter_id, target_id in found:
        if drafter.is_text(drafter_id):
            assert drafter.of(drafter_id) == target.of(target_id)
            assert shared.target_of(drafter_id) == target_id
    spelled = {target.of(token) for token in range(len(target)) if target.is_text(token)}
    unshared = set(range(len(drafter))) - {drafter_id for drafter_id, _ in found}
    assert not any(drafter.is_text(token) and drafter.of(token) in spelled for token in unshared)


def test_what_ends_a_text_is_only_what_ends_a_text() -> None:
    target = spelling(*text("<end>", "a", "<eos>"), ends=[2])
    drafter = spelling((b"<eos>", TEXT), *text("<stop>", "<end>", "a"), (b"<eos>", SPECIAL), ends=[1])
    shared = intersect(target, drafter)
    assert pairs(shared) == [(1, 2), (2, 0), (3, 1)]
    assert [shared.read_as(token) for token in (0, 1, 2, 3, -1)] == [2, 3, 1, None, None]


def test_ends_of_one_name_belong_together() -> None:
    target = spelling(*text("<eos>", "<turn>"), ends=[0, 1])
    drafter = spelling(*text("<turn>", "<other>"), ends=[0, 1])
    assert pairs(intersect(target, drafter)) == [(0, 1), (1, 0)]


def test_signs_of_one_name_are_shared_and_never_with_text() -> None:
    target = spelling((b"<s>", SPECIAL), (b"<b>", TEXT), (b"<c>", SPECIAL))
    drafter = spelling((b"<s>", TEXT), (b"<b>", SPECIAL), (b"<c>", SPECIAL))
    assert pairs(intersect(target, drafter)) == [(2, 2)]


def test_several_ids_of_one_text_add_up_and_are_read_as_what_is_written_as_text() -> None:
    target = spelling((b"a", BYTE), *text("a", "b"))
    drafter = spelling((b"a", BYTE), *text("b", "a", "a"), (b"", TEXT))
    shared = intersect(target, drafter)
    assert pairs(shared) == [(0, 1), (1, 2), (2, 1), (3, 1)]
    assert shared.read_as(1) == 2
    rows = torch.tensor([[0.1, 0.2, 0.3, 0.4]])
    q = intersection.over_target(rows, shared, n_vocabulary=5)
    assert torch.allclose(q, torch.tensor([[0.0, 0.8, 0.2, 0.0, 0.0]]))


class Shuffled:
    """A tokenizer that lists its vocabulary in another order."""

    def __init__(self, words: PreTrainedTokenizerBase) -> None:
        self._words = words

    def __getattr__(self, name: str) -> object:
        return getattr(self._words, name)

    def __call__(self, text: str) -> object:
        return self._words(text)

    def get_vocab(self) -> dict[str, int]:
        entries = list(self._words.get_vocab().items())
        random.Random(3).shuffle(entries)
        return dict(entries)


@pytest.mark.parametrize("kind", vocabularies.KINDS)
def test_the_order_of_a_dictionary_changes_nothing(kind: str) -> None:
    target, words = spelling_of(vocabularies.tokenizer("byte_level")), vocabularies.tokenizer(kind)
    shuffled = spelling_of(Shuffled(words))  # type: ignore[arg-type]
    one, other = intersect(target, spelling_of(words)), intersect(target, shuffled)
    assert pairs(one) == pairs(other)
    assert (one.drafter_of == other.drafter_of).all()
    logits, u = torch.randn(50, len(shuffled)), torch.rand(50, dtype=torch.float64)
    first, second = (intersection.draw(logits, u, Warp(1.0), shared) for shared in (one, other))
    assert first.target_id.tolist() == second.target_id.tolist()


def test_a_drawn_token_has_the_probability_that_is_handed_on() -> None:
    shared = Intersection(torch.tensor([1, 2, 4]), torch.tensor([3, 0, 3]), np.array([2, -1, -1, 1]))
    logits = torch.log(torch.tensor([0.5, 0.1, 0.2, 0.1, 0.1]))
    u = torch.linspace(0, 1, 401, dtype=torch.float64)[:-1]
    drawn = intersection.draw(logits.expand(400, -1), u, Warp(1.0), shared)
    q = intersection.over_target(drawn.row[:1], shared, n_vocabulary=4)[0]
    counts = torch.bincount(drawn.target_id, minlength=4) / 400
    assert torch.allclose(q, torch.tensor([0.5, 0.0, 0.0, 0.5]))
    assert torch.allclose(counts, q, atol=0.01)
    assert torch.allclose(drawn.mass, torch.full((400,), 0.4))
    assert set(zip(drawn.drafter_id.tolist(), drawn.target_id.tolist(), strict=True)) == {(1, 3), (2, 0), (4, 3)}


@pytest.mark.parametrize("warp", [Warp(1e-30), Warp(0.01), Warp(1.5, top_k=2), Warp(1.0, top_p=0.5)])
def test_tokens_that_are_not_shared_are_never_drawn_at_any_setting(warp: Warp) -> None:
    shared = Intersection(torch.tensor([1, 2]), torch.tensor([0, 1]), np.array([1, 2]))
    drawn = intersection.draw(torch.tensor([90.0, -3.0, -2.0]), torch.tensor(0.7, dtype=torch.float64), warp, shared)
    assert int(drawn.drafter_id) in (1, 2)
    assert 0 <= float(drawn.mass) < 1e-3
    assert float(drawn.row.sum()) == pytest.approx(1.0)


class FakePair(NamedTuple):
    """Two models with known probabilities, by the last id: [V, V], and what their vocabularies share."""

    p: Tensor
    logits: Tensor
    shared: Intersection


def fake_pair() -> FakePair:
    """Five target tokens, seven drafter tokens: two are one target id, two are none of the target's."""
    shared = Intersection(
        torch.tensor([0, 2, 3, 5, 6]), torch.tensor([4, 1, 1, 0, 2]), np.array([5, 2, 6, -1, 0], dtype=np.int32)
    )
    rng = torch.Generator().manual_seed(5)
    p = torch.rand(5, 5, generator=rng)
    return FakePair(p / p.sum(-1, keepdim=True), 2 * torch.randn(7, 7, generator=rng), shared)


def drafted_pairs(pair: FakePair, warp: Warp, seed: int) -> tuple[Tensor, Tensor]:
    """The first two tokens after target id 0, drafted two at a time; a rejection begins a new draft."""
    rng, n = torch.Generator().manual_seed(seed), N_SAMPLES

    def uniform() -> Tensor:
        return torch.rand(n, generator=rng, dtype=torch.float64)

    def round_after(last: Tensor, drafter_last: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """n accepted, tokens [n, 2], the last token."""
        rows, tokens = [], []
        for _ in range(2):
            drawn = intersection.draw(pair.logits[drafter_last], uniform(), warp, pair.shared)
            rows.append(intersection.over_target(drawn.row, pair.shared, n_vocabulary=5))
            tokens.append(drawn.target_id)
            drafter_last = drawn.drafter_id
        drafted = torch.stack(tokens, 1)
        p = pair.p[torch.stack([last, *tokens], 1)]
        verdict = accept.exact(p, torch.stack(rows, 1), drafted, torch.stack([uniform(), uniform()], 1), uniform())
        return verdict.n_accepted, drafted, verdict.last_id

    start = torch.zeros(n, dtype=torch.int64)
    accepted, drafted, last = round_after(start, start + 5)
    first = torch.where(accepted >= 1, drafted[:, 0], last)
    # Where the target's id is none of the drafter's, what the drafter goes on from is its own affair.
    read = torch.as_tensor(pair.shared.drafter_of).long()[first].clamp_min(0)
    again, redrafted, again_last = round_after(first, read)
    second = torch.where(again >= 1, redrafted[:, 0], again_last)
    second = torch.where(accepted == 1, last, torch.where(accepted == 2, drafted[:, 1], second))
    return first, second


@pytest.mark.parametrize("warp", [Warp(1.0), Warp(0.6, top_k=3)], ids=["plain", "warped"])
def test_sampled_text_has_the_law_of_the_target_whatever_is_shared(warp: Warp) -> None:
    pair = fake_pair()
    first, second = drafted_pairs(pair, warp, seed=11)
    expected_first = pair.p[0]
    expected = (expected_first[:, None] * pair.p).flatten()
    for counts, probs in (
        (torch.bincount(first, minlength=5), expected_first),
        (torch.bincount(5 * first + second, minlength=25), expected),
    ):
        expectation = probs.double() / probs.double().sum() * N_SAMPLES
        assert stats.chisquare(counts.numpy(), expectation.numpy()).pvalue > 1e-3


def test_the_test_would_notice_a_q_that_does_not_add_up() -> None:
    pair = fake_pair()
    once = pair.shared._replace(drafter_of=pair.shared.drafter_of)
    rng = torch.Generator().manual_seed(2)
    u = torch.rand(4, N_SAMPLES, generator=rng, dtype=torch.float64)
    start = torch.zeros(N_SAMPLES, dtype=torch.int64)
    drawn = intersection.draw(pair.logits[start], u[0], Warp(1.0), once)
    q = torch.zeros(N_SAMPLES, 5).index_copy_(1, once.target_ids, drawn.row)  # the last of two ids counts alone
    p = pair.p[torch.stack([start, drawn.target_id], 1)]
    verdict = accept.exact(p, q[:, None], drawn.target_id[:, None], u[1, :, None], u[2])
    first = torch.where(verdict.n_accepted >= 1, drawn.target_id, verdict.last_id)
    expectation = (pair.p[0].double() / pair.p[0].double().sum() * N_SAMPLES).numpy()
    assert stats.chisquare(torch.bincount(first, minlength=5).numpy(), expectation).pvalue < 1e-6


def test_drawing_uses_the_same_rule_as_any_drafter() -> None:
    row = torch.tensor([0.2, 0.5, 0.3])
    shared = Intersection(torch.arange(3), torch.arange(3), np.arange(3))
    u = torch.rand(20, dtype=torch.float64)
    drawn = intersection.draw(row.log().expand(20, -1), u, Warp(1.0), shared)
    assert drawn.target_id.tolist() == sampling.draw(row.expand(20, -1), u).tolist()
