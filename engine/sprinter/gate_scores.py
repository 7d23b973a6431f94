"""How well a probability tells tokens that the target accepts from those it rejects: ROC, reliability, shares.

Imports no torch. `accepted` is the probability with which the target accepts each token: 0 or 1 in greedy decoding, and
in sampling min(1, p / q), so that a token counts as accepted and as rejected in parts."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.events import GateConfusion, GateScore, ReliabilityBin, RocPoint
from engine.events.gates import ScoreName
from engine.statistics import FEWEST_FOR_INTERVAL, Interval

Floats: TypeAlias = NDArray[np.float64]
THRESHOLDS = (*(round(0.02 * i, 2) for i in range(50)), 0.99, 0.995, 0.999, 1.0)
_N_BINS, _N_RESAMPLES = 10, 200


def score(name: ScoreName, probs: Floats, accepted: Floats, documents: NDArray[np.int64]) -> GateScore:
    """The figures of a probability; all arrays have an entry for each token. documents: which text it belongs to."""
    reliability = _reliability(probs, accepted)
    return GateScore(
        name,
        auc(probs, accepted),
        _auc_interval(probs, accepted, documents),
        sum(each.n * abs(each.predicted - each.observed) for each in reliability) / max(1, len(probs)),
        float(np.mean(accepted * (1 - probs) ** 2 + (1 - accepted) * probs**2)),
        _roc(probs, accepted),
        reliability,
    )


def auc(probs: Floats, accepted: Floats) -> float:
    """Area under the ROC curve: how often an accepted token has the higher probability than a rejected one."""
    order = np.argsort(-probs, kind="stable")
    last_of_ties = np.append(np.diff(probs[order]) != 0, True)
    true = np.append(0.0, np.cumsum(accepted[order])[last_of_ties])
    false = np.append(0.0, np.cumsum(1 - accepted[order])[last_of_ties])
    if not true[-1] or not false[-1]:
        return 0.5
    return float(np.trapezoid(true, false) / (true[-1] * false[-1]))


def confusions(probs: Floats, accepted: Floats, thresholds: Sequence[float] = THRESHOLDS) -> tuple[GateConfusion, ...]:
    """The shares at each threshold; a token passes from the threshold on."""
    n = max(1, len(probs))
    return tuple(_confusion(threshold, probs >= threshold, accepted, n) for threshold in thresholds)


def _confusion(threshold: float, passes: NDArray[np.bool_], accepted: Floats, n: int) -> GateConfusion:
    true_pass, rejected = float(accepted[passes].sum()), 1 - accepted
    false_pass = float(rejected[passes].sum())
    return GateConfusion(
        threshold, true_pass / n, false_pass / n, float(rejected.sum() - false_pass) / n,
        float(accepted.sum() - true_pass) / n,
    )  # fmt: skip


def _roc(probs: Floats, accepted: Floats) -> tuple[RocPoint, ...]:
    return tuple(RocPoint(at.threshold, at.eta_fp, 1 - at.eta_fn) for at in confusions(probs, accepted))


def _reliability(probs: Floats, accepted: Floats) -> tuple[ReliabilityBin, ...]:
    """Tokens by their probability, in ten ranges of equal width; empty ranges are left out."""
    places = np.minimum((probs * _N_BINS).astype(int), _N_BINS - 1)
    return tuple(
        ReliabilityBin(float(probs[chosen].mean()), float(accepted[chosen].mean()), int(chosen.sum()))
        for place in range(_N_BINS)
        if (chosen := places == place).any()
    )


def _auc_interval(probs: Floats, accepted: Floats, documents: NDArray[np.int64]) -> Interval | None:
    """Percentile bootstrap over documents; None below ten."""
    names, which = np.unique(documents, return_inverse=True)
    if len(names) < FEWEST_FOR_INTERVAL:
        return None
    members = [np.flatnonzero(which == i) for i in range(len(names))]
    rng = np.random.default_rng(0)
    values = []
    for _ in range(_N_RESAMPLES):
        rows = np.concatenate([members[i] for i in rng.integers(0, len(names), len(names))])
        values.append(auc(probs[rows], accepted[rows]))
    low, high = np.percentile(values, (2.5, 97.5))
    return Interval(float(low), float(high))
