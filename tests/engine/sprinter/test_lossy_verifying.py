"""Ensemble and lenience: exact at one end, and distributed as their laws say."""

import pytest
import torch

from engine.decoding.drafting import Draft, chain
from engine.decoding.sampling import Warp
from engine.decoding.verifying import EXACT, Verifier, VerifyContext
from engine.sprinter import laws
from engine.sprinter.lossy_verifying import EnsembleVerifier, LenientVerifier

P = torch.tensor([[0.6, 0.3, 0.1], [0.2, 0.3, 0.5]])
Q = torch.tensor([[0.1, 0.3, 0.6]])


def emitted(verifier: Verifier, n: int = 4_000) -> torch.Tensor:
    """Frequencies of the first token of a round."""
    rng, counts = torch.Generator().manual_seed(4), torch.zeros(3)
    for u_draft, u, u_last in torch.rand(n, 3, generator=rng, dtype=torch.float64):
        token = torch.searchsorted(Q[0].double().cumsum(-1), u_draft, right=True).clamp_max(2).view(1)
        draft = Draft(token, chain(1, torch.device("cpu")), Q, Q)
        verdict = verifier.verify(VerifyContext(lambda _: P.log(), Warp(1.0), u.view(1), u_last), draft)
        counts[int(token if int(verdict.acceptance.n_accepted) else verdict.acceptance.last_id)] += 1
    return counts / n


def test_sampling_follows_the_laws() -> None:
    assert torch.allclose(emitted(EnsembleVerifier(0.4)), laws.ensemble(P[0], Q[0], 0.4), atol=0.03)
    assert torch.allclose(emitted(LenientVerifier(0.3)), laws.lenient(P[0], Q[0], 0.3), atol=0.03)


@pytest.mark.parametrize("verifier", [EnsembleVerifier(1.0), LenientVerifier(1.0)])
@pytest.mark.parametrize("warp", [Warp(), Warp(1.0)])
def test_at_one_end_they_are_the_exact_rule(verifier: Verifier, warp: Warp) -> None:
    draft = Draft(torch.tensor([0]), chain(1, torch.device("cpu")), None if warp.greedy else Q, Q)
    u = torch.tensor([0.4], dtype=torch.float64)
    own, exact = (each.verify(VerifyContext(lambda _: P.log(), warp, u, u[0]), draft) for each in (verifier, EXACT))
    assert int(own.acceptance.n_accepted) == int(exact.acceptance.n_accepted)
    assert int(own.acceptance.last_id) == int(exact.acceptance.last_id)


def test_greedy_lenience_keeps_tokens_near_the_best() -> None:
    draft = Draft(torch.tensor([1]), chain(1, torch.device("cpu")), None, Q)
    u = torch.zeros(1, dtype=torch.float64)
    kept = [
        int(
            LenientVerifier(each).verify(VerifyContext(lambda _: P.log(), Warp(), u, u[0]), draft).acceptance.n_accepted
        )
        for each in (0.4, 0.6)
    ]
    assert kept == [1, 0]
