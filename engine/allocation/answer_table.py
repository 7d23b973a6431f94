"""Arranges the answers of a sweep as a table of questions and cells.

* imports neither Qt nor torch."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from engine.events import Allocation, AnswerMetric, CellAnswered

# Kinds of fewer questions are one task together: their scores would be chance alone.
_FEWEST_OF_TASK = 5
OTHER_QUESTIONS = "others"


class AnswerTable(NamedTuple):
    """Questions that were asked with every cell. scores, contexts: [questions, cells]; tasks: a name for each question.

    n_partial: questions left out since a cell lacks them; unasked: cells left out since most questions could not be
    asked with them, with the reason."""

    cells: tuple[Allocation, ...]
    questions: tuple[str, ...]
    tasks: tuple[str, ...]
    scores: NDArray[np.float64]
    contexts: NDArray[np.float64]
    n_partial: int = 0
    unasked: tuple[tuple[Allocation, str], ...] = ()

    @property
    def task_names(self) -> tuple[str, ...]:
        """Each task once, in the order of the questions."""
        return tuple(dict.fromkeys(self.tasks))

    def of_questions(self, places: Sequence[int]) -> "AnswerTable":
        """The table of some questions."""
        chosen = list(places)
        return self._replace(
            questions=tuple(self.questions[place] for place in chosen),
            tasks=tuple(self.tasks[place] for place in chosen),
            scores=self.scores[chosen],
            contexts=self.contexts[chosen],
        )

    def of_cells(self, cells: Iterable[Allocation]) -> "AnswerTable":
        """The table of some cells, in its own order."""
        wanted = set(cells)
        chosen = [place for place, cell in enumerate(self.cells) if cell in wanted]
        return self._replace(
            cells=tuple(self.cells[place] for place in chosen),
            scores=self.scores[:, chosen],
            contexts=self.contexts[:, chosen],
        )


def arranged(answers: Iterable[CellAnswered], metric: AnswerMetric) -> AnswerTable:
    """Build the table. Raises InputError: there is no answer, or no question that every cell has answered."""
    by_cell: dict[Allocation, dict[str, CellAnswered]] = {}
    kinds: dict[str, str] = {}
    for answer in answers:
        by_cell.setdefault(answer.allocation, {})[answer.question_id] = answer
        kinds.setdefault(answer.question_id, answer.kind)
    if not kinds:
        raise InputError("the sweep has no answers yet", "let it answer a few questions first")
    usable, unasked = _usable_cells(by_cell)
    questions = [q for q in kinds if all(q in by_cell[cell] and not by_cell[cell][q].why for cell in usable)]
    if not usable or not questions:
        raise InputError(
            "no question has been answered with every combination", "run the same sweep again, it continues"
        )
    rows = [[by_cell[cell][q] for cell in usable] for q in questions]
    return AnswerTable(
        usable,
        tuple(questions),
        _tasks([kinds[q] for q in questions]),
        np.array([[_score(answer, metric) for answer in row] for row in rows], dtype=np.float64),
        np.array([[answer.input_tokens for answer in row] for row in rows], dtype=np.float64),
        len(kinds) - len(questions),
        unasked,
    )


def _usable_cells(
    by_cell: dict[Allocation, dict[str, CellAnswered]],
) -> tuple[tuple[Allocation, ...], tuple[tuple[Allocation, str], ...]]:
    """The cells that were asked as they say, and the others with the reason."""
    most = max(map(len, by_cell.values()))
    reasons = {cell: _why_unusable(cell, tuple(of_cell.values()), most) for cell, of_cell in by_cell.items()}
    ordered = sorted(by_cell, key=lambda cell: (cell.n, cell.m, cell.k))
    return (
        tuple(cell for cell in ordered if not reasons[cell]),
        tuple((cell, reasons[cell]) for cell in ordered if reasons[cell]),
    )


def _why_unusable(cell: Allocation, answers: Sequence[CellAnswered], most: int) -> str:
    """Why a cell cannot be fitted: for most of its questions something is missing. Empty if it can."""
    if 2 * len(answers) < most:
        return f"only {len(answers)} of {most} questions were asked"
    asked = [answer for answer in answers if not answer.why]
    if 2 * len(asked) < len(answers):
        return next(answer.why for answer in answers if answer.why)
    for name, wanted, used in (
        ("documents", cell.k, [answer.docs for answer in asked]),
        ("demonstrations", cell.m, [answer.demos for answer in asked]),
    ):
        if 2 * sum(n < wanted for n in used) > len(asked):
            return f"there was room for, or there were, at most {max(used)} {name} of {wanted}"
    return ""


def _tasks(kinds: Sequence[str]) -> tuple[str, ...]:
    """The task of each question: its kind, if that has enough questions."""
    counts = Counter(kinds)
    return tuple(kind if counts[kind] >= _FEWEST_OF_TASK else OTHER_QUESTIONS for kind in kinds)


def _score(answer: CellAnswered, metric: AnswerMetric) -> float:
    if metric == "f1":
        return answer.f1
    return float(answer.right if metric == "accuracy" else answer.exact_match)
