"""The mixture theorem and its cousins on a toy vocabulary: exactly, and by simulation of what decoding does."""

import pytest
import torch
from torch import Tensor

from engine.decoding import accept, sampling
from engine.decoding.accept import residual
from engine.sprinter import laws, theory

P = torch.tensor([0.5, 0.3, 0.15, 0.05])
Q = torch.tensor([0.2, 0.5, 0.05, 0.25])
ALPHA = float(torch.minimum(P, Q).sum())
N = 40_000


def simulated(eta_fp: float, eta_fn: float) -> Tensor:
    """Frequencies of one position's token: drafted, judged by the exact rule, which the gate then answers wrongly."""
    rng = torch.Generator().manual_seed(1)
    u = torch.rand(4, N, generator=rng, dtype=torch.float64)
    x = sampling.draw(Q.expand(N, 4), u[0])
    accepted = u[1] < (P / Q).clamp_max(1)[x]
    passes = torch.where(accepted, u[2] >= eta_fn, u[2] < eta_fp)
    corrected = sampling.draw(residual(P, Q).expand(N, 4), u[3])
    # What the gate stops, the target decides on; its verdict on an accepted token is to keep it.
    return torch.bincount(torch.where(passes | accepted, x, corrected), minlength=4) / N


@pytest.mark.parametrize(("eta_fp", "eta_fn"), [(0.0, 0.3), (0.25, 0.0), (0.5, 0.4), (1.0, 0.0)])
def test_a_gate_that_errs_alike_everywhere_gives_the_mixture(eta_fp: float, eta_fn: float) -> None:
    mixture = (1 - eta_fp) * P + eta_fp * Q
    assert torch.allclose(simulated(eta_fp, eta_fn), mixture, atol=0.012)
    assert float(laws.total_variation(P, mixture)) == pytest.approx(theory.total_variation(eta_fp, ALPHA), abs=1e-6)


def test_the_law_of_a_gate_that_passes_every_token_alike_is_the_mixture() -> None:
    law = laws.gated(P, Q, torch.full((4,), 0.3))
    assert torch.allclose(law, 0.7 * P + 0.3 * Q, atol=1e-6)


def test_the_theorem_fails_where_the_gate_looks_at_the_token() -> None:
    passes = torch.tensor([0.0, 0.0, 0.0, 1.0])  # it lets through what the target rejects most
    law = laws.gated(P, Q, passes)
    rejected = (Q - torch.minimum(P, Q)).clamp_min(0)
    eta_fp = float((rejected * passes).sum() / rejected.sum())
    actual, promised = float(laws.total_variation(P, law)), theory.total_variation(eta_fp, ALPHA)
    assert float(law.sum()) == pytest.approx(1, abs=1e-6)
    assert actual == pytest.approx(promised, abs=1e-6)  # of one position, the mass that is wrong is the same
    assert not torch.allclose(law, (1 - eta_fp) * P + eta_fp * Q, atol=0.01)  # but the distribution is another


def test_law_is_the_target_where_nothing_passes_and_the_drafter_where_all_does() -> None:
    assert torch.allclose(laws.gated(P, Q, torch.zeros(4)), P, atol=1e-6)
    assert torch.allclose(laws.gated(P, Q, torch.ones(4)), Q, atol=1e-6)


@pytest.mark.parametrize("weight", [0.2, 0.7, 1.0])
def test_an_ensemble_is_the_mixture_by_construction(weight: float) -> None:
    law = laws.ensemble(P, Q, weight)
    assert float(laws.total_variation(P, law)) == pytest.approx(theory.total_variation(1 - weight, ALPHA), abs=1e-6)


@pytest.mark.parametrize("lenience", [0.3, 0.8])
def test_lenience_has_the_law_that_its_draws_have(lenience: float) -> None:
    rng = torch.Generator().manual_seed(2)
    u = torch.rand(3, N, generator=rng, dtype=torch.float64)
    x = sampling.draw(Q.expand(N, 4), u[0])
    rows = torch.stack([P / lenience, P]).expand(N, 2, 4)
    ruled = accept.exact(rows, Q.expand(N, 1, 4), x[:, None], u[1, :, None], u[2])
    emitted = torch.where(ruled.n_accepted == 1, x, ruled.last_id)
    law = laws.lenient(P, Q, lenience)
    assert torch.allclose(torch.bincount(emitted, minlength=4) / N, law, atol=0.012)
    assert (law <= P / lenience + 1e-6).all()


def test_without_lenience_the_law_is_the_target() -> None:
    assert torch.allclose(laws.lenient(P, Q, 1.0), P, atol=1e-6)


def test_divergence_is_zero_for_the_target_and_infinite_for_what_it_never_says() -> None:
    assert float(laws.divergence(P, P)) == pytest.approx(0, abs=1e-6)
    assert torch.isinf(laws.divergence(torch.tensor([0.5, 0.5]), torch.tensor([1.0, 0.0])))
