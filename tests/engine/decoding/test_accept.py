"""The accept rules against their target distributions, and their corners."""

import pytest
import torch
from scipy.stats import chisquare
from torch import Tensor

from engine.decoding import accept, sampling
from engine.decoding.sampling import Warp

N_SAMPLES = 100_000
P_LOGITS = torch.tensor([[1.0, 0.2, -0.5, 2.0, 0.0], [0.3, 1.5, 0.0, -1.0, 0.7]])
Q_LOGITS = torch.tensor([[0.2, 1.2, 0.4, 0.9, -2.0]])
WARPS = [
    Warp(1.0), Warp(0.5), Warp(1.7), Warp(1.0, top_k=2), Warp(1.0, top_k=3), Warp(1.0, top_p=0.6),
    Warp(0.8, top_k=4, top_p=0.9), Warp(1.0, min_p=0.3),
]  # fmt: skip


TABLE_P = 1.5 * torch.randn(4, 4, generator=torch.Generator().manual_seed(1))
TABLE_Q = TABLE_P + torch.randn(4, 4, generator=torch.Generator().manual_seed(2))


def first_tokens(p: Tensor, q: Tensor | None, n: int, seed: int) -> Tensor:
    """The first emitted token of n rounds with one drafted token; q None drafts token 1 always."""
    rng = torch.Generator().manual_seed(seed)
    u = torch.rand(n, 3, generator=rng, dtype=torch.float64)
    if q is None:
        drafted = torch.ones(n, dtype=torch.int64)
        verdicts = accept.point_mass(p.expand(n, -1, -1), drafted.view(-1, 1), u[:, 1:2], u[:, 2])
    else:
        drafted = sampling.draw(q.expand(n, -1), u[:, 0])
        rows = p.expand(n, -1, -1), q.expand(n, -1, -1)
        verdicts = accept.exact(*rows, drafted.view(-1, 1), u[:, 1:2], u[:, 2])
    return torch.where(verdicts.n_accepted > 0, drafted, verdicts.last_id)


def triples(warp: Warp, n: int, seed: int) -> Tensor:
    """The first three tokens of n generations at gamma 2 from a target whose next token depends on the last one.

    Returns [n, 3]. Rounds go on for all until each has three tokens."""
    p_table, q_table = sampling.probabilities(TABLE_P, warp), sampling.probabilities(TABLE_Q, warp)
    rng = torch.Generator().manual_seed(seed)
    found, length, rows = torch.zeros(n, 8, dtype=torch.int64), torch.zeros(n, dtype=torch.int64), torch.arange(n)
    for _ in range(3):
        last = torch.where(length > 0, found[rows, (length - 1).clamp_min(0)], 0)
        u = torch.rand(n, 5, generator=rng, dtype=torch.float64)
        one = sampling.draw(q_table[last], u[:, 0])
        two = sampling.draw(q_table[one], u[:, 1])
        p = torch.stack([p_table[last], p_table[one], p_table[two]], 1)
        q = torch.stack([q_table[last], q_table[one]], 1)
        draft = torch.stack([one, two], 1)
        verdict = accept.exact(p, q, draft, u[:, 2:4], u[:, 4])
        for i in range(3):
            token = torch.where(verdict.n_accepted > i, draft[:, min(i, 1)], verdict.last_id)
            open_ = (length < 3) & (verdict.n_accepted >= i)
            found[rows[open_], length[open_]] = token[open_]
            length += open_.long()
    return found[:, :3]


def p_value(tokens: Tensor, expected: Tensor) -> float:
    """Chi-square of token counts against a distribution; impossible tokens must not occur."""
    counts = torch.bincount(tokens, minlength=len(expected)).double()
    possible = expected > 0
    assert counts[~possible].sum() == 0
    kept = expected[possible].double()
    if len(kept) == 1:
        return 1.0
    return float(chisquare(counts[possible].numpy(), (kept / kept.sum() * len(tokens)).numpy()).pvalue)


@pytest.mark.parametrize("warp", WARPS, ids=str)
def test_first_emitted_token_is_distributed_as_the_target_whatever_the_warping(warp: Warp) -> None:
    p, q = sampling.probabilities(P_LOGITS, warp), sampling.probabilities(Q_LOGITS, warp)
    assert p_value(first_tokens(p, q, N_SAMPLES, seed=3), p[0]) > 1e-3 / len(WARPS)


@pytest.mark.parametrize("warp", WARPS, ids=str)
def test_first_three_tokens_are_jointly_distributed_as_the_target(warp: Warp) -> None:
    p = sampling.probabilities(TABLE_P, warp)
    expected = (p[0][:, None, None] * p[:, :, None] * p[None, :, :]).flatten()
    found = triples(warp, N_SAMPLES, seed=11)
    assert p_value(found @ torch.tensor([16, 4, 1]), expected) > 1e-3 / len(WARPS)


def test_distance_from_the_target_shrinks_with_the_number_of_samples() -> None:
    p, q = sampling.probabilities(P_LOGITS, Warp(1.0)), sampling.probabilities(Q_LOGITS, Warp(1.0))
    tokens = first_tokens(p, q, N_SAMPLES, seed=4)
    distance = [float((torch.bincount(tokens[:n], minlength=5) / n - p[0]).abs().sum() / 2) for n in (100, N_SAMPLES)]
    assert distance[1] < distance[0]
    assert distance[1] < 0.01


def test_deterministic_draft_leaves_the_target_distribution_as_it_is() -> None:
    p = sampling.probabilities(P_LOGITS, Warp(1.0))
    assert p_value(first_tokens(p, None, N_SAMPLES, seed=5), p[0]) > 1e-3


def test_resampling_from_the_target_instead_of_the_residual_would_be_caught() -> None:
    p, q = sampling.probabilities(P_LOGITS, Warp(1.0)), sampling.probabilities(Q_LOGITS, Warp(1.0))
    rng = torch.Generator().manual_seed(0)
    u = torch.rand(N_SAMPLES, 3, generator=rng, dtype=torch.float64)
    drafted = sampling.draw(q.expand(N_SAMPLES, -1), u[:, 0])
    kept = u[:, 1] < (p[0, drafted] / q[0, drafted]).clamp_max(1)
    biased = torch.where(kept, drafted, sampling.draw(p[:1].expand(N_SAMPLES, -1), u[:, 2]))
    assert p_value(biased, p[0]) < 1e-6


def test_rejected_token_is_replaced_from_the_residual() -> None:
    p, q = torch.tensor([0.5, 0.5, 0.0]), torch.tensor([0.9, 0.05, 0.05])
    assert torch.allclose(accept.residual(p, q), torch.tensor([0.0, 1.0, 0.0]))


def test_empty_residual_falls_back_to_the_target() -> None:
    p = torch.tensor([0.25, 0.75])
    assert torch.equal(accept.residual(p, p.clone()), p)


def test_equal_distributions_accept_every_token() -> None:
    p = sampling.probabilities(P_LOGITS, Warp(1.0))
    u = torch.tensor([1 - 2**-53], dtype=torch.float64)
    for token in range(5):
        assert accept.exact(p, p[:1], torch.tensor([token]), u, u[0]).n_accepted == 1


def test_token_the_target_rules_out_is_never_accepted() -> None:
    p, q = torch.tensor([[1.0, 0.0], [0.5, 0.5]]), torch.tensor([[0.0, 1.0]])
    zero = torch.zeros(1, dtype=torch.float64)
    verdict = accept.exact(p, q, torch.tensor([1]), zero, zero[0])
    assert verdict.n_accepted == 0
    assert verdict.last_id == 0


def test_acceptance_stops_at_the_first_rejection() -> None:
    best = torch.tensor([4, 5, 6, 7])
    verdict = accept.greedy(best, torch.tensor([4, 9, 6]))
    assert verdict.n_accepted == 1
    assert verdict.last_id == 5
    assert verdict.accept_prob.tolist() == [1.0, 0.0, 1.0]


def test_full_acceptance_ends_with_the_bonus_of_the_last_position() -> None:
    verdict = accept.greedy(torch.tensor([4, 5]), torch.tensor([4]))
    assert (int(verdict.n_accepted), int(verdict.last_id)) == (1, 5)


def test_no_draft_is_plain_decoding() -> None:
    p = torch.tensor([[0.0, 1.0]])
    none, empty = torch.empty(0, dtype=torch.int64), torch.empty(0, dtype=torch.float64)
    verdict = accept.exact(p, p[:0], none, empty, torch.tensor(0.5, dtype=torch.float64))
    assert (int(verdict.n_accepted), int(verdict.last_id)) == (0, 1)


def test_overlap_is_one_minus_total_variation() -> None:
    p, q = sampling.probabilities(P_LOGITS, Warp(1.0)), sampling.probabilities(Q_LOGITS, Warp(1.0))
    half = torch.tensor([0.5], dtype=torch.float64)
    verdict = accept.exact(p, q, torch.tensor([0]), half, half[0])
    assert verdict.overlap[0] == pytest.approx(1 - float((p[0] - q[0]).abs().sum()) / 2)


def batched_triples(warp: Warp, n: int, seed: int) -> Tensor:
    """As `triples`, with all generations in one batch and drafts of one or two tokens, the shorter ones padded."""
    p_table, q_table = sampling.probabilities(TABLE_P, warp), sampling.probabilities(TABLE_Q, warp)
    rng = torch.Generator().manual_seed(seed)
    found, length, rows = torch.zeros(n, 8, dtype=torch.int64), torch.zeros(n, dtype=torch.int64), torch.arange(n)
    for _ in range(3):
        last = torch.where(length > 0, found[rows, (length - 1).clamp_min(0)], 0)
        u = torch.rand(n, 5, generator=rng, dtype=torch.float64)
        n_drafted = torch.randint(1, 3, (n,), generator=rng)
        real = torch.arange(2) < n_drafted[:, None]
        one = sampling.draw(q_table[last], u[:, 0])
        two = sampling.draw(q_table[one], u[:, 1]).where(real[:, 1], 3)
        p = torch.stack([p_table[last], p_table[one], p_table[two]], 1)
        q = torch.stack([q_table[last], q_table[one]], 1)
        draft = torch.stack([one, two], 1)
        verdict = accept.exact(p, q, draft, u[:, 2:4], u[:, 4], real=real)
        for i in range(3):
            token = torch.where(verdict.n_accepted > i, draft[:, min(i, 1)], verdict.last_id)
            open_ = (length < 3) & (verdict.n_accepted >= i)
            found[rows[open_], length[open_]] = token[open_]
            length += open_.long()
    return found[:, :3]


@pytest.mark.parametrize("warp", WARPS, ids=str)
def test_batched_drafts_of_different_lengths_are_jointly_distributed_as_the_target(warp: Warp) -> None:
    p = sampling.probabilities(TABLE_P, warp)
    expected = (p[0][:, None, None] * p[:, :, None] * p[None, :, :]).flatten()
    found = batched_triples(warp, N_SAMPLES, seed=23)
    assert p_value(found @ torch.tensor([16, 4, 1]), expected) > 1e-3 / len(WARPS)


def test_batched_deterministic_drafts_leave_the_target_distribution_as_it_is() -> None:
    p = sampling.probabilities(P_LOGITS, Warp(1.0)).expand(N_SAMPLES, -1, -1)
    u = torch.rand(N_SAMPLES, 2, generator=torch.Generator().manual_seed(6), dtype=torch.float64)
    tokens, real = torch.ones(N_SAMPLES, 1, dtype=torch.int64), torch.arange(N_SAMPLES)[:, None] % 3 > 0
    verdict = accept.point_mass(p, tokens, u[:, :1], u[:, 1], real=real)
    assert not verdict.n_accepted[~real[:, 0]].any()
    assert p_value(torch.where(verdict.n_accepted > 0, tokens[:, 0], verdict.last_id), p[0, 0]) > 1e-3


@pytest.mark.parametrize("n_drafted", [0, 1, 3])
def test_every_row_of_a_batch_has_the_verdict_it_would_have_alone(n_drafted: int) -> None:
    rng = torch.Generator().manual_seed(n_drafted)
    p, q = (torch.randn(6, n, 5, generator=rng).softmax(-1) for n in (4, 3))
    tokens = torch.randint(0, 5, (6, 3), generator=rng)
    u, u_last = (torch.rand(shape, generator=rng, dtype=torch.float64) for shape in ((6, 3), (6,)))
    real = torch.arange(3).expand(6, -1) < n_drafted
    together = accept.exact(p, q, tokens, u, u_last, real=real)
    greedy = accept.greedy(p.argmax(-1), tokens, real=real)
    for i in range(6):
        n = n_drafted
        alone = accept.exact(p[i, : n + 1], q[i, :n], tokens[i, :n], u[i, :n], u_last[i])
        assert (together.n_accepted[i], together.last_id[i]) == (alone.n_accepted, alone.last_id)
        assert torch.equal(together.overlap[i, :n], alone.overlap)
        alone = accept.greedy(p[i, : n + 1].argmax(-1), tokens[i, :n])
        assert (greedy.n_accepted[i], greedy.last_id[i]) == (alone.n_accepted, alone.last_id)
