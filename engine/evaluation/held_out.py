"""Calibration and learned weights from an evaluation: fitted on one half of its questions, measured on the other.

* imports neither Qt nor torch. The kinds of questions are in both halves."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from engine.errors import InputError
from engine.evaluation import calibration
from engine.evaluation.calibration import Weights
from engine.evaluation.file import DraftLine, QuestionLine, Scores
from engine.events.evaluation import FilledBin, HeldOut, Weighted
from engine.speed_model import ratio_interval

_PAPER = Weights(1.0, 1.0, 1.0)


class _Scored(NamedTuple):
    """A complete draft."""

    scores: Scores
    right: bool


def held_out(lines: Sequence[QuestionLine]) -> HeldOut | None:
    """Fit on one half, measure on the other; None where there are too few drafts, or all are right or all wrong."""
    fitting, other = _halves(lines)
    known = [one for question in fitting for one in question]
    asked = [one for question in other for one in question]
    right = [one.right for one in known]
    if not asked:
        return None
    try:
        temperature = calibration.calibrate([one.scores.log_odds for one in known], right).temperature
        weights = calibration.learn_weights([_logs(one) for one in known], right)
    except InputError:  # nothing can be fitted: the figures are then simply not there
        return None
    before, after = _bins(asked, 1.0), _bins(asked, temperature)
    return HeldOut(
        temperature, len(known), len(asked), calibration.ece(before), calibration.ece(after), _filled(before),
        _filled(after), _weighted(weights, [question for question in other if question]),
    )  # fmt: skip


def _halves(lines: Sequence[QuestionLine]) -> tuple[list[list[_Scored]], list[list[_Scored]]]:
    """The drafts of every other question of each kind, and those of the others."""
    seen: Counter[str] = Counter()
    halves: tuple[list[list[_Scored]], list[list[_Scored]]] = ([], [])
    for line in lines:
        halves[seen[line.kind] % 2].append([made for draft in line.drafts if (made := _scored(draft)) is not None])
        seen[line.kind] += 1
    return halves


def _scored(draft: DraftLine) -> _Scored | None:
    return None if draft.scores is None else _Scored(draft.scores, draft.right)


def _bins(asked: Sequence[_Scored], temperature: float) -> tuple[calibration.Bin, ...]:
    odds = np.array([one.scores.log_odds for one in asked]) / temperature
    return calibration.reliability(calibration.confidence(odds), [one.right for one in asked])


def _filled(bins: Sequence[calibration.Bin]) -> tuple[FilledBin, ...]:
    return tuple(
        FilledBin(one.confidence, one.accuracy, one.n)
        for one in bins
        if one.confidence is not None and one.accuracy is not None
    )


def _weighted(weights: Weights, questions: Sequence[Sequence[_Scored]]) -> Weighted:
    chosen = [_chosen(question, weights) for question in questions]
    product = [_chosen(question, _PAPER) for question in questions]
    gains = [float(a) - b for a, b in zip(chosen, product, strict=True)]
    n = len(gains)
    ci = ratio_interval(gains, [1.0] * n, [1] * n)
    return Weighted(*weights, n, sum(chosen) / n, sum(product) / n, sum(gains) / n, ci)


def _chosen(question: Sequence[_Scored], weights: Weights) -> bool:
    """Whether the draft with the largest weighted sum is right."""
    totals = np.array([_logs(one) for one in question]) @ np.array(weights)
    return question[int(np.argmax(totals))].right


def _logs(one: _Scored) -> tuple[float, float, float]:
    return one.scores.draft, one.scores.self_contain, one.scores.self_reflect
