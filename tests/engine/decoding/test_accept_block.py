"""Block verification: its corners, and the tokens of many rounds against their target distribution."""

import pytest
import torch
from torch import Tensor

from engine.decoding import accept, accept_block, sampling
from engine.decoding.sampling import Warp
from tests.engine.decoding.test_accept import N_SAMPLES, TABLE_P, TABLE_Q, p_value

GAMMA, V = 3, 5


def random_draft(seed: int, *rows: int, gamma: int = GAMMA) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """p, q, tokens drawn from q, and uniforms."""
    rng = torch.Generator().manual_seed(seed)
    p, q = ((2 * torch.randn(*rows, n, V, generator=rng).double()).softmax(-1) for n in (gamma + 1, gamma))
    u = torch.rand(*rows, 2 * gamma + 1, generator=rng, dtype=torch.float64)
    return p, q, sampling.draw(q, u[..., :gamma]), u[..., gamma:-1], u[..., -1]


def longhand(p: Tensor, q: Tensor, tokens: Tensor, u: Tensor, u_last: Tensor) -> tuple[int, int, list[float]]:
    """The rule as the paper writes it, one number at a time: accepted tokens, the last one, and the odds."""
    n, reached, odds = len(tokens), [1.0], []
    for i in range(n):
        reached.append(min(1.0, reached[-1] * float(p[i, tokens[i]] / q[i, tokens[i]])))
        if i + 1 < n:
            mass = sum(max(reached[-1] * float(a) - float(b), 0.0) for a, b in zip(p[i + 1], q[i + 1], strict=True))
            total = mass + 1 - reached[-1]
            odds.append(mass / total if total > 0 else 1.0)
        else:
            odds.append(reached[-1])
    tau = max((i + 1 for i in range(n) if u[i] < odds[i]), default=0)
    rest = p[n] if tau == n else (reached[tau] * p[tau] - q[tau]).clamp_min(0)
    return tau, int(sampling.draw(rest, u_last)), odds


def test_the_rule_is_the_one_of_the_paper() -> None:
    batch = random_draft(1, 400)
    together = accept_block.block(*batch)
    for i in range(400):
        tau, last_id, odds = longhand(*(part[i] for part in batch))
        assert (int(together.n_accepted[i]), int(together.last_id[i])) == (tau, last_id)
        assert together.accept_prob[i].tolist() == pytest.approx(odds, abs=1e-12)
    assert set(together.n_accepted.tolist()) == set(range(GAMMA + 1))


def test_a_token_is_kept_behind_a_draw_that_failed() -> None:
    p, q = torch.tensor([[0.5, 0.5], [0.9, 0.1], [0.5, 0.5]]), torch.tensor([[0.9, 0.1], [0.2, 0.8]])
    u, half = torch.tensor([0.99, 0.5], dtype=torch.float64), torch.tensor(0.5, dtype=torch.float64)
    taken = accept_block.block(p, q, torch.tensor([0, 0]), u, half)
    assert taken.n_accepted == 2
    assert not u[0] < taken.accept_prob[0]
    assert taken.prefix_prob is not None
    assert taken.prefix_prob.tolist() == pytest.approx([5 / 9, 1.0])


@pytest.mark.parametrize("seed", range(5))
def test_one_token_is_judged_as_by_the_exact_rule(seed: int) -> None:
    batch = random_draft(seed, 100, gamma=1)
    for field in ("n_accepted", "last_id", "accept_prob", "overlap"):
        assert torch.equal(getattr(accept_block.block(*batch), field), getattr(accept.exact(*batch), field))


def test_equal_distributions_accept_every_token() -> None:
    p, _, tokens, u, u_last = random_draft(3, 50)
    taken = accept_block.block(p, p[:, :-1].clone(), tokens, u.fill_(1 - 2**-53), u_last)
    assert (taken.n_accepted == GAMMA).all()


def test_token_the_target_rules_out_is_never_accepted() -> None:
    p, q = torch.tensor([[1.0, 0.0], [0.5, 0.5]]), torch.tensor([[0.0, 1.0]])
    zero = torch.zeros(1, dtype=torch.float64)
    taken = accept_block.block(p, q, torch.tensor([1]), zero, zero[0])
    assert (int(taken.n_accepted), int(taken.last_id)) == (0, 0)


def test_no_draft_is_plain_decoding() -> None:
    p = torch.tensor([[0.0, 1.0]])
    none, empty = torch.empty(0, dtype=torch.int64), torch.empty(0, dtype=torch.float64)
    taken = accept_block.block(p, p[:0], none, empty, torch.tensor(0.5, dtype=torch.float64))
    assert (int(taken.n_accepted), int(taken.last_id)) == (0, 1)


@pytest.mark.parametrize("n_drafted", [0, 1, 2, 3])
def test_every_row_of_a_padded_batch_has_the_verdict_it_would_have_alone(n_drafted: int) -> None:
    p, q, tokens, u, u_last = random_draft(4, 60)
    real = torch.arange(GAMMA).expand(60, -1) < n_drafted
    together = accept_block.block(p, q, tokens, u, u_last, real=real)
    for i in range(60):
        n = n_drafted
        alone = accept_block.block(p[i, : n + 1], q[i, :n], tokens[i, :n], u[i, :n], u_last[i])
        assert (together.n_accepted[i], together.last_id[i]) == (alone.n_accepted, alone.last_id)
        assert torch.allclose(together.accept_prob[i, :n], alone.accept_prob, atol=1e-12)
        assert torch.equal(together.overlap[i, :n], alone.overlap)


def triples(warp: Warp, n: int, gamma: int, seed: int) -> tuple[Tensor, Tensor]:
    """The first three tokens [n, 3] of n generations by block verification, and how many drafted tokens the first
    round accepted [n]; the next token depends on the last one alone."""
    p_table, q_table = sampling.probabilities(TABLE_P, warp), sampling.probabilities(TABLE_Q, warp)
    rng = torch.Generator().manual_seed(seed)
    texts, length, rows = (
        torch.zeros(n, gamma + 4, dtype=torch.int64),
        torch.zeros(n, dtype=torch.int64),
        torch.arange(n),
    )
    accepted = []
    for _ in range(3):
        context = [torch.where(length > 0, texts[rows, (length - 1).clamp_min(0)], 0)]
        u = torch.rand(n, 2 * gamma + 1, generator=rng, dtype=torch.float64)
        for i in range(gamma):
            context.append(sampling.draw(q_table[context[-1]], u[:, i]))
        before = torch.stack(context, 1)
        taken = accept_block.block(p_table[before], q_table[before[:, :-1]], before[:, 1:], u[:, gamma:-1], u[:, -1])
        accepted.append(taken.n_accepted)
        for i in range(gamma + 1):
            token = before[:, i + 1] if i < gamma else taken.last_id
            token = torch.where(taken.n_accepted > i, token, taken.last_id)
            is_open = (length < 3) & (taken.n_accepted >= i)
            texts[rows[is_open], length[is_open]] = token[is_open]
            length += is_open.long()
    return texts[:, :3], accepted[0]


@pytest.mark.parametrize("warp", [Warp(1.0), Warp(0.7, top_k=3), Warp(1.0, top_p=0.8)], ids=str)
def test_first_three_tokens_are_jointly_distributed_as_the_target(warp: Warp) -> None:
    p = sampling.probabilities(TABLE_P, warp)
    expected = (p[0][:, None, None] * p[:, :, None] * p[None, :, :]).flatten()
    texts, _ = triples(warp, N_SAMPLES, 3, seed=17)
    assert p_value(texts @ torch.tensor([16, 4, 1]), expected) > 1e-3 / 6
    assert p_value(texts[:, 0], p[0]) > 1e-3 / 6
