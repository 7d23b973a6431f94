from engine.decoding.policies.fixed import FixedLength
from tests.engine.decoding.policies.rounds import follow


def test_the_length_never_changes() -> None:
    policy = FixedLength(3)
    assert follow(policy, [0, 3, 1, 0]) == []
    assert (policy.gamma, policy.lengths, policy.settled) == (3, (3,), True)
