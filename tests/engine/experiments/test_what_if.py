"""The replay of recorded acceptance: against counting, against simulated drafters, and on odd runs."""

import random
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.events import Candidate, RoundFinished
from engine.experiments.what_if import acceptance_along, expected_rounds, expected_tau, lenient_alpha
from engine.speed_model import expected_tokens
from tests.engine.experiments.drafts import SampledPair, greedy_rounds, proposed, round_of

N_HITS = 20_000
HITS = st.lists(st.booleans(), min_size=1, max_size=60)


@given(HITS, st.integers(0, 9))
def test_rounds_over_known_fates_are_those_that_a_drafter_needs(hits: list[bool], gamma: int) -> None:
    assert expected_rounds([float(hit) for hit in hits], gamma) == len(greedy_rounds(hits, gamma))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8), st.integers(0, 4))
def test_rounds_over_probabilities_are_the_mean_over_all_fates(acceptance: list[float], gamma: int) -> None:
    mean = 0.0
    for code in range(2 ** len(acceptance)):
        hits = [bool(code >> i & 1) for i in range(len(acceptance))]
        weight = 1.0
        for probability, hit in zip(acceptance, hits, strict=True):
            weight *= probability if hit else 1 - probability
        mean += weight * len(greedy_rounds(hits, gamma))
    assert expected_rounds(acceptance, gamma) == pytest.approx(mean)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40), st.integers(0, 8))
def test_longer_drafts_never_need_more_rounds(acceptance: list[float], gamma: int) -> None:
    assert expected_rounds(acceptance, gamma + 1) <= expected_rounds(acceptance, gamma) + 1e-9
    assert 1 <= expected_tau(acceptance, gamma) <= gamma + 1


@pytest.mark.parametrize("gamma", [1, 3, 8])
def test_equal_acceptance_everywhere_gives_the_formula_of_the_paper(gamma: int) -> None:
    assert expected_tau([0.7] * 5000, gamma) == pytest.approx(expected_tokens(0.7, gamma), rel=1e-3)


def test_no_draft_is_plain_decoding() -> None:
    assert expected_tau([1.0, 0.4, 0.0], 0) == 1.0
    assert expected_rounds((), 4) == 0.0


def sticky_hits(n: int, after_hit: float, after_miss: float) -> list[bool]:
    """Fates that depend on the one before."""
    rng, hits = random.Random(0), [True]
    while len(hits) < n:
        hits.append(rng.random() < (after_hit if hits[-1] else after_miss))
    return hits


@cache
def sticky_rounds(rates: tuple[float, float], gamma: int) -> list[RoundFinished]:
    """The rounds over such fates, built once for all tests."""
    return greedy_rounds(sticky_hits(N_HITS, *rates), gamma)


@pytest.mark.parametrize("recorded", [1, 2, 4, 8])
@pytest.mark.parametrize("rates", [(0.9, 0.4), (0.6, 0.6), (0.5, 0.8)])
def test_a_greedy_run_tells_what_other_draft_lengths_would_need(recorded: int, rates: tuple[float, float]) -> None:
    acceptance = acceptance_along(sticky_rounds(rates, recorded))
    assert len(acceptance) == N_HITS
    for gamma in (1, 2, 4, 8):
        needed = len(sticky_rounds(rates, gamma))
        assert expected_tau(acceptance, gamma) == pytest.approx(N_HITS / needed, rel=0.02)


@given(HITS, st.integers(1, 6))
def test_what_was_tested_is_kept_and_what_was_not_is_a_probability(hits: list[bool], gamma: int) -> None:
    rounds = greedy_rounds(hits, gamma)
    acceptance = acceptance_along(rounds)
    at = 0
    for each in rounds if acceptance else ():
        n_tested = sum(token.fate != "untested" for token in each.proposed)
        assert list(acceptance[at : at + n_tested]) == [float(hit) for hit in hits[at : at + n_tested]]
        at += len(each.emitted)
    assert all(0 <= probability <= 1 for probability in acceptance)


@pytest.mark.parametrize("recorded", [1, 4])
def test_a_sampled_run_tells_what_other_draft_lengths_would_need(recorded: int) -> None:
    pair = SampledPair(1.0, seed=2)
    acceptance = acceptance_along(pair.rounds(3000, recorded, seed=1))
    for gamma in (1, 2, 6):
        rounds = pair.rounds(3000, gamma, seed=2)
        measured = sum(len(each.emitted) for each in rounds) / len(rounds)
        assert expected_tau(acceptance, gamma) == pytest.approx(measured, rel=0.04)


def test_nothing_is_known_where_nothing_was_tested() -> None:
    plain = [round_of([]) for _ in range(3)]
    assert acceptance_along([]) == ()
    assert acceptance_along(plain) == ()
    assert lenient_alpha(plain, 0.5) is None


def test_a_lookup_that_finds_nothing_counts_as_a_rejection_but_not_the_end_of_the_text() -> None:
    hit, empty = round_of([proposed("accepted", overlap=1.0)]), round_of([])
    assert acceptance_along([hit, empty, empty])[2] == 0.0
    assert acceptance_along([hit, empty])[2] == 1.0


def test_a_draft_cut_at_a_stop_token_counts_what_was_emitted() -> None:
    tokens = [proposed("accepted", overlap=1.0), proposed("untested", overlap=0.0)]
    assert acceptance_along([round_of(tokens, last=False)]) == (1.0,)


def test_a_lenient_rule_of_sampling_accepts_as_often_as_one_that_ran() -> None:
    pair = SampledPair(1.5)
    recorded = pair.rounds(3000, 4, seed=1)
    for lenience in (0.9, 0.5, 0.2):
        ran = [token for each in pair.rounds(3000, 4, seed=2, lenience=lenience) for token in each.proposed]
        tested = [token.fate for token in ran if token.fate != "untested"]
        assert lenient_alpha(recorded, lenience) == pytest.approx(tested.count("accepted") / len(tested), abs=0.02)


def test_more_lenience_accepts_more_and_none_at_all_accepts_everything() -> None:
    rounds = SampledPair(1.5).rounds(500, 4, seed=1)
    alphas = [lenient_alpha(rounds, lenience) or 0.0 for lenience in (1.0, 0.5, 0.1, 0.0)]
    assert alphas == sorted(alphas)
    assert alphas[-1] == 1.0


def lenient_round() -> RoundFinished:
    """A greedy round: accepted, rejected at 0.3 where the best had 0.6, and an untested token at 0.4 of 0.5."""
    untested = proposed("untested", overlap=0.0, p=0.4)
    return round_of([proposed("accepted", overlap=1.0), proposed("rejected", overlap=0.0, p=0.3), untested])


def test_a_lenient_rule_of_greedy_decoding_compares_with_the_most_probable_token() -> None:
    assert lenient_alpha([lenient_round()], 0.6) == pytest.approx(1 / 2)
    assert lenient_alpha([lenient_round()], 0.5) == 1.0


def test_a_lenient_rule_reads_on_in_the_draft_where_the_target_s_list_was_recorded() -> None:
    known = lenient_round()
    token = proposed("untested", overlap=0.0, p=0.1)
    listed = type(token)(7, " a", 0.1, 0.5, 0.2, None, "untested", 0.0, 0, (Candidate(9, " c", 0.9),))
    longer = round_of([*known.proposed[:2], listed])
    assert lenient_alpha([longer], 0.5) == pytest.approx(2 / 3)
