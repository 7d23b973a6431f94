"""The figures of cells from their answers."""

import pytest

from engine.allocation.figures import efficiencies, measured_cells
from engine.events import Allocation, MeasuredCell
from tests.allocations import answered

NOTHING, MORE = Allocation(0, 0, 1), Allocation(2, 1, 1)


def test_cells_are_summed_up_over_what_was_asked() -> None:
    answers = [answered(f"q{i}", MORE, right=i < 6, demos=1 if i else 0) for i in range(12)]
    cell, = measured_cells([*answers, answered("long", MORE, why="too long")])  # fmt: skip
    assert (cell.n_questions, cell.accuracy, cell.mean_context, cell.max_context) == (12, 0.5, 250, 250)
    assert (cell.n_demos_dropped, cell.n_unanswered, cell.why_not) == (1, 1, "too long")
    assert cell.accuracy_ci is not None and cell.accuracy_ci.low < 0.5 < cell.accuracy_ci.high
    assert cell.score("f1") == cell.score("exact_match") == 0.5


def test_few_questions_have_no_interval_and_none_no_figures() -> None:
    few, empty = measured_cells([answered("q", MORE), answered("q", Allocation(9, 0, 1), why="too long")][::-1])[::-1]
    assert few.accuracy_ci is None and (empty.n_questions, empty.why_not) == (0, "too long")


def test_efficiency_is_against_asking_with_nothing() -> None:
    cells = measured_cells([answered("q", NOTHING, right=False), answered("q", MORE)])
    assert efficiencies(cells) == (None, pytest.approx(100 / 0.23))
    assert efficiencies(cells[1:]) == (None,)


def test_slow_cells_raise_an_alarm_by_their_99th_percentile() -> None:
    def cell(n: int, *slow_ms: float) -> MeasuredCell:
        times = [10.0] * 98 + list(slow_ms)
        at = Allocation(1, 0, n)
        return measured_cells([answered(f"q{i}", at, latency_ms=ms) for i, ms in enumerate(times)])[0]

    assert (cell(1, 20.0, 11_000.0).p99_ms, cell(1, 20.0, 11_000.0).is_slow) == (20.0, False)
    assert cell(1, 11_000.0, 11_000.0).is_slow and not cell(4, 11_000.0, 11_000.0).is_slow
    assert cell(4, 31_000.0, 31_000.0).is_slow
