"""When an audit says that a gate no longer fits."""

from engine.events import ProposedToken, RoundFinished
from engine.sprinter.drift import Drift


def a_round(index: int, *accept_probs: float) -> RoundFinished:
    tokens = tuple(
        ProposedToken(1, "x", 0.5, 0.5, prob, None, "unverified", prob, 0, gate=0.9, audited=True)
        for prob in accept_probs
    )
    return RoundFinished(index, tokens, None, (1,) * len(tokens), 0.0, 0.0, 0.0)


def warnings(drift: Drift, *accept_probs: float) -> list[str]:
    return [said for i in range(40) if (said := drift.take(a_round(i, *accept_probs)))]


def test_a_gate_that_is_wrong_far_more_often_than_promised_is_reported_once() -> None:
    said = warnings(Drift(0.02), 1.0, 0.0, 1.0, 0.0)
    assert len(said) == 1
    assert "50 %" in said[0]
    assert "2 %" in said[0]


def test_a_gate_that_keeps_its_promise_is_not() -> None:
    drift = Drift(0.05)
    assert warnings(drift, 1.0, 1.0, 1.0) == []
    assert drift.share == 0.0


def test_nothing_is_promised_by_the_drafters_own_probability() -> None:
    assert warnings(Drift.of(None, 0.5), 0.0, 0.0, 0.0) == []
