from engine.decoding.policies.adaptive import AdaptiveLength
from engine.decoding.policies.alpha_threshold import AlphaThreshold
from tests.engine.decoding.policies.rounds import follow


def test_drafting_ends_below_six_in_ten_and_begins_again_above() -> None:
    policy = AdaptiveLength(4, AlphaThreshold(4))
    decisions = follow(policy, [1] * 12 + [9] * 400)
    assert (decisions[0].gamma, decisions[0].reason) == (0, "low_acceptance")
    assert decisions[1].reason == "probe"
    assert (decisions[-1].gamma, decisions[-1].reason) == (4, "acceptance_recovered")
    assert all(decision.predicted_after is None for decision in decisions if decision.gamma)


def test_few_tested_tokens_decide_nothing() -> None:
    assert follow(AdaptiveLength(4, AlphaThreshold(4)), [0] * 5) == []
