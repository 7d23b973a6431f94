"""Sweeps: estimated, stopped and continued, with every answer asked for once."""

from collections.abc import Callable, Iterator, Sequence
from types import SimpleNamespace
from typing import cast

import pytest

from engine.allocation import sweep_file, sweeping
from engine.allocation.grid import cells_of
from engine.allocation.sweep_file import SweepFile
from engine.allocation.sweeping import SweepPlan, sweep
from engine.errors import InputError
from engine.evaluation.questions import GoldQuestion
from engine.evaluation.run import Exam
from engine.events import Allocation, CellAnswered, Event, SweepEstimated, SweepMeasured, SweepStarted
from engine.methods.iterdrag.config import IterDragConfig
from engine.runtime import Cancelled, RunContext
from tests.allocations import answered
from tests.engine.allocation.test_sweep_file import HEAD

CELLS = cells_of((0, 1), (0,), (1,))
GOLDS = tuple(GoldQuestion(f"q{i}", "single", "Where?", ("Nyby",)) for i in range(4))
LIBRARY = SimpleNamespace(key="k", uri="u", n_chunks=1, description=None)


class Asked:
    """Answers everything, counts it, and stops after a number of answers."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, stop_after: int = 1000, on_answer: Callable[[], None] = lambda: None
    ) -> None:
        self.pairs: list[tuple[str, Allocation]] = []
        self._stop_after, self._on_answer = stop_after, on_answer
        monkeypatch.setattr(sweeping, "answers", self.answers)
        monkeypatch.setattr(sweeping, "head_of", lambda plan, rt: HEAD)

    def answers(self, gold: GoldQuestion, cells: Sequence[Allocation], *_: object) -> Iterator[CellAnswered]:
        for cell in cells:
            self.pairs.append((gold.id, cell))
            self._on_answer()
            yield answered(gold.id, cell)

    def checkpoint(self) -> None:
        if len(self.pairs) >= self._stop_after:
            raise Cancelled

    def run(self, minutes: float | None = None, cells: tuple[Allocation, ...] = CELLS) -> list[Event]:
        exam = Exam("own", GOLDS, lambda _: LIBRARY, "d", "e")  # type: ignore[arg-type, return-value]
        rt = cast(RunContext, SimpleNamespace(target=SimpleNamespace(spec="builtin"), checkpoint=self.checkpoint))
        events: list[Event] = []
        try:
            for event in sweep(SweepPlan("builtin", exam, cells, IterDragConfig(), minutes), rt):
                events.append(event)
        except Cancelled:
            events.append(SweepMeasured("stopped", (), 0, 0))
        return events


def test_every_question_is_asked_with_every_cell_and_the_cost_said_first(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Asked(monkeypatch)
    events = asked.run()
    assert len(asked.pairs) == len(set(asked.pairs)) == len(CELLS) * len(GOLDS)
    assert isinstance(events[0], SweepStarted) and events[0].n_kept == 0
    first = next(event for event in events if isinstance(event, SweepEstimated))
    assert (first.n_measured, first.n_left, first.fits) == (1, 9, None) and first.input_tokens > 0
    end = events[-1]
    assert isinstance(end, SweepMeasured) and end.complete and not end.stopped_by
    assert [cell.n_questions for cell in end.cells] == [4, 4, 4] and end.efficiency[0] is None


def test_a_stopped_sweep_continues_and_repeats_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    first = Asked(monkeypatch, stop_after=5)
    stopped = [event for event in first.run() if isinstance(event, SweepMeasured)]
    assert stopped[-2].stopped_by == "user" and not stopped[-2].complete and stopped[-2].n_answered == 5
    second = Asked(monkeypatch)
    events = second.run()
    assert isinstance(events[0], SweepStarted) and events[0].n_kept == 5
    assert not set(first.pairs) & set(second.pairs) and len(first.pairs) + len(second.pairs) == 12
    assert Asked(monkeypatch).run()[-1] == events[-1]


def test_more_cells_continue_the_same_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Asked(monkeypatch).run()
    more = Asked(monkeypatch)
    more.run(cells=cells_of((0, 1, 2), (0,), (1,)))
    assert {cell for _, cell in more.pairs} == {Allocation(2, 0, 1)}
    assert len(sweep_file.heads()) == 1


def test_a_budget_of_time_ends_a_sweep_with_what_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    now = SimpleNamespace(s=0.0)
    monkeypatch.setattr(sweeping, "time", SimpleNamespace(monotonic=lambda: now.s))

    def pass_time() -> None:
        now.s += 12.0

    events = Asked(monkeypatch, on_answer=pass_time).run(minutes=1.0)
    end = events[-1]
    assert isinstance(end, SweepMeasured) and (end.stopped_by, end.n_answered, end.complete) == ("time", 5, True)
    estimate = next(event for event in events if isinstance(event, SweepEstimated))
    assert estimate.fits is False and estimate.n_reachable == 0 and estimate.seconds == 108


def test_a_sweep_that_another_program_writes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    file = SweepFile(HEAD)
    with pytest.raises(InputError, match="another sweep"):
        Asked(monkeypatch).run()
    file.close()
