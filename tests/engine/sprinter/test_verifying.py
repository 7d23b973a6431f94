"""The verifier of the last token: what it keeps, and that the tested token has the target's distribution."""

import pytest
import torch
from torch import Tensor

from engine.decoding.drafting import Draft, chain
from engine.decoding.sampling import Warp
from engine.decoding.verifying import Verdict, VerifyContext
from engine.sprinter.verifying import LAST_TOKEN

P = torch.tensor([[0.7, 0.2, 0.1], [0.1, 0.6, 0.3], [0.3, 0.3, 0.4], [0.2, 0.5, 0.3]])
Q = torch.tensor([[0.2, 0.3, 0.5]]).expand(3, 3)


def verified(tokens: list[int], u: float, *, warp: Warp, q: Tensor | None, u_last: float = 0.5) -> Verdict:
    n = len(tokens)
    draft = Draft(torch.tensor(tokens, dtype=torch.int64), chain(n, torch.device("cpu")), q)
    draws = torch.full((n,), u, dtype=torch.float64)
    context = VerifyContext(lambda _: P[: n + 1].log(), warp, draws, torch.tensor(u_last, dtype=torch.float64))
    return LAST_TOKEN.verify(context, draft)


def test_greedy_keeps_tokens_that_the_target_would_not_say_and_corrects_the_last() -> None:
    acceptance, _, _ = verified([2, 0, 1], 0.0, warp=Warp(), q=None)
    assert acceptance.accept_prob.tolist() == [0, 0, 0]
    assert (int(acceptance.n_accepted), int(acceptance.last_id)) == (2, 2)


def test_greedy_adds_a_bonus_where_the_last_token_is_the_targets() -> None:
    acceptance, _, _ = verified([2, 0, 2], 0.0, warp=Warp(), q=None)
    assert (int(acceptance.n_accepted), int(acceptance.last_id)) == (3, 1)


@pytest.mark.parametrize("n", [1, 3])
def test_the_tested_position_is_distributed_as_the_target(n: int) -> None:
    rng, counts = torch.Generator().manual_seed(0), torch.zeros(3)
    for _ in range(3_000):
        u, u_last, u_draft = torch.rand(3, generator=rng, dtype=torch.float64).tolist()
        last = int(torch.searchsorted(Q[0].double().cumsum(-1), u_draft, right=True))
        acceptance, _, _ = verified([2] * (n - 1) + [min(last, 2)], u, warp=Warp(1.0), q=Q[:n], u_last=u_last)
        counts[last if int(acceptance.n_accepted) == n else int(acceptance.last_id)] += 1
    assert torch.allclose(counts / counts.sum(), P[n - 1], atol=0.035)


def test_a_token_of_probability_zero_is_never_accepted_when_it_is_tested() -> None:
    nearly = Warp(1.0, top_k=1)
    acceptance, _, _ = verified([2, 2], 0.0, warp=nearly, q=Q[:2])
    assert (int(acceptance.n_accepted), int(acceptance.last_id)) == (1, 1)


def test_an_empty_run_is_plain_decoding() -> None:
    acceptance, _, _ = verified([], 0.0, warp=Warp(), q=None)
    assert (int(acceptance.n_accepted), int(acceptance.last_id)) == (0, 0)
