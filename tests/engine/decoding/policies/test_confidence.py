from engine.decoding.policies.confidence import ConfidenceStop
from engine.decoding.policies.policy import RoundFacts


def test_each_change_of_the_drafted_length_is_reported_for_the_round_that_had_it() -> None:
    policy = ConfidenceStop(4)
    decisions = [policy.observe(RoundFacts(4, n, 0, 1.0, 10)) for n in (4, 2, 2, 4)]
    assert [decision and (decision.gamma, decision.reason) for decision in decisions] == [
        None, (2, "unsure"), None, (4, "sure"),
    ]  # fmt: skip
    assert all(decision.past for decision in decisions if decision)
    assert policy.gamma == 4


def test_a_draft_that_the_end_of_the_text_shortens_is_no_decision() -> None:
    assert ConfidenceStop(4).observe(RoundFacts(2, 2, 0, 1.0, 10)) is None
