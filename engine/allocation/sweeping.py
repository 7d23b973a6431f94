"""Sweeps cells over questions: estimates the cost first, continues where it was stopped, ends at a budget of time."""

import time
from collections.abc import Generator, Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import msgspec

from engine.allocation import sweep_file
from engine.allocation.answering import answers
from engine.allocation.figures import efficiencies, measured_cells
from engine.allocation.shared_library import SharedLibrary
from engine.allocation.sweep_file import SweepFile, SweepHead
from engine.documents.sources import BUILTIN
from engine.evaluation.run import Exam, library_versions, place_of
from engine.events import (
    Allocation,
    CellAnswered,
    Event,
    Progressed,
    QualityScore,
    SweepEstimated,
    SweepMeasured,
    SweepStarted,
    Warned,
)
from engine.methods.drag.asking import ScalingContext
from engine.methods.iterdrag.config import IterDragConfig
from engine.models import checkpoint_folder
from engine.rag.memo import Memo
from engine.runtime import Cancelled, RunContext
from engine.settings import settings_of

# What a sweep varies, or what changes no answer.
_NOT_DECIDING = ("k", "m", "n", "index", "baselines", "gamma", "stop_at_end")
# Estimates are stated after as many questions as these, and again.
_ESTIMATED_AFTER = (1, 3)
# Figures are summed up again only after this many times as long as it took.
_PAUSE_FACTOR = 20


class SweepPlan(NamedTuple):
    """What to sweep. exam: the questions with their documents; minutes: of work, None for no limit."""

    dataset: str
    exam: Exam
    cells: tuple[Allocation, ...]
    config: IterDragConfig
    minutes: float | None = None
    quality: QualityScore = "none"


def sweep(plan: SweepPlan, rt: RunContext) -> Iterator[Event]:
    """Yield the start, every answer, estimates, the figures so far, and last the figures of all.

    Raises InputError before anything is asked; Cancelled, after the figures so far, keeping every answer."""
    head = head_of(plan, rt)
    why_new = sweep_file.why_new(head)
    with closing(SweepFile(head)) as file:
        state = _SweepState(plan, file)
        yield SweepStarted(
            str(file.path), head.dataset, rt.target.spec, plan.cells, head.n_questions, len(state.answers),
            plan.minutes, why_new if not file.known else "",
        )  # fmt: skip
        try:
            yield from state.ask(rt)
        except Cancelled:
            yield state.measured("user", complete=False)
            raise
        yield state.measured("time" if state.out_of_time else "", complete=True)


def head_of(plan: SweepPlan, rt: RunContext) -> SweepHead:
    """Everything that decides the answers of a sweep."""
    settings = {name: value for name, value in settings_of(plan.config) if name not in _NOT_DECIDING}
    return SweepHead(
        plan.dataset if plan.dataset == BUILTIN else Path(plan.dataset).name,
        sha256(msgspec.json.encode(plan.exam.asked)).hexdigest(),
        len(plan.exam.asked),
        plan.exam.documents,
        {**settings, "quality": plan.quality},
        {"target": checkpoint_folder.fingerprint(rt.target.spec), "embedder": plan.exam.embedder},
        place_of(rt.target),
        library_versions(),
        rt.target.spec,
    )


class _SweepState:
    """The answers of a sweep so far. out_of_time: whether its budget of time is spent."""

    def __init__(self, plan: SweepPlan, file: SweepFile) -> None:
        self._plan, self._file = plan, file
        names = {gold.id for gold in plan.exam.asked}
        wanted = set(plan.cells)
        self.answers = [a for a in file.known.values() if a.allocation in wanted and a.question_id in names]
        self.out_of_time = False
        self._started = time.monotonic()
        self._new: list[CellAnswered] = []
        self._not_before = 0.0

    def ask(self, rt: RunContext) -> Iterator[Event]:
        """Ask every question with every cell that it was not asked with yet."""
        plan, n_whole = self._plan, 0
        most = max(cell.k for cell in plan.cells)
        for gold in plan.exam.asked:
            missing = [cell for cell in plan.cells if (gold.id, cell) not in self._file.known]
            if not missing:
                continue
            context = ScalingContext(rt, SharedLibrary(plan.exam.library(gold), most), Memo())
            with closing(answers(gold, missing, plan.config, context, plan.quality)) as items:  # type: ignore[type-var]
                for item in items:
                    yield from self._taken(item)
                    rt.checkpoint()
                    if self._is_over():
                        return
            n_whole += 1
            if n_whole in _ESTIMATED_AFTER:
                yield self._estimate(n_whole)
            if time.monotonic() >= self._not_before:
                yield self._so_far()

    def _taken(self, item: CellAnswered | Progressed | Warned) -> Generator[Event, None, None]:
        """Keep an answer and report it, or pass on the progress and the warnings of making demonstrations."""
        if isinstance(item, CellAnswered):
            self._file.add(item)
            self.answers.append(item)
            self._new.append(item)
        yield item
        if isinstance(item, CellAnswered):
            total = len(self._plan.exam.asked) * len(self._plan.cells)
            elapsed = time.monotonic() - self._started
            left = elapsed / len(self._new) * (total - len(self.answers))
            yield Progressed("measuring", len(self.answers), total, "answers", elapsed, left)

    def _is_over(self) -> bool:
        minutes = self._plan.minutes
        self.out_of_time = minutes is not None and time.monotonic() - self._started >= 60 * minutes
        total = len(self._plan.exam.asked) * len(self._plan.cells)
        self.out_of_time = self.out_of_time and len(self.answers) < total
        return self.out_of_time

    def _estimate(self, n_measured: int) -> SweepEstimated:
        """What is left, from the answers since the start; an answer that was taken from another cell took nothing."""
        minutes, n = self._plan.minutes, len(self._new)
        n_left = len(self._plan.exam.asked) * len(self._plan.cells) - len(self.answers)
        spent = time.monotonic() - self._started
        computed = [answer for answer in self._new if not answer.reused]
        seconds = spent / n * n_left
        reachable = n_left if minutes is None else int(max(0.0, 60 * minutes - spent) / (spent / n))
        return SweepEstimated(
            n_measured,
            n_left,
            sum(answer.input_tokens + answer.quality_tokens for answer in computed) / n * n_left,
            sum(answer.output_tokens for answer in computed) / n * n_left,
            seconds,
            None if minutes is None else spent + seconds <= 60 * minutes,
            min(n_left, reachable) // len(self._plan.cells),
        )

    def _so_far(self) -> SweepMeasured:
        started = time.monotonic()
        event = self.measured("", complete=False)
        self._not_before = time.monotonic() + _PAUSE_FACTOR * (time.monotonic() - started)
        return event

    def measured(self, stopped_by: str, *, complete: bool) -> SweepMeasured:
        """The figures of all answers so far."""
        cells = measured_cells(self.answers)
        return SweepMeasured(
            str(self._file.path),
            cells,
            len(self._plan.exam.asked),
            len(self.answers),
            efficiencies(cells),
            stopped_by,  # type: ignore[arg-type]
            complete,
        )
