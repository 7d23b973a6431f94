from engine.decoding.policies.heuristic import TwoMoreOneLess
from engine.decoding.policies.policy import RoundFacts
from tests.engine.decoding.policies.rounds import follow


def test_two_more_after_a_whole_draft_and_one_less_after_any_other() -> None:
    decisions = follow(TwoMoreOneLess(4, most=16), [4, 6, 7, 0])
    assert [decision.gamma for decision in decisions] == [6, 8, 7, 6]
    assert [decision.reason for decision in decisions] == ["all_accepted"] * 2 + ["not_all_accepted"] * 2


def test_the_length_stays_between_one_and_the_largest() -> None:
    policy = TwoMoreOneLess(2, most=5)
    assert [decision.gamma for decision in follow(policy, [9] * 4)] == [4, 5]
    assert [decision.gamma for decision in follow(policy, [0] * 8)] == [4, 3, 2, 1]
    assert TwoMoreOneLess(20, most=5).lengths[-1] == 20


def test_an_empty_draft_counts_as_accepted_whole_as_in_transformers() -> None:
    policy = TwoMoreOneLess(2, most=8)
    policy.observe(RoundFacts(2, 0, 0, 1.0, 10))
    assert policy.gamma == 4
