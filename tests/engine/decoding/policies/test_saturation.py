from engine.decoding.policies.saturation import AcceptedRuns
from tests.engine.decoding.policies.rounds import follow


def test_drafts_get_as_long_as_what_nine_in_ten_accepted() -> None:
    assert [decision.gamma for decision in follow(AcceptedRuns(8, most=16), [2] * 7)] == [2]


def test_a_draft_accepted_whole_counts_as_one_token_longer() -> None:
    decisions = follow(AcceptedRuns(4, most=6), [9] * 40)
    assert [decision.gamma for decision in decisions] == [5, 6]
    assert {decision.reason for decision in decisions} == {"usual_run"}


def test_at_least_one_token_is_drafted() -> None:
    policy = AcceptedRuns(3, most=6)
    follow(policy, [0] * 20)
    assert policy.gamma == 1
