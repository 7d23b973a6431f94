"""Warping and drawing, held against transformers and against counting."""

import pytest
import torch
from transformers import MinPLogitsWarper, TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

from engine.decoding import sampling
from engine.decoding.sampling import Warp

LOGITS = 3 * torch.randn(6, 40, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    "warp",
    [
        Warp(0.7),
        Warp(1.0, top_k=5),
        Warp(1.0, top_p=0.8),
        Warp(1.0, min_p=0.1),
        Warp(1.3, 20, 0.9, 0.02),
        Warp(1.0, 999),
    ],
    ids=str,
)
def test_warping_equals_that_of_transformers(warp: Warp) -> None:
    scores = TemperatureLogitsWarper(warp.temperature)(None, LOGITS)
    if warp.top_k:
        scores = TopKLogitsWarper(warp.top_k)(None, scores)
    if warp.top_p < 1:
        scores = TopPLogitsWarper(warp.top_p)(None, scores)
    if warp.min_p:
        scores = MinPLogitsWarper(warp.min_p)(None, scores)
    assert torch.allclose(sampling.probabilities(LOGITS, warp), scores.softmax(-1), atol=1e-6)


def test_temperature_zero_is_one_hot_at_the_most_probable_token() -> None:
    probs = sampling.probabilities(LOGITS, Warp(0.0))
    assert torch.equal(probs.argmax(-1), LOGITS.argmax(-1))
    assert torch.equal(probs.sum(-1), torch.ones(6))
    assert probs.max() == 1


def test_low_precision_logits_are_warped_in_float32() -> None:
    assert sampling.probabilities(LOGITS.bfloat16(), Warp(1.0)).dtype == torch.float32


def test_tiny_top_p_keeps_the_most_probable_token() -> None:
    probs = sampling.probabilities(LOGITS, Warp(1.0, top_p=1e-9))
    assert torch.equal(probs.argmax(-1), LOGITS.argmax(-1))
    assert torch.allclose(probs.max(-1).values, torch.ones(6))


def test_draw_inverts_the_cumulative_distribution() -> None:
    probs = torch.tensor([0.0, 0.25, 0.0, 0.75, 0.0])
    u = torch.tensor([0.0, 0.2499, 0.25, 0.9999999999], dtype=torch.float64)
    assert sampling.draw(probs.expand(4, -1), u).tolist() == [1, 1, 3, 3]


def test_draw_never_picks_an_impossible_token() -> None:
    probs = torch.tensor([0.0, 1e-30, 1.0, 0.0]).expand(3, -1)
    u = torch.tensor([0.0, 0.5, 1 - 2**-53], dtype=torch.float64)
    assert set(sampling.draw(probs, u).tolist()) <= {1, 2}
