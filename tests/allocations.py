"""Made-up sweeps whose scores follow from known coefficients."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.allocation.answer_table import AnswerTable
from engine.allocation.grid import cells_of
from engine.events import Allocation, CellAnswered, ScalingAnswered
from engine.methods.drag.config import DragConfig

CELLS = cells_of((0, 1, 2, 5), (0, 1, 2), (1, 2, 3))


def tokens(cell: Allocation) -> int:
    """The input tokens of a question: each iteration reads the prompt anew."""
    return cell.n * (20 + 50 * cell.k + cell.m * (30 + 50 * cell.k))


def table(scores: NDArray[np.float64], tasks: Sequence[str], cells: Sequence[Allocation] = CELLS) -> AnswerTable:
    """A table of these scores, [questions, cells]."""
    contexts = np.array([[tokens(cell) + 3.0 * (q % 5) for cell in cells] for q in range(len(tasks))])
    return AnswerTable(tuple(cells), tuple(f"q{i}" for i in range(len(tasks))), tuple(tasks), scores, contexts)


def drawn(
    chance: Callable[[str, Allocation], float], n: int, kinds: Sequence[str], cells: Sequence[Allocation] = CELLS
) -> AnswerTable:
    """Right and wrong answers drawn by a chance for each kind of question and cell, the kinds in turn."""
    rng = np.random.default_rng(0)
    tasks = [kinds[i % len(kinds)] for i in range(n)]
    chances = np.array([[chance(kind, cell) for cell in cells] for kind in tasks])
    return table((rng.random(chances.shape) < chances).astype(np.float64), tasks, cells)


def answered(
    question_id: str, cell: Allocation, *, right: bool = True, kind: str = "single", **fields: object
) -> CellAnswered:
    """An answer of a sweep."""
    usual: dict[str, object] = {
        "answer": "Nyby" if right else "Sund", "exact_match": right, "f1": float(right), "input_tokens": tokens(cell),
        "output_tokens": 4, "calls": cell.n, "docs": cell.k, "demos": cell.m, "iterations": cell.n, "latency_ms": 10.0,
    }  # fmt: skip
    return CellAnswered(question_id, kind, cell, right=right, **{**usual, **fields})  # type: ignore[arg-type]


def scaling_answer(answer: str | None, config: DragConfig, *, n_iterations: int = 0) -> ScalingAnswered:
    """The end of an answer with these settings."""
    return ScalingAnswered(
        "drag", "Where is the mill?", answer, 0.9, config.k, config.m, config.iterations, config.k, config.m,
        n_iterations, 1 + n_iterations, effective_context=300, cached_tokens=0, longest_context=300, output_tokens=5,
        retrieving_ms=1, prefill_ms=1, decode_ms=1, ttft_ms=1, latency_ms=2, gamma=0, n_rounds=1, n_proposed=0,
        n_accepted=0,
    )  # fmt: skip
