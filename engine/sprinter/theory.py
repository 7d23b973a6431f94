"""What the theory says of a gate at a threshold; pure functions. Source: arXiv:2502.04557, section 4 and appendix A.1.

* imports neither Qt nor torch. alpha: probability that the target accepts a drafted token; eta_fp, eta_fn: that the
gate passes one it rejects, or stops one it accepts; rho: that the gate passes a token. Each is taken as the same at
every position and for every token, which is what the theorem assumes and real text does not keep to."""

from collections.abc import Sequence
from itertools import pairwise

from engine.events import GateConfusion, PredictedFigures, StepTimes


def pass_rate(alpha: float, eta_fp: float, eta_fn: float) -> float:
    """rho: the gate passes a token that is accepted and not stopped, or rejected and let through."""
    return alpha * (1 - eta_fn) + (1 - alpha) * eta_fp


def drafts_per_call(rho: float, cap: int) -> float:
    """Expected length of a run, the token that ends it included, when at most `cap` tokens are drafted."""
    return float(cap) if rho >= 1 else (1 - rho**cap) / (1 - rho)


def last_accepted(alpha: float, eta_fp: float, eta_fn: float, cap: int) -> float:
    """Probability that the token which ends a run is accepted: one that the gate stopped, or the last at the cap."""
    rho = pass_rate(alpha, eta_fp, eta_fn)
    at_cap = rho ** (cap - 1)
    stopped = alpha * eta_fn / (1 - rho) if rho < 1 else 0.0
    return (1 - at_cap) * stopped + at_cap * alpha


def total_variation(eta_fp: float, alpha: float) -> float:
    """How far a position's distribution is from the target's: TV(p, (1 - eta_fp) p + eta_fp q) = eta_fp TV(p, q)."""
    return eta_fp * (1 - alpha)


def predicted(at: GateConfusion, *, cap: int, times: StepTimes | None = None) -> PredictedFigures:
    """What a gate does at a threshold, by its shares on held-out documents and the times of single steps."""
    alpha, eta_fp, eta_fn = at.alpha, at.eta_fp, at.eta_fn
    drafts = drafts_per_call(at.rho, cap)
    tokens = drafts + last_accepted(alpha, eta_fp, eta_fn, cap)
    ms = None
    if times is not None:
        ms = (drafts * times.draft_ms + times.target_ms + drafts * times.per_row_ms) / tokens
    return PredictedFigures(
        alpha, eta_fp, eta_fn, at.rho, drafts, tokens, total_variation(eta_fp, alpha), ms_per_token=ms
    )


def confusion_at(confusions: Sequence[GateConfusion], threshold: float) -> GateConfusion:
    """The shares at a threshold, between the two nearest known ones. confusions: ascending, one at least."""
    if threshold <= confusions[0].threshold:
        return confusions[0]
    for low, high in pairwise(confusions):
        if threshold <= high.threshold:
            width = high.threshold - low.threshold
            return _between(low, high, threshold, (threshold - low.threshold) / width if width else 1.0)
    return confusions[-1]


def _between(low: GateConfusion, high: GateConfusion, threshold: float, weight: float) -> GateConfusion:
    def mixed(a: float, b: float) -> float:
        return (1 - weight) * a + weight * b

    return GateConfusion(
        threshold,
        mixed(low.true_pass, high.true_pass),
        mixed(low.false_pass, high.false_pass),
        mixed(low.true_stop, high.true_stop),
        mixed(low.false_stop, high.false_stop),
    )
