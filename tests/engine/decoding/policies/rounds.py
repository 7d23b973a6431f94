"""Rounds for policies under test."""

from engine.decoding.policies.policy import Decision, DraftPolicy, RoundFacts


def drafted(n: int, accepted: int, *, ms: float = 1.0, n_ids: int = 100) -> RoundFacts:
    """A round that drafted n tokens; 0 is one of plain decoding."""
    return RoundFacts(n, n, accepted, ms, n_ids)


def follow(policy: DraftPolicy, accepts: list[int]) -> list[Decision]:
    """Let a policy choose each length; accepts: how many tokens the target would take in each round."""
    decisions = []
    for accepted in accepts:
        gamma, settled = policy.gamma, policy.settled
        decision = policy.observe(drafted(gamma, min(gamma, accepted)))
        assert policy.gamma in policy.lengths
        assert not settled or decision is None or decision.past
        decisions += [decision] if decision is not None else []
    return decisions
