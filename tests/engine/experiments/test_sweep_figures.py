"""Positions that were drafted, and the figures of a gate, from made-up rounds."""

import pytest

from engine.events import LastToken, ProposedToken, RoundFinished
from engine.events.decoding import Fate, LastKind
from engine.experiments.sweep_figures import WrittenText, drafted_positions, gate_figures


def token(fate: Fate, accept_prob: float, gate: float, *, audited: bool = False) -> ProposedToken:
    return ProposedToken(1, "x", 0.5, 0.5, accept_prob, None, fate, accept_prob, 0, gate=gate, audited=audited)


def a_round(*tokens: ProposedToken, kind: LastKind = "bonus") -> RoundFinished:
    n = sum(each.kept for each in tokens) + 1
    return RoundFinished(0, tokens, LastToken(2, "y", kind, 0.5), (1,) * n, 0.0, 0.0, 0.0)


ROUNDS = (
    a_round(token("unverified", 1.0, 0.9), token("unverified", 0.0, 0.8, audited=True), token("accepted", 1.0, 0.2)),
    a_round(token("unverified", 1.0, 0.9, audited=True), token("rejected", 0.0, 0.1), kind="correction"),
)


def test_a_correction_stands_at_a_drafted_position_and_a_bonus_does_not() -> None:
    assert [at.place for at in drafted_positions(ROUNDS, 6, cap=20)] == [0, 1, 2, 4, 5]
    assert [at.place for at in drafted_positions(ROUNDS, 5, cap=0)] == [0, 1, 2, 4]


def test_the_last_token_at_the_cap_is_the_targets_whatever_happens() -> None:
    assert [at.exact for at in drafted_positions(ROUNDS, 6, cap=3)] == [False, False, True, False, False]


def test_rates_count_untested_tokens_as_let_through() -> None:
    text = WrittenText((1,), (1,) * 6, "", ROUNDS, 1.0)
    figures = gate_figures([text], 0.5, tv=0.2)
    assert (figures.n_drafted, figures.n_gated, figures.n_audited) == (5, 3, 2)
    assert figures.alpha == pytest.approx(0.6)
    assert figures.eta_fp == pytest.approx(0.5)  # of two that the target rejects, one was let through
    assert figures.eta_fn == pytest.approx(1 / 3)
    assert figures.rho == pytest.approx(0.6)
    assert figures.drafts_per_call == pytest.approx(2.5)
    assert figures.assumption == pytest.approx(0.5 * 0.4 - 0.2)
    assert figures.audited_eta_fp == pytest.approx(1.5 / 2.5)
