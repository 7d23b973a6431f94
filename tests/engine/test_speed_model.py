"""The formulas against the numbers the paper prints, and against measured optima."""

import pytest

from engine import speed_model
from engine.speed_model import CostModel


@pytest.mark.parametrize(
    ("alpha", "gamma", "operations", "speed"),
    [(0.6, 2, 1.53, 1.96), (0.7, 3, 1.58, 2.53), (0.8, 2, 1.23, 2.44), (0.8, 5, 1.63, 3.69), (0.9, 2, 1.11, 2.71),
     (0.9, 10, 1.60, 6.86)],
)  # fmt: skip
def test_table_1_of_the_paper_is_reproduced(alpha: float, gamma: int, operations: float, speed: float) -> None:
    assert speed_model.predicted_speedup(alpha, gamma, 0.0) == pytest.approx(speed, abs=0.005)
    assert speed_model.operation_factor(alpha, gamma, 0.0) == pytest.approx(operations, abs=0.005)


# What verifying one more token costs changes the best draft length; each row is argmax of tau / (1 + gamma (c + v)).
@pytest.mark.parametrize(
    ("alpha", "c", "verify", "gamma"),
    [(0.8, 0.02, 0.0, 11), (0.8, 0.1, 0.0, 6), (0.9, 0.05, 0.0, 13), (0.1, 0.3, 0.0, 0), (0.8, 0.1, 0.25, 3),
     (0.8, 0.1, 0.1, 4), (0.7, 0.05, 0.25, 2), (0.6, 0.3, 0.25, 1), (0.92, 0.05, 0.31, 5), (0.3, 0.2, 0.25, 0)],
)  # fmt: skip
def test_best_draft_length_counts_what_verifying_costs(alpha: float, c: float, verify: float, gamma: int) -> None:
    assert speed_model.best_gamma(alpha, c, verify) == gamma


# Best draft length and its speedup where one more token costs nothing, a tenth and a quarter of a step to verify.
_OPTIMA = {
    (0.6, 0.05): ((4, 1.92), (2, 1.51), (1, 1.23)),
    (0.6, 0.1): ((3, 1.67), (2, 1.40), (1, 1.19)),
    (0.6, 0.3): ((1, 1.23), (1, 1.14), (1, 1.03)),
    (0.7, 0.05): ((6, 2.35), (3, 1.75), (2, 1.37)),
    (0.7, 0.1): ((4, 1.98), (3, 1.58), (2, 1.29)),
    (0.7, 0.3): ((2, 1.37), (2, 1.22), (1, 1.10)),
    (0.8, 0.05): ((8, 3.09), (5, 2.11), (3, 1.55)),
    (0.8, 0.1): ((6, 2.47), (4, 1.87), (3, 1.44)),
    (0.8, 0.3): ((3, 1.55), (2, 1.36), (2, 1.16)),
    (0.9, 0.05): ((13, 4.67), (8, 2.78), (5, 1.87)),
    (0.9, 0.1): ((10, 3.43), (7, 2.37), (4, 1.71)),
    (0.9, 0.3): ((5, 1.87), (4, 1.58), (3, 1.30)),
}


@pytest.mark.parametrize(("alpha", "c"), _OPTIMA)
def test_best_draft_lengths_and_their_speedups_are_those_of_the_reference_table(alpha: float, c: float) -> None:
    for verify, (gamma, speedup) in zip((0.0, 0.1, 0.25), _OPTIMA[alpha, c], strict=True):
        predicted = [
            speed_model.predicted_speedup(alpha, length, c, verify_ratio=1 + verify * length)
            for length in (speed_model.best_gamma(alpha, c, verify), gamma)
        ]
        assert predicted == pytest.approx([speedup, speedup], abs=0.006)


def test_a_wide_forward_that_seems_cheaper_by_noise_costs_nothing_more() -> None:
    assert speed_model.best_gamma(0.8, 0.1, -0.02) == speed_model.best_gamma(0.8, 0.1, 0.0)


def test_verifying_is_interpolated_between_the_widths_that_were_timed() -> None:
    model = CostModel(10.0, 2.0, 1.0, ((1, 9.0), (3, 11.0), (9, 17.0)))
    assert [model.verify_ms(width) for width in (1, 2, 3, 6, 9, 12)] == pytest.approx([9, 10, 11, 14, 17, 20])
    assert model.round_ms(2) == pytest.approx(2 + 2 + 11)
    assert model.round_ms(0) == 10.0
    assert model.speedup(3.0, 2) == pytest.approx(3 * 10 / 15)
    assert (model.c, model.verify_per_token) == pytest.approx((0.1, 0.1))


def test_break_even_of_a_cost_model_is_where_a_round_costs_its_tokens() -> None:
    model = CostModel(10.0, 1.0, 1.0, ((1, 10.0), (5, 12.0)))
    alpha = model.break_even_alpha(4)
    assert alpha is not None
    assert model.speedup(speed_model.expected_tokens(alpha, 4), 4) == pytest.approx(1.0, abs=1e-6)
    assert CostModel(10.0, 0.0, 20.0, ((1, 10.0), (2, 11.0))).break_even_alpha(1) is None


@pytest.mark.parametrize(("gamma", "c", "alpha"), [(4, 0.1, 0.29), (8, 0.1, 0.44), (3, 0.3, 0.51), (8, 0.3, 0.72)])
def test_break_even_acceptance_matches_the_derived_table(gamma: int, c: float, alpha: float) -> None:
    found = speed_model.break_even_alpha(gamma, c)
    assert found == pytest.approx(alpha, abs=0.01)


def test_a_drafter_as_slow_as_the_target_never_breaks_even() -> None:
    assert speed_model.break_even_alpha(4, 1.5) is None


def test_perfect_acceptance_emits_gamma_plus_one_tokens() -> None:
    assert speed_model.expected_tokens(1.0, 4) == 5.0
    assert speed_model.expected_tokens(0.0, 4) == 1.0


@pytest.mark.parametrize("alpha", [0.0, 0.3, 0.85, 0.999_999_999_9, 1.0])
@pytest.mark.parametrize("gamma", [0, 1, 4, 64])
def test_the_closed_form_is_the_sum(alpha: float, gamma: int) -> None:
    expected = sum(alpha**i for i in range(gamma + 1))
    assert speed_model.expected_tokens(alpha, gamma) == pytest.approx(expected, rel=1e-6)


def test_a_gamma_no_loop_could_count_to_takes_no_time() -> None:
    assert speed_model.expected_tokens(0.5, 10**15) == pytest.approx(2.0)


def test_a_round_without_a_draft_brings_one_token() -> None:
    assert speed_model.mean_expected_tokens(0.8, 4, 1.0) == speed_model.expected_tokens(0.8, 4)
    assert speed_model.mean_expected_tokens(0.8, 4, 0.0) == 1.0
    assert speed_model.mean_expected_tokens(1.0, 3, 0.5) == 2.5


def test_drafts_of_many_lengths_bring_what_each_of_them_brings() -> None:
    assert speed_model.expected_over(0.8, (0, 0, 0, 7), 7) == pytest.approx(speed_model.expected_tokens(0.8, 4))
    assert speed_model.expected_over(0.8, (), 9) == 1.0
    assert speed_model.expected_over(1.0, (0, 0, 5), 10) == 2.5
    assert speed_model.expected_over(0.5, (1, 0, 1), 4) == pytest.approx((1.5 + 1.875 + 2) / 4)


def test_a_pair_whose_verifying_costs_much_is_not_told_the_longest_draft() -> None:
    # alpha .92 where five tokens cost 2.49 steps: what ignores that answers 63.
    assert speed_model.best_gamma(0.92, 0.05, (2.49 - 1) / 4) in range(1, 7)
