from typing import get_args

import pytest

from engine.decoding.policies.choosing import policy_for, predicts
from engine.decoding.policies.limits import WithinLimits
from engine.decoding.policies.policy import DraftPolicy
from engine.decoding.policies.round_times import RoundTimes
from engine.settings import FIXED_LENGTH, PolicyName, PolicySettings


def chosen(settings: PolicySettings, gamma: int, *, depth: int = 0) -> DraftPolicy:
    return policy_for(settings, gamma, RoundTimes(), depth=depth, free_bytes=lambda: 0)


@pytest.mark.parametrize("name", get_args(PolicyName))
def test_every_policy_starts_with_gamma(name: PolicyName) -> None:
    policy = chosen(PolicySettings(name), 5)
    assert policy.gamma == 5
    assert 5 in policy.lengths and max(policy.lengths) <= 16
    assert max(chosen(PolicySettings(name), 3, depth=3).lengths) == 3


@pytest.mark.parametrize("name", get_args(PolicyName))
def test_plain_decoding_stays_plain(name: PolicyName) -> None:
    assert chosen(PolicySettings(name, most_ids=9), 0).lengths == (0,)


def test_limits_come_with_any_policy() -> None:
    assert isinstance(chosen(PolicySettings(most_ids=99), 4), WithinLimits)
    assert isinstance(chosen(PolicySettings("heuristic", least_free_mib=1), 4), WithinLimits)


def test_policies_that_compare_speedups_want_times() -> None:
    assert predicts(PolicySettings("best-s")) and predicts(PolicySettings("fallback")) and not predicts(FIXED_LENGTH)
