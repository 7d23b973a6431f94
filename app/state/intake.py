"""Puts what arrives from the engine and from files where it belongs: runs, answers, trainings, indexes, troubles.

Knows the store and no widget."""

from pathlib import Path
from typing import TYPE_CHECKING

from app.state import notices
from app.state.requests import answers_from_documents
from app.state.run_record import RunRecord
from app.state.trace_files import (
    Answer,
    EvaluationRead,
    MeasurementRead,
    TraceFailed,
    TraceRead,
    TraceSaved,
    TrainingRead,
)
from app.text.plain_text import one_line
from app.workspaces.rag import answer_words
from app.workspaces.rag.answers import Pick
from app.workspaces.rag.evaluation_record import Evaluation
from app.workspaces.train.record import TrainingRecord
from engine.events import (
    EvaluationMeasured,
    Event,
    Progressed,
    Refused,
    RoundFinished,
    RunFailed,
    RunFinished,
    RunStarted,
    ScalingMeasured,
    TokensEmitted,
)

if TYPE_CHECKING:
    from app.state.engine_link import EngineLink
    from app.state.store import RunStore
    from app.workspaces.decode.measuring import MeasuringProgress
    from app.workspaces.rag.evaluations import EvaluationProgress
    from app.workspaces.rag.indexing import IndexProgress
    from app.workspaces.train.training import TrainingRunProgress


class Intake:
    """growing: the shelf of the run under way, or of the last one."""

    def __init__(self, store: "RunStore") -> None:
        self._store = store
        self.growing = store.shelf

    def take(self, event: Event) -> None:
        """Take in one event of the engine."""
        store = self._store
        if not _comes_often(event):
            store.notes.add(event)
        if isinstance(event, Refused):
            self._take_refusal(event)
        elif not any(desk.take(event) for desk in self._desks):
            self._take_run(event)

    @property
    def _desks(
        self,
    ) -> "tuple[IndexProgress | TrainingRunProgress | MeasuringProgress | EvaluationProgress | EngineLink, ...]":
        store = self._store
        return store.indexing, store.desk, store.measuring, store.evaluations, store.engine

    def take_file(self, answer: Answer) -> None:
        """Take in what became of a file."""
        store = self._store
        match answer:
            case TraceRead(record, damage):
                self._show_opened(record)
                self._tell_damage(damage, record.summary.n_emitted)
            case TrainingRead(training, damage):
                self._show_training(training, damage)
            case MeasurementRead(measured, path):
                self._show_measured(measured, path)
            case EvaluationRead(evaluation, path):
                self._show_evaluation(evaluation, path)
            case TraceSaved(path, record):
                record.saved = path
                store.tell(f"trace saved to {one_line(str(path))}")
            case TraceFailed(message, hint):
                store.report(message, hint)

    def _take_refusal(self, event: Refused) -> None:
        store = self._store
        stopped = store.commands.cancelling or event.what in ("estimate", "survey", "estimatetraining")
        if event.what == "train":
            store.training.fail(event)
        store.indexing.fail(event)
        store.measuring.fail(event)
        store.evaluations.fail(event)
        if event.what != "save":
            store.commands.answered(done=False)
        if not stopped:
            store.trouble = notices.refusal(event, store.summary.n_emitted)

    def _take_run(self, event: Event) -> None:
        if isinstance(event, RunStarted):
            self._begin(event)
        live = self.growing.live
        if isinstance(event, RunFailed):
            self._take_failure(event, 0 if live is None else live.summary.n_emitted)
        if live is not None:
            live.add(event)
        if isinstance(event, RunFinished | RunFailed):
            self._end(live, done=isinstance(event, RunFinished))

    def _begin(self, event: RunStarted) -> None:
        """A run goes to the shelf of its kind."""
        store = self._store
        store.trouble, store.told = None, ""
        if answers_from_documents(event.method):
            self.growing, store.answers.pick = store.answers.shelf, Pick()
        else:
            self.growing, store.selection = store.shelf, None
        self.growing.begin(live=True)
        store.engine.run_began()

    def _end(self, live: RunRecord | None, *, done: bool) -> None:
        self.growing.end_live()
        if live is not None and self.growing is self._store.answers.shelf:
            self._store.told = answer_words.ending(live)
        self._store.engine.run_ended(done=done)

    def _take_failure(self, event: RunFailed, n_kept: int) -> None:
        store = self._store
        what = "train" if store.training.live else "index" if store.indexing.live else "run"
        store.training.fail(event)
        store.indexing.fail(event)
        store.trouble = notices.failure(event, what, n_kept)

    def _show_opened(self, record: RunRecord) -> None:
        store = self._store
        if record.started is not None and answers_from_documents(record.started.method):
            store.answers.open(record)
            return
        store.replay.hold()
        store.selection = None
        record.number = store.shelf.next_number()
        store.shelf.put(record)

    def _show_training(self, record: TrainingRecord, damage: str | None) -> None:
        store = self._store
        if store.training.live:
            store.report("a drafter is being trained", "open the log again when that has ended")
            return
        store.desk.show(record)
        self._tell_damage(damage, 0)
        if record.source is not None:
            store.tell(f"opened {one_line(record.source.name)}")

    def _show_measured(self, measured: ScalingMeasured, path: Path) -> None:
        if self._store.measuring.show(measured, path):
            self._store.tell(f"opened {one_line(path.name)}")
        else:
            self._store.report("a pair is being measured", "open the file again when that has ended")

    def _show_evaluation(self, found: Evaluation, path: Path) -> None:
        if self._store.evaluations.show(found, path):
            self._store.tell(f"opened {one_line(found.name)}")
        else:
            self._store.report("an evaluation is under way", "open the file again when that has ended")

    def _tell_damage(self, damage: str | None, n_kept: int) -> None:
        """Say where the file just opened was damaged, if it was."""
        self._store.trouble = None if damage is None else notices.damaged(damage, n_kept)


def _comes_often(event: Event) -> bool:
    """Whether a log would drown in it."""
    if isinstance(event, EvaluationMeasured):
        return not event.complete
    return isinstance(event, RoundFinished | Progressed | TokensEmitted)
