"""Escalation from a small allocation to larger ones while an answer looks bad: what each threshold would bring.

* imports neither Qt nor torch. Computed from a sweep's answers and their quality scores, without asking again."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from engine.errors import InputError
from engine.events import Allocation, CellAnswered, QualityScore
from engine.events.allocation import EscalationLadder, JudgedQuestion

_N_THRESHOLDS = 21


class EscalationPoint(NamedTuple):
    """One threshold: accuracy, mean tokens read and written over all that was asked, and the share of questions that
    went further."""

    threshold: float
    accuracy: float
    mean_context: float
    share_escalated: float
    mean_output: float = 0.0


def ladder_of(
    answers: Iterable[CellAnswered], steps: Sequence[Allocation], score: QualityScore = "none"
) -> EscalationLadder:
    """The answers of every question that each step has answered. Raises InputError: no step, or no quality scores."""
    if not steps:
        raise InputError("no allocation is named to escalate through", "name at least two")
    by_question: dict[str, dict[Allocation, CellAnswered]] = {}
    for answer in answers:
        if answer.allocation in steps and not answer.why:
            by_question.setdefault(answer.question_id, {})[answer.allocation] = answer
    whole = [[cells[step] for step in steps] for cells in by_question.values() if len(cells) == len(set(steps))]
    if not whole:
        raise InputError("no question was answered with every step of the ladder", "sweep these combinations")
    if all(answer.quality is None for row in whole for answer in row):
        raise InputError("this sweep did not judge its answers", "sweep with --quality probability")
    return EscalationLadder(score, tuple(steps), tuple(map(_judged, whole)))


def _judged(row: Sequence[CellAnswered]) -> JudgedQuestion:
    return JudgedQuestion(
        tuple(answer.right for answer in row),
        tuple(answer.input_tokens + answer.quality_tokens for answer in row),
        tuple(answer.output_tokens for answer in row),
        tuple(0.0 if answer.quality is None else answer.quality for answer in row),
    )


def usual_steps(answers: Iterable[CellAnswered]) -> tuple[Allocation, ...]:
    """The cheapest, the middle and the dearest cell that read documents, by their tokens."""
    tokens: dict[Allocation, list[int]] = {}
    for answer in answers:
        if answer.allocation.k and not answer.why:
            tokens.setdefault(answer.allocation, []).append(answer.input_tokens)
    ordered = sorted(tokens, key=lambda cell: (float(np.mean(tokens[cell])), cell))
    places = sorted({0, len(ordered) // 2, len(ordered) - 1}) if ordered else []
    return tuple(ordered[place] for place in places)


def curve(ladder: EscalationLadder) -> tuple[EscalationPoint, ...]:
    """Every threshold from 0, which never escalates, to 1."""
    return tuple(at(ladder, place / (_N_THRESHOLDS - 1)) for place in range(_N_THRESHOLDS))


def at(ladder: EscalationLadder, threshold: float) -> EscalationPoint:
    """What a threshold brings: a question goes on while the score of its answer is below it."""
    questions = ladder.questions
    good = np.array([question.quality for question in questions]) >= threshold
    good[:, -1] = True  # the last step's answer is taken in any case
    ends = good.argmax(1)
    rows = np.arange(len(questions))
    read = np.array([question.tokens for question in questions]).cumsum(1)[rows, ends]
    written = np.array([question.written for question in questions]).cumsum(1)[rows, ends]
    right = np.array([question.right for question in questions])[rows, ends]
    return EscalationPoint(
        threshold, float(right.mean()), float(read.mean()), float((ends > 0).mean()), float(written.mean())
    )
