"""Makes the policy that a run's settings name.

* imports neither Qt nor torch."""

from collections.abc import Callable

from engine.decoding.policies.adaptive import AdaptiveLength
from engine.decoding.policies.alpha_threshold import AlphaThreshold
from engine.decoding.policies.best_speedup import BestSpeedup
from engine.decoding.policies.confidence import ConfidenceStop
from engine.decoding.policies.fixed import FixedLength
from engine.decoding.policies.heuristic import TwoMoreOneLess
from engine.decoding.policies.limits import WithinLimits
from engine.decoding.policies.policy import DraftPolicy, ladder
from engine.decoding.policies.round_times import RoundTimes
from engine.decoding.policies.saturation import AcceptedRuns
from engine.settings import PolicySettings

_MIB = 2**20


def policy_for(
    settings: PolicySettings, gamma: int, times: RoundTimes, *, depth: int, free_bytes: Callable[[], int]
) -> DraftPolicy:
    """The policy of one generation, which starts with gamma; 0 is plain decoding, whatever the settings.

    times: of the loaded pair. depth: the most tokens that a tree has in a row, 0 for chains."""
    if gamma == 0:
        return FixedLength(0)
    policy = _chosen(settings, gamma, times, most=depth or max(gamma, settings.most_gamma))
    if not settings.most_ids and not settings.least_free_mib:
        return policy
    least_bytes = settings.least_free_mib * _MIB
    return WithinLimits(policy, most_ids=settings.most_ids, least_bytes=least_bytes, free_bytes=free_bytes)


def _chosen(settings: PolicySettings, gamma: int, times: RoundTimes, *, most: int) -> DraftPolicy:
    match settings.name:
        case "best-s":
            return AdaptiveLength(gamma, BestSpeedup(ladder(most, gamma), times))
        case "fallback":
            return AdaptiveLength(gamma, BestSpeedup((gamma,), times))
        case "heuristic":
            return TwoMoreOneLess(gamma, most=most)
        case "confidence":
            return ConfidenceStop(gamma)
        case "saturation":
            return AcceptedRuns(gamma, most=most)
        case "alpha-0.6":
            return AdaptiveLength(gamma, AlphaThreshold(gamma))
        case "fixed":
            return FixedLength(gamma)


def predicts(settings: PolicySettings) -> bool:
    """Whether a policy compares predicted speedups, and therefore wants rounds of every length timed beforehand."""
    return settings.name in ("best-s", "fallback")
