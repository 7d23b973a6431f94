"""Fits calibration and weights on one half of an evaluation's questions, and measures them on the other.

* imports neither Qt nor torch. Both halves have questions of every kind."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from engine.errors import InputError
from engine.evaluation import calibration
from engine.evaluation.calibration import Weights
from engine.evaluation.file import DraftLine, QuestionLine, Scores
from engine.events.evaluation import FilledBin, HeldOut, Weighted
from engine.statistics import gain_interval

_PAPER = Weights(1.0, 1.0, 1.0)


class _Scored(NamedTuple):
    """A complete draft."""

    scores: Scores
    right: bool


def held_out(lines: Sequence[QuestionLine]) -> HeldOut | None:
    """Fit on one half, measure on the other; None if there are too few drafts, or all are right or all wrong."""
    fitting, other = _halves(lines)
    fitting_drafts = [draft for question in fitting for draft in question]
    other_drafts = [draft for question in other for draft in question]
    right = [draft.right for draft in fitting_drafts]
    if not other_drafts:
        return None
    try:
        temperature = calibration.calibrate([draft.scores.log_odds for draft in fitting_drafts], right).temperature
        weights = calibration.learn_weights([_logs(draft) for draft in fitting_drafts], right)
    except InputError:  # nothing can be fitted, so there are no figures
        return None
    before, after = _bins(other_drafts, 1.0), _bins(other_drafts, temperature)
    return HeldOut(
        temperature, len(fitting_drafts), len(other_drafts), calibration.ece(before), calibration.ece(after),
        _filled(before), _filled(after), _weighted(weights, [question for question in other if question]),
    )  # fmt: skip


def _halves(lines: Sequence[QuestionLine]) -> tuple[list[list[_Scored]], list[list[_Scored]]]:
    """The complete drafts of every second question of each kind, and those of the other questions."""
    counts: Counter[str] = Counter()
    halves: tuple[list[list[_Scored]], list[list[_Scored]]] = ([], [])
    for line in lines:
        halves[counts[line.kind] % 2].append(
            [scored for draft in line.drafts if (scored := _scored(draft)) is not None]
        )
        counts[line.kind] += 1
    return halves


def _scored(draft: DraftLine) -> _Scored | None:
    return None if draft.scores is None else _Scored(draft.scores, draft.right)


def _bins(drafts: Sequence[_Scored], temperature: float) -> tuple[calibration.Bin, ...]:
    odds = np.array([draft.scores.log_odds for draft in drafts]) / temperature
    return calibration.reliability(calibration.confidence(odds), [draft.right for draft in drafts])


def _filled(bins: Sequence[calibration.Bin]) -> tuple[FilledBin, ...]:
    return tuple(
        FilledBin(bucket.confidence, bucket.accuracy, bucket.n)
        for bucket in bins
        if bucket.confidence is not None and bucket.accuracy is not None
    )


def _weighted(weights: Weights, questions: Sequence[Sequence[_Scored]]) -> Weighted:
    chosen = [_is_choice_right(question, weights) for question in questions]
    product = [_is_choice_right(question, _PAPER) for question in questions]
    gains = [float(a) - b for a, b in zip(chosen, product, strict=True)]
    n = len(gains)
    return Weighted(*weights, n, sum(chosen) / n, sum(product) / n, sum(gains) / n, gain_interval(gains))


def _is_choice_right(question: Sequence[_Scored], weights: Weights) -> bool:
    """Whether the draft with the largest weighted sum is right."""
    totals = np.array([_logs(draft) for draft in question]) @ np.array(weights)
    return question[int(np.argmax(totals))].right


def _logs(draft: _Scored) -> tuple[float, float, float]:
    return draft.scores.draft, draft.scores.self_contain, draft.scores.self_reflect
