"""Escalation from a small allocation to larger ones while an answer looks bad: what each threshold would bring.

* imports neither Qt nor torch. Computed from a sweep's answers and their quality scores, without asking again."""

from collections.abc import Iterable, Sequence
from statistics import fmean
from typing import NamedTuple

from engine.errors import InputError
from engine.events import Allocation, CellAnswered

_N_THRESHOLDS = 21


class EscalationPoint(NamedTuple):
    """One threshold: accuracy, mean tokens over all that was asked, and the share of questions that went further."""

    threshold: float
    accuracy: float
    mean_context: float
    share_escalated: float


class LadderAnswer(NamedTuple):
    """What a question got at each step of the ladder."""

    right: tuple[bool, ...]
    tokens: tuple[int, ...]
    quality: tuple[float, ...]


def ladder_of(answers: Iterable[CellAnswered], ladder: Sequence[Allocation]) -> tuple[LadderAnswer, ...]:
    """The answers of every question that each step has answered. Raises InputError: no step, or no quality scores."""
    if not ladder:
        raise InputError("no allocation is named to escalate through", "name at least two")
    by_question: dict[str, dict[Allocation, CellAnswered]] = {}
    for answer in answers:
        if answer.allocation in ladder and not answer.why:
            by_question.setdefault(answer.question_id, {})[answer.allocation] = answer
    whole = [[steps[cell] for cell in ladder] for steps in by_question.values() if len(steps) == len(set(ladder))]
    if not whole:
        raise InputError("no question was answered with every step of the ladder", "sweep these combinations")
    if all(answer.quality is None for row in whole for answer in row):
        raise InputError("this sweep did not judge its answers", "sweep with --quality probability")
    return tuple(
        LadderAnswer(
            tuple(answer.right for answer in row),
            tuple(answer.input_tokens + answer.quality_tokens for answer in row),
            tuple(0.0 if answer.quality is None else answer.quality for answer in row),
        )
        for row in whole
    )


def curve(questions: Sequence[LadderAnswer]) -> tuple[EscalationPoint, ...]:
    """Every threshold from 0, which never escalates, to 1."""
    return tuple(at(questions, place / (_N_THRESHOLDS - 1)) for place in range(_N_THRESHOLDS))


def at(questions: Sequence[LadderAnswer], threshold: float) -> EscalationPoint:
    """What a threshold brings: a question goes on while the score of its answer is below it."""
    ends = [_end(question, threshold) for question in questions]
    return EscalationPoint(
        threshold,
        fmean(question.right[end] for question, end in zip(questions, ends, strict=True)),
        fmean(sum(question.tokens[: end + 1]) for question, end in zip(questions, ends, strict=True)),
        fmean(end > 0 for end in ends),
    )


def _end(question: LadderAnswer, threshold: float) -> int:
    """The step whose answer is taken."""
    steps = range(len(question.quality))
    return next((step for step in steps if question.quality[step] >= threshold), len(question.quality) - 1)
