"""Figures of a drafter at one length, from calls whose values are known."""

import pytest

from engine.events import KvPrediction, LastToken, ProposedToken, RoundFinished
from engine.events.decoding import Fate
from engine.measuring import length_figures
from engine.measuring.length_figures import AllocatedBytes, LengthCalls
from engine.measuring.systems import Call

PREDICTION = KvPrediction(1000, "d", 8000, 400)


def a_round(*fates: Fate) -> RoundFinished:
    proposed = tuple(ProposedToken(1, "", 0.5, 0.5, 1.0, None, fate, 0.5, 0) for fate in fates)
    n = fates.count("accepted") + 1
    return RoundFinished(0, proposed, LastToken(1, "", "bonus", 0.5), (1,) * n, 1.0, 1.0, 0.0)


def a_call(ms: float, rounds: tuple[RoundFinished, ...], prefill_ms: float = 5.0) -> Call:
    ids = tuple(token for each in rounds for token in each.emitted)
    return Call(ids, ms, ms, rounds, 0, prefill_ms, 2.0, 0.5)


DRAFTED = (a_round("accepted", "accepted"), a_round("accepted", "rejected"), a_round("rejected", "untested"))
PLAIN = tuple(a_round() for _ in range(6))


def calls(target_prefill_ms: float | None) -> LengthCalls:
    drafted, plain = (
        [a_call(3.0, DRAFTED), a_call(4.0, DRAFTED)],
        [a_call(12.0, PLAIN, 90.0), a_call(14.0, PLAIN, 90.0)],
    )
    return LengthCalls(drafted, plain, 2, AllocatedBytes(8100, 410, 500), target_prefill_ms)


def test_time_acceptance_and_memory_are_those_of_the_calls() -> None:
    row = length_figures.measured(PREDICTION, calls(80.0), gamma=2, n_prompt=1000, greedy=True)
    assert (row.length, row.drafter, row.gamma, row.n_prompt) == (1000, "d", 2, 1000)
    assert row.ms_per_token == pytest.approx(3.5 / 6)
    assert row.plain_ms_per_token == pytest.approx(13 / 6)
    assert row.speedup == pytest.approx(13 / 3.5)
    assert row.speedup_ci is None and row.speedup_range == (14 / 4, 12 / 3) and row.n == 2
    assert (row.alpha, row.tau) == (3 / 5, 2.0)
    assert (row.prefill_ms, row.drafter_prefill_ms) == (85.0, 5.0)
    assert (row.kv_bytes_target, row.kv_bytes_drafter, row.drafter_bytes) == (8100, 410, 500)
    assert (row.predicted_kv_bytes_target, row.predicted_kv_bytes_drafter) == (8000, 400)
    assert row.same_text is True and row.n_new == 6


def test_plain_decoding_is_one_and_has_no_acceptance() -> None:
    called = calls(80.0)
    row = length_figures.measured(PREDICTION, called._replace(calls=called.plain), gamma=2, n_prompt=9, greedy=True)
    assert (row.speedup, row.tau, row.alpha, row.gamma) == (1.0, 1.0, None, 0)
    assert (row.prefill_ms, row.drafter_prefill_ms) == (80.0, 0.0)


def test_a_prompt_that_every_call_read_is_the_drafters_by_what_it_takes_more() -> None:
    row = length_figures.measured(PREDICTION, calls(None), gamma=2, n_prompt=9, greedy=False)
    assert (row.prefill_ms, row.drafter_prefill_ms) == (5.0, 0.0)
    assert row.same_text is None


def test_acceptance_is_counted_where_in_the_text_a_round_began() -> None:
    rounds = [a_round("accepted", "accepted")] * 11 + [a_round("rejected", "untested")] * 7
    first, second = length_figures.stretches([rounds], 1000)
    assert (first.first, first.last, second.last) == (1000, 1032, 1040)
    assert (first.alpha, second.alpha) == (1.0, 0.0)
    assert (first.n_rounds, second.n_rounds) == (11, 7)
    assert (first.tau, second.tau) == (3.0, 1.0)


def test_what_was_not_measured_keeps_its_reason_and_its_prediction() -> None:
    refused = length_figures.refused(
        KvPrediction(1000, "d", 8000, 400, "no room", "free memory"), gamma=2, n_prompt=1000
    )
    assert (refused.why_not, refused.hint, refused.predicted_kv_bytes_target) == ("no room", "free memory", 8000)
    assert refused.speedup is None and refused.n == 0
