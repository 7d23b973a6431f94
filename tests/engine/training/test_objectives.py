"""Objectives: zero where models agree, their known values, and lower after training."""

import math

import pytest
import torch

from engine.training import objectives
from engine.training.objectives import forward_kl, reverse_kl, total_variation

DISTANCES = (forward_kl, reverse_kl, total_variation)
WEIGHTS = torch.ones(2, 3)


def logits(seed: int) -> torch.Tensor:
    return torch.randn(2, 3, 11, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("distance", DISTANCES)
def test_equal_models_are_at_distance_zero(distance) -> None:  # type: ignore[no-untyped-def]
    assert float(distance(logits(1), logits(1) + 3.0, WEIGHTS)) == pytest.approx(0.0, abs=1e-6)
    assert float(distance(logits(1), logits(2), WEIGHTS)) > 0.05


def test_reverse_kl_is_the_forward_one_with_the_models_exchanged() -> None:
    p, q = (0.9, 0.1), (0.5, 0.5)
    student, teacher = (torch.tensor(values).log().view(1, 1, 2) for values in (q, p))
    expected = sum(b * math.log(b / a) for a, b in zip(p, q, strict=True))
    assert float(reverse_kl(student, teacher, torch.ones(1, 1))) == pytest.approx(expected, rel=1e-5)


def test_total_variation_is_what_the_overlap_lacks_to_one() -> None:
    overlap = torch.minimum(logits(1).softmax(-1), logits(2).softmax(-1)).sum(-1).mean()
    assert float(total_variation(logits(1), logits(2), WEIGHTS)) == pytest.approx(1 - float(overlap), abs=1e-6)


@pytest.mark.parametrize("distance", DISTANCES)
def test_position_of_weight_zero_does_not_count(distance) -> None:  # type: ignore[no-untyped-def]
    weights = torch.tensor([[1.0, 0.0]])
    student, teacher = logits(1)[:1, :2], logits(2)[:1, :2]
    alone = distance(student[:, :1], teacher[:, :1], torch.ones(1, 1))
    assert float(distance(student, teacher, weights)) == pytest.approx(float(alone), rel=1e-5)


@pytest.mark.parametrize("distance", DISTANCES)
def test_following_the_gradient_lowers_the_distance(distance) -> None:  # type: ignore[no-untyped-def]
    student = torch.nn.Parameter(logits(1))
    optimizer = torch.optim.Adam([student], lr=0.1)
    first = float(distance(student, logits(2), WEIGHTS).detach())
    for _ in range(60):
        optimizer.zero_grad()
        distance(student, logits(2), WEIGHTS).backward()
        optimizer.step()
    assert float(distance(student, logits(2), WEIGHTS).detach()) < 0.3 * first
    assert objectives.weighted_mean(torch.ones(3), torch.zeros(3)) == 0
