"""Same text, calibrated: what counts as a divergence, with exact numbers and with rounding."""

import numpy as np
import pytest

from engine.experiments.same_text import ComparedText, Sameness, sameness

PLAIN = tuple(range(100))


def differing_at(place: int | None) -> tuple[int, ...]:
    """The plain ids, with others from a place on."""
    return PLAIN if place is None else (*PLAIN[:place], *(-1 for _ in PLAIN[place:]))


def texts(lane: list[int | None], again: list[int | None] | None = None) -> list[ComparedText]:
    """One text for each place at which the lane differs, and the second plain run."""
    seconds = [None] * len(lane) if again is None else [differing_at(place) for place in again]
    return [ComparedText(differing_at(a), PLAIN, b, 1.5) for a, b in zip(lane, seconds, strict=True)]


def drawn(rate: float, n: int, rng: np.random.Generator) -> list[int | None]:
    """Places of first divergences at a rate a token, None past the end."""
    return [None if place > len(PLAIN) else int(place) - 1 for place in rng.geometric(rate, n)]


def test_equal_texts_are_the_same() -> None:
    judged = sameness(texts([None] * 4))
    assert judged == Sameness(True, 4, 0, None, None, None)
    assert sameness(texts([None] * 4, [3, None, None, None])).same is True


@pytest.mark.parametrize("again", [None, [None] * 4])
def test_every_divergence_counts_where_plain_decoding_repeats_itself(again: list[int | None] | None) -> None:
    judged = sameness(texts([None, 17, None, None], again))
    assert (judged.same, judged.n_differing, judged.first_divergence) == (False, 1, 17)
    assert judged.n_plain_differing == (None if again is None else 0)


def test_divergences_as_frequent_as_between_plain_runs_do_not_count() -> None:
    judged = sameness(texts([None, 17, None, 60], [40, None, 10, None]))
    assert (judged.same, judged.n_differing, judged.n_plain_differing) == (True, 2, 2)


def test_more_divergences_than_between_plain_runs_count() -> None:
    assert sameness(texts([20] * 20, [20, *[None] * 19])).same is False


def test_earlier_divergences_than_between_plain_runs_count() -> None:
    assert sameness(texts([1] * 12, [90] * 12)).same is False
    assert sameness(texts([90] * 12, [1] * 12)).same is True


def test_few_more_divergences_cannot_be_told_from_rounding() -> None:
    assert sameness(texts([20, 30, *[None] * 18], [20, *[None] * 19])).same is None


@pytest.mark.parametrize("rate", [0.001, 0.005, 0.02])
def test_rounding_alone_is_seldom_called_a_difference(rate: float) -> None:
    rng = np.random.default_rng(0)
    judged = [sameness(texts(drawn(rate, 20, rng), drawn(rate, 20, rng))) for _ in range(400)]
    told = [each.same for each in judged if each.n_plain_differing]
    assert told.count(False) <= 0.06 * len(told)


def test_a_faulty_lane_is_found_through_the_rounding() -> None:
    rng = np.random.default_rng(0)
    judged = [sameness(texts(drawn(0.05, 20, rng), drawn(0.005, 20, rng))) for _ in range(100)]
    assert sum(each.same is False for each in judged) >= 95


def test_the_divergence_that_rounding_explains_least_is_shown() -> None:
    near = ComparedText(differing_at(3), PLAIN, None, 1.001)
    far = ComparedText(differing_at(50), PLAIN, None, 4.0)
    unknown = ComparedText(differing_at(9), PLAIN)
    assert sameness([unknown, near, far])[-2:] == (50, 4.0)
    assert sameness([unknown])[-2:] == (9, None)


def test_a_text_that_ends_early_differs_where_it_ends() -> None:
    assert sameness([ComparedText(PLAIN[:40], PLAIN)]).first_divergence == 40
