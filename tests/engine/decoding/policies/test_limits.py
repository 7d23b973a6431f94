from collections.abc import Iterator
from itertools import repeat

from engine.decoding.policies.fixed import FixedLength
from engine.decoding.policies.heuristic import TwoMoreOneLess
from engine.decoding.policies.limits import WithinLimits
from engine.decoding.policies.policy import Decision
from tests.engine.decoding.policies.rounds import drafted


def observed(limits: WithinLimits, n_ids: Iterator[int], n: int) -> list[tuple[int, Decision]]:
    """Decisions by round."""
    decisions = []
    for i, length in zip(range(n), n_ids, strict=False):
        settled = limits.settled
        decision = limits.observe(drafted(limits.gamma, 0, n_ids=length))
        assert not (settled and decision)
        decisions += [(i, decision)] if decision is not None else []
    return decisions


def test_nothing_is_drafted_once_the_text_is_long() -> None:
    limits = WithinLimits(FixedLength(4), most_ids=50, least_bytes=0, free_bytes=lambda: 0)
    ((at, decision),) = observed(limits, iter(range(30, 90, 3)), 20)
    assert (at, decision.gamma, decision.reason) == (7, 0, "long_text")
    assert limits.gamma == 0 and limits.settled and limits.lengths == (0, 4)


def test_drafting_pauses_while_memory_is_short() -> None:
    looks = iter([900, 90, 110, 130, 500])
    limits = WithinLimits(FixedLength(4), most_ids=0, least_bytes=100, free_bytes=lambda: next(looks))
    decisions = observed(limits, repeat(10), 80)
    assert [(at, decision.gamma, decision.reason) for at, decision in decisions] == [
        (31, 0, "little_memory"), (63, 4, "memory_free"),
    ]  # fmt: skip


def test_within_the_limits_the_other_policy_decides() -> None:
    limits = WithinLimits(TwoMoreOneLess(4, most=8), most_ids=50, least_bytes=0, free_bytes=lambda: 0)
    decision = limits.observe(drafted(4, 4, n_ids=20))
    assert decision is not None and decision.gamma == limits.gamma == 6
