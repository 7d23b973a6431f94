"""Shapes of acceptance by position: the right name for made-up lanes, and seldom a wrong one by chance."""

from collections import Counter
from collections.abc import Sequence
from typing import get_args

import numpy as np
import pytest

from engine.events.comparison import Shape
from engine.experiments.shapes import shape_of
from engine.reports.shape_words import meaning


def lane(rates: Sequence[float], n_rounds: int, rng: np.random.Generator) -> list[tuple[int, int]]:
    """Accepted and tested by position when each position is reached only past the one before."""
    positions, reached = [], n_rounds
    for rate in rates:
        accepted = int(rng.binomial(reached, rate))
        positions.append((accepted, reached))
        reached = accepted
    return positions


def shares(rates: Sequence[float], n_rounds: int, n: int = 100) -> Counter[tuple[Shape, int]]:
    """How often each shape is named over n lanes of these rates, in percent."""
    rng = np.random.default_rng(7)
    counts = Counter(shape_of(lane(rates, n_rounds, rng)) for _ in range(n))
    return Counter({shape: round(100 * count / n) for shape, count in counts.items()})


@pytest.mark.parametrize(
    ("rates", "n_rounds", "right"),
    [
        ((0.7,) * 6, 500, ("flat", 0)),
        ((1.0,) * 4, 100, ("flat", 0)),
        ((0.7, 0.7, 0.05, 0.05), 200, ("cliff", 2)),
        ((0.67, 0.75, 0.8, 0.85, 0.1, 0.1), 200, ("cliff", 4)),
        ((0.9, 0.02), 100, ("cliff", 1)),
        ((0.9, 0.6, 0.3, 0.1), 500, ("falling", 0)),
        ((0.95, 0.9, 0.85, 0.8, 0.75, 0.7), 500, ("falling", 0)),
        ((0.67, 0.75, 0.8, 0.83, 0.85, 0.88), 500, ("rising", 0)),
        ((0.3, 0.9, 0.9, 0.9), 500, ("rising", 0)),
        ((0.0,) * 4, 100, ("zero", 0)),
        ((0.012,) * 4, 500, ("zero", 0)),
        ((0.8, 0.5, 0.8, 0.5, 0.8), 1000, ("unclear", 0)),
        ((0.7,) * 4, 15, ("unclear", 0)),
    ],
)
def test_a_lane_has_its_shape(rates: tuple[float, ...], n_rounds: int, right: tuple[Shape, int]) -> None:
    assert shares(rates, n_rounds)[right] >= 93


@pytest.mark.parametrize("rate", [0.1, 0.3, 0.5, 0.7, 0.9])
@pytest.mark.parametrize("n_positions", [2, 4, 16])
def test_noise_of_a_flat_lane_is_seldom_anything_else(rate: float, n_positions: int) -> None:
    for n_rounds in (50, 400):
        named = shares((rate,) * n_positions, n_rounds)
        assert sum(share for (shape, _), share in named.items() if shape in ("cliff", "zero")) <= 4
        assert sum(share for (shape, _), share in named.items() if shape in ("rising", "falling")) <= 4


def test_a_small_change_over_very_many_tokens_is_flat() -> None:
    assert shares((0.70, 0.695, 0.69, 0.685), 100_000, n=50)["flat", 0] == 100


@pytest.mark.parametrize("positions", [[], [(0, 0)], [(3, 4)], [(30, 40)], [(30, 40), (0, 0)], [(0, 10), (0, 0)]])
def test_few_tested_tokens_are_unclear(positions: list[tuple[int, int]]) -> None:
    assert shape_of(positions) == ("unclear", 0)


def test_positions_that_were_never_reached_change_nothing() -> None:
    positions = [(800, 1000), (640, 800), (20, 640)]
    assert shape_of([*positions, (0, 0), (0, 0)]) == shape_of(positions) == ("cliff", 2)


def test_every_shape_has_a_meaning() -> None:
    meanings = {meaning(shape, 2) for shape in get_args(Shape)}
    assert len(meanings) == len(get_args(Shape))
    assert all(text.endswith(".") for text in meanings)


def test_the_meaning_of_a_cliff_says_where_it_is() -> None:
    assert "The first drafted token is accepted" in meaning("cliff", 1)
    assert "The first 3 drafted tokens are accepted" in meaning("cliff", 3)
