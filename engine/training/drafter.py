"""Trains a drafter for a target: gathers text, fits the work to the minutes, distils, keeps the best, measures it.

Every step depends only on the seed and its number, so that a killed training resumes to the same weights."""

from collections.abc import Generator, Iterator
from contextlib import closing, suppress
from pathlib import Path
from threading import Event as Flag
from typing import cast

import torch
from msgspec.structs import replace
from torch import nn

from engine.errors import EngineError, ModelError
from engine.events import (
    Event,
    LayersTried,
    Progressed,
    TrainingEnd,
    TrainingEstimated,
    TrainingFinished,
    TrainingStarted,
    Warned,
)
from engine.machine import versions
from engine.machine.out_of_memory import memory_errors
from engine.models import checks, loading
from engine.models.checkpoint_folder import Checkpoint
from engine.models.loading import LoadedModel
from engine.runtime import Cancelled
from engine.settings import settings_of
from engine.training import checkpoint, collect, early_stop, estimate, figures, own_layers, prospects, student, workload
from engine.training.estimate import Work
from engine.training.held_out import HeldOutTexts, writing
from engine.training.held_out_scorer import HeldOutScorer
from engine.training.job import CheckedJob, DrafterJob, find, needed
from engine.training.loop import LossNotFinite, StepPace, train
from engine.training.resumption import refuse_other_settings
from engine.training.rows import RowShape
from engine.training.start import Start
from engine.training.texts import is_builtin
from engine.training.time_left import TimeLeft
from engine.training.token_store import TokenStore
from engine.training.training_log import logged
from engine.training.work_clock import WorkClock
from engine.training.workload import Trial
from engine.training.workplace import TrainingStart, Workplace

_SHARE_OF_MEASURING, _LONGEST_MEASURING_S = 0.06, 12.0
_REPORTS = 200
_REPORT_EVERY_S = 0.05
_SMALLER = "choose a narrower drafter or a smaller target; the last checkpoint is kept"


def train_drafter(job: DrafterJob, cancelled: Flag, *, loaded: LoadedModel | None = None) -> Iterator[Event]:
    """Train; yields the estimate, progress, losses and scores, the figures before and after, and the end.

    cancelled: ends training soon and keeps the last checkpoint. loaded: the target, if it is already in memory.
    Raises EngineError if the job is refused, stopped before its first step, or the disk is full."""
    clock = WorkClock()
    trainer = _Trainer(job, cancelled, clock)
    with closing(cast(Generator[Event, None, None], trainer.events(loaded))) as events:
        for event in events:
            clock.leave()
            yield event
            clock.come_back()


class _Trainer:
    """Runs one training, from checking its folder to its end."""

    def __init__(self, job: DrafterJob, cancelled: Flag, clock: WorkClock) -> None:
        self._job = job
        self._settings = job.settings
        self._cancelled = cancelled
        self._clock = clock
        self._start_s = clock()
        self._place = Workplace(job.out)
        self._reported_at = 0.0
        self._begun = False

    def events(self, loaded: LoadedModel | None) -> Iterator[Event]:
        """Yield all events of the training in order."""
        if self._job.resume:
            self._place.refuse_unbegun()
        checked = find(self._job)
        requirements = needed(self._job, checked, loaded=loaded)
        estimate.refuse_too_large(requirements, self._job.out)
        with self._place.alone(resume=self._job.resume):
            refuse_other_settings(self._job, checked, self._place.began())
            yield from logged(self._place.log, self._stoppable(requirements, checked, loaded))

    def _stoppable(
        self, requirements: TrainingEstimated, checked: CheckedJob, loaded: LoadedModel | None
    ) -> Generator[Event, None, None]:
        """The events that go into the log, each followed by a look at the flag. What reports itself often is thinned
        out, and says how long all stages together still take."""
        left = TimeLeft(self._settings, self._clock)
        try:
            for event in self._logged_events(requirements, checked, loaded):
                if not isinstance(event, Progressed):
                    yield event
                elif self._is_due(event):
                    yield left.told(event)
                if not self._begun:  # from the first step on the flag is looked at there
                    self._pause()
        except Cancelled as err:
            hint = "resume it: what was prepared is kept" if self._place.began() is not None else "start it again"
            raise EngineError("stopped by the user before the first step", f"nothing was trained yet; {hint}") from err

    def _logged_events(
        self, requirements: TrainingEstimated, checked: CheckedJob, loaded: LoadedModel | None
    ) -> Generator[Event, None, None]:
        """Yield the events that go into the log of the training."""
        yield requirements
        with memory_errors("training", _SMALLER):
            target = loaded or (yield from self._load(checked.target, checked.device, checked.dtype))
            target = target.asked(self._settings.chat)
            yield from self._prospects(checked, target, requirements)
            yield from collect.gather(
                self._place.work, checked.texts, target, sample=self._settings.sample, seed=self._settings.seed,
                pause=self._pause,
            )  # fmt: skip
            yield from self._train(target, checked.target)

    def _prospects(self, checked: CheckedJob, target: LoadedModel, before: TrainingEstimated) -> Iterator[Event]:
        """Yield the estimate with the costs timed on the target, and what is to be warned of before it begins."""
        if before.start == "own-layers":
            own_layers.refuse_unsplittable(target)
        if self._place.began() is not None:
            return
        timed = needed(self._job, checked, loaded=target)
        if timed.timed:
            yield replace(timed, target_bytes=before.target_bytes)
        if timed.too_short:
            yield Warned(timed.too_short, timed.instead)
        if timed.too_costly:
            yield Warned(timed.too_costly, prospects.COSTLY_HINT)

    def _pause(self) -> None:
        """Raise Cancelled if the user asked to stop."""
        if self._cancelled.is_set():
            raise Cancelled

    def _load(
        self, target: Checkpoint, device: torch.device, dtype: torch.dtype
    ) -> Generator[Event, None, LoadedModel]:
        total = target.n_parameters * dtype.itemsize
        for update in loading.load(target, device, dtype):
            self._pause()
            if isinstance(update, LoadedModel):
                return update
            yield Progressed("loading", update, total, "bytes")
        raise ModelError(f"{target.spec} could not be loaded", "check the checkpoint's files")

    def _train(self, target: LoadedModel, target_files: Checkpoint) -> Iterator[Event]:
        store = TokenStore(self._place.work, seed=self._settings.seed)
        began = self._place.began()
        # A start left open is decided once: one that is resumed has decided.
        settings = self._settings if began is None else replace(self._settings, start=began.start)
        work = estimate.plan_work(
            checks.configuration(target_files), settings, n_vocabulary=target.n_vocabulary, device=target.device
        )
        longest = estimate.longest_row(work, self._settings, context=target.context)
        held_out = yield from writing(
            target, [store.ids(span) for span in store.held_out], longest=longest if longest > work.rows.length else 0
        )
        layers = began.own_layers if began is not None else (yield from self._own_layers(target, work.start, store))
        model = student.first_model(target, work.start, self._settings, layers)
        if began is None:
            began = replace(self._begin(target, model, work, store, held_out), own_layers=layers)
            student.lay_out(model, target, self._place)
            self._place.begin(began)
            too_often = prospects.read_too_often(began.steps * began.n_rows * work.rows.length, store.n_tokens)
            if too_often:
                yield Warned(too_often, prospects.OFTEN_READ_HINT)
        work = work._replace(rows=RowShape(began.n_rows, work.rows.length))
        looker = HeldOutScorer(model, held_out, began, self._place, patience=self._settings.patience, pause=self._pause)
        step = checkpoint.progress(self._place.checkpoint).step
        yield _started_event(self._job, began, work.start, store, step, target)
        if not step:
            yield from figures.measured(
                "before", target, model, held_out, gamma=self._settings.gamma, seconds=self._reserved_s,
                cancelled=self._cancelled,
            )  # fmt: skip
        end = yield from self._loop(target, model, work, store, began, looker)
        yield from self._finish(end, target, model, work.start, held_out, began)

    def _own_layers(
        self, target: LoadedModel, start: Start, store: TokenStore
    ) -> Generator[Event, None, tuple[int, ...]]:
        """The target's layers to start from, the best untrained; none where it does not start from them."""
        if start.name != "own-layers":
            return ()
        documents = [store.ids(span) for span in store.learned[: own_layers.MOST_TEXTS]]
        for update in own_layers.tried(target, documents, start.size.layers):
            yield update
            if isinstance(update, LayersTried):
                return update.taken
        raise AssertionError("layers were tried without an end")

    def _begin(
        self, target: LoadedModel, model: nn.Module, work: Work, store: TokenStore, held_out: HeldOutTexts
    ) -> TrainingStart:
        """The record that the training continues with, however often it is interrupted."""
        trial = Trial(target, model, self._settings, store, held_out)
        if self._settings.steps:
            fitting = workload.fixed(work, self._settings, device=target.device)
        else:
            fitting = workload.fitted(trial, work, remaining_s=self._remaining_s, pause=self._pause)
        return workload.record(trial, work, fitting)

    def _remaining_s(self) -> float:
        """Seconds of the configured minutes that remain for steps and looks."""
        return max(1.0, 60 * self._settings.minutes - (self._clock() - self._start_s) - 2 * self._reserved_s)

    @property
    def _reserved_s(self) -> float:
        """Seconds reserved for one measurement of the drafter's speedup."""
        return min(_LONGEST_MEASURING_S, _SHARE_OF_MEASURING * 60 * self._settings.minutes)

    def _loop(
        self,
        target: LoadedModel,
        model: nn.Module,
        work: Work,
        store: TokenStore,
        began: TrainingStart,
        looker: HeldOutScorer,
    ) -> Generator[Event, None, TrainingEnd]:
        objective = student.objective_of(model, target, self._settings)
        pace = StepPace(getattr(torch, began.dtype), work.n_rows_at_once, max(1, began.steps // _REPORTS), self._pause)
        rows = store.rows(seed=self._settings.seed, whole_from=work.rows.length + 1)
        self._begun = True
        steps = train(
            model, rows.batch, objective, workload.plan(began, work, context=target.context),
            folder=self._place.checkpoint,
            deadline_s=self._remaining_s(), look=looker, pace=pace, clock=self._clock,
        )  # fmt: skip
        try:
            with closing(cast(Generator[Event, None, None], steps)):
                for event in steps:
                    yield event
                    self._pause()
        except Cancelled:
            return "user"
        except LossNotFinite:
            return "nan"
        if looker.enough(progress := checkpoint.progress(self._place.checkpoint)):
            return "early"
        return "steps" if self._settings.steps and progress.step >= began.steps else "minutes"

    def _is_due(self, event: Progressed) -> bool:
        """Whether to yield progress: it may come many times a second, and nobody reads every one."""
        if self._clock() - self._reported_at < _REPORT_EVERY_S and event.done < event.total:
            return False
        self._reported_at = self._clock()
        return True

    def _finish(
        self,
        end: TrainingEnd,
        target: LoadedModel,
        model: nn.Module,
        start: Start,
        held_out: HeldOutTexts,
        began: TrainingStart,
    ) -> Iterator[Event]:
        progress = checkpoint.progress(self._place.checkpoint)
        if end == "user" and not progress.step:
            raise Cancelled
        per_s, rate = progress.n_tokens / max(progress.seconds, 1e-9), None
        if end != "user":
            student.restore(model, self._place.out)
            yield from self._measured_after(target, model, held_out)
            rate = student.rate_fraction(target, start.size, began, per_s)
        yield TrainingFinished(
            stopped=end,
            folder=str(self._place.out.absolute()),
            step=progress.step,
            best_step=early_stop.best_step(progress.scores),
            n_tokens=progress.n_tokens,
            tokens_per_s=per_s,
            matrix_rate_fraction=rate,
            seconds=self._clock() - self._start_s,
            alpha=max((score for _, score in progress.scores), default=None),
        )

    def _measured_after(self, target: LoadedModel, model: nn.Module, held_out: HeldOutTexts) -> Iterator[Event]:
        """The figures of the trained drafter. A stop ends them alone: the training is over."""
        measured = figures.measured(
            "after", target, model, held_out, gamma=self._settings.gamma, seconds=self._reserved_s,
            cancelled=self._cancelled,
        )  # fmt: skip
        with suppress(Cancelled):
            for event in measured:
                yield event
                self._pause()


def _started_event(
    job: DrafterJob, began: TrainingStart, start: Start, store: TokenStore, step: int, target: LoadedModel
) -> TrainingStarted:
    return TrainingStarted(
        target=target.spec,
        folder=str(job.out.absolute()),
        objective=began.settings.objective,
        layers=start.size.layers,
        width=start.size.width,
        n_parameters=start.size.n_parameters,
        n_texts=len(store.learned),
        n_held_out=len(store.held_out),
        n_tokens=store.n_tokens,
        steps=began.steps,
        step=step,
        device=str(target.device),
        dtype=began.dtype,
        data=_name_of(job.data),
        settings=settings_of(job.settings),
        started_utc=versions.now_utc(),
        versions=versions.versions(),
    )


def _name_of(data: Path | None) -> str:
    """The text's whole path, by which it is found from any folder."""
    if data is None or is_builtin(data):
        return str(data or "")
    return str(data.absolute())
