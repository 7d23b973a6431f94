"""Trains a drafter for a target: gathers text, fits the work to the minutes, distils, keeps the best, measures it.

Every step depends on the seed and its number alone, so that a killed training resumes to the same weights."""

from collections.abc import Generator, Iterator
from contextlib import closing
from threading import Event as Flag
from typing import NamedTuple, cast

import torch
from transformers import LlamaForCausalLM

from engine.errors import EngineError, InputError, ModelError
from engine.events import Event, Progressed, TrainingEnd, TrainingEstimated, TrainingFinished, TrainingStarted
from engine.machine import versions
from engine.machine.out_of_memory import memory_errors
from engine.models import checks, devices, loading
from engine.models.checkpoint_folder import Checkpoint
from engine.models.loading import LoadedModel
from engine.settings import settings_of
from engine.training import checkpoint, collect, early_stop, estimate, figures, student
from engine.training.drafter_shape import DrafterShape, peak_rate
from engine.training.estimate import Work
from engine.training.held_out import HeldOutTexts
from engine.training.job import CheckedJob, DrafterJob, find, needed
from engine.training.looker import Looker
from engine.training.loop import LossNotFinite, StepPace, train
from engine.training.plan import Stretch, TrainingPlan
from engine.training.rows import RowShape
from engine.training.texts import Texts
from engine.training.token_store import TokenStore
from engine.training.training_log import logged
from engine.training.work_clock import WorkClock
from engine.training.workplace import Began, Workplace

_SHARE_OF_MEASURING, _LONGEST_MEASURING_S = 0.06, 12.0
_SHARE_OF_STEPS, _SHARE_OF_LOOKS = 0.85, 0.1
_FEWEST_LOOKS, _MOST_LOOKS = 3, 24
_REPORTS = 200
_SAVE_EVERY_S = 30.0
_SAY_EVERY_S = 0.05
_SMALLER = "choose a narrower drafter or a smaller target; the last checkpoint is kept"


def train_drafter(job: DrafterJob, cancelled: Flag, *, loaded: LoadedModel | None = None) -> Iterator[Event]:
    """Train; yields what it would take, progress, losses and scores, the figures before and after, and the end.

    cancelled: ends it with the last checkpoint kept. loaded: the target, where it is in memory already.
    Raises EngineError: refused, stopped before training began, disk full."""
    clock = WorkClock()
    with closing(cast(Generator[Event, None, None], _Trainer(job, cancelled, clock).events(loaded))) as events:
        for event in events:
            clock.leave()
            yield event
            clock.come_back()


class _Fitted(NamedTuple):
    """What is fitted to the machine: type, steps, rows of a step, looks in all."""

    dtype: torch.dtype
    steps: int
    n_rows: int
    n_looks: int


class _Trainer:
    """One training, from its folder to its end."""

    def __init__(self, job: DrafterJob, cancelled: Flag, clock: WorkClock) -> None:
        self._job = job
        self._settings = job.settings
        self._cancelled = cancelled
        self._clock = clock
        self._began_at = clock()
        self._place = Workplace(job.out)
        self._said_at = 0.0

    def events(self, loaded: LoadedModel | None) -> Iterator[Event]:
        """Everything, in order."""
        if self._job.resume:
            self._place.refuse_unbegun()
        given = find(self._job)
        asked = needed(self._job, given, loaded=loaded is not None)
        estimate.refuse_too_large(asked, self._job.out)
        with self._place.alone(resume=self._job.resume):
            self._refuse_other(given.target, given.texts)
            yield from logged(self._place.log, self._said(asked, given, loaded))

    def _said(
        self, asked: TrainingEstimated, given: CheckedJob, loaded: LoadedModel | None
    ) -> Generator[Event, None, None]:
        """What is in the log of the training."""
        yield asked
        with memory_errors("training", _SMALLER):
            target = loaded or (yield from self._load(given.target, given.device, given.dtype))
            yield from collect.gather(
                self._place.work, given.texts, target, sample=self._settings.sample, seed=self._settings.seed,
                pause=self._stop_here,
            )  # fmt: skip
            yield from self._train(target, given.target)

    def _stop_here(self) -> None:
        if self._cancelled.is_set():
            raise EngineError("stopped by the user", "nothing was trained yet; start it again")

    def _refuse_other(self, found: Checkpoint, texts: Texts | None) -> None:
        """A resumed training goes on as it was begun, but for its minutes and what does not touch the weights."""
        began = self._place.began()
        if began is None:
            return
        source = collect.source_of(texts, found.spec, sample=self._settings.sample, seed=self._settings.seed)
        wrong = [("target", began.target, found.spec)] if began.target != found.spec else []
        for name in ("objective", "layers", "width", "sample", "seed", "embed", "steps", "rate"):
            was, asked = getattr(began.settings, name), getattr(self._settings, name)
            wrong += [(name, was, asked)] if was != asked else []
        if wrong:
            name, was, asked = wrong[0]
            reason = f"{name} = {asked}: the training in {self._job.out} was begun with {was}"
            raise InputError(reason, "resume it with the same, or choose another folder")
        if began.source != source:
            reason = f"the text has changed since the training in {self._job.out} was begun"
            raise InputError(reason, "resume it with the same text, or choose another folder")

    def _load(self, found: Checkpoint, device: torch.device, dtype: torch.dtype) -> Generator[Event, None, LoadedModel]:
        total = found.n_parameters * dtype.itemsize
        for item in loading.load(found, device, dtype):
            self._stop_here()
            if isinstance(item, LoadedModel):
                return item
            yield Progressed("loading", item, total, "bytes")
        raise ModelError(f"{found.spec} could not be loaded", "check the checkpoint's files")

    def _train(self, target: LoadedModel, found: Checkpoint) -> Iterator[Event]:
        store = TokenStore(self._place.work, seed=self._settings.seed)
        work = estimate.plan_work(
            checks.configuration(found), self._settings, n_vocabulary=target.n_vocabulary, device=target.device
        )
        yield Progressed("measuring", 0, 1, "held-out texts")
        held_out = HeldOutTexts(target, [store.ids(span) for span in store.held_out])
        model = student.new_drafter(target, work.shape, self._settings)
        began = self._place.began()
        if began is None:
            began = self._begin(target, model, work, store, held_out)
            self._place.lay_out(model, target.tokenizer)
            self._place.begin(began)
        work = work._replace(rows=RowShape(began.n_rows, work.rows.length))
        looker = Looker(model, held_out, began, self._place, patience=self._settings.patience)
        step = checkpoint.progress(self._place.checkpoint).step
        yield _started(self._job, began, work.shape, store, step, target)
        if not step:
            yield from figures.measured(
                "before", target, model, held_out, gamma=self._settings.gamma, seconds=self._reserved_s
            )
        ended = yield from self._loop(target, model, work, store, began, looker)
        yield from self._finish(ended, target, model, work.shape, held_out, began)

    def _begin(
        self, target: LoadedModel, model: LlamaForCausalLM, work: Work, store: TokenStore, held_out: HeldOutTexts
    ) -> Began:
        """What the training is to go on with, however often it is broken off."""
        fitted = self._given(work, target.device)
        if not self._settings.steps:
            fitted = self._fit(target, model, work, store, held_out)
        return Began(
            target=target.spec,
            source=store.source,
            settings=self._settings,
            layers=work.shape.layers,
            width=work.shape.width,
            dtype=str(fitted.dtype).removeprefix("torch."),
            steps=fitted.steps,
            n_rows=fitted.n_rows,
            every=max(1, fitted.steps // fitted.n_looks),
            rate=peak_rate(self._settings, work.shape, share_of_rows=fitted.n_rows / work.rows.n_rows),
        )

    def _given(self, work: Work, device: torch.device) -> _Fitted:
        """Where the steps are given nothing is measured, so that the same seed gives the same drafter."""
        half = device.type == "cuda" and devices.computes_bfloat16(device)
        dtype = torch.bfloat16 if half else torch.float32
        return _Fitted(dtype, self._settings.steps, work.rows.n_rows, _MOST_LOOKS)

    def _fit(
        self, target: LoadedModel, model: LlamaForCausalLM, work: Work, store: TokenStore, held_out: HeldOutTexts
    ) -> _Fitted:
        """Fit type, steps and looks to the machine and the minutes."""
        batch = store.rows(seed=self._settings.seed).batch(0, work.rows)
        objective = student.objective(model, target, self._settings.objective)
        dtype, step_s = student.fastest(model, batch, objective, n_rows_at_once=work.n_rows_at_once)
        look_s = student.seconds_of(lambda: held_out.agreement(model), target.device)
        left_s = self._left_s()
        n_looks = max(_FEWEST_LOOKS, min(_MOST_LOOKS, int(_SHARE_OF_LOOKS * left_s / look_s)))
        n_affordable = (_SHARE_OF_STEPS * left_s - n_looks * look_s) / step_s * work.rows.n_rows
        steps, n_rows = estimate.fit_steps(n_affordable, work.rows.n_rows)
        return _Fitted(dtype, steps, n_rows, n_looks)

    def _left_s(self) -> float:
        """Seconds of the minutes that are left for steps and looks."""
        return max(1.0, 60 * self._settings.minutes - (self._clock() - self._began_at) - 2 * self._reserved_s)

    @property
    def _reserved_s(self) -> float:
        """Seconds for measuring what the drafter pays, once."""
        return min(_LONGEST_MEASURING_S, _SHARE_OF_MEASURING * 60 * self._settings.minutes)

    def _loop(
        self,
        target: LoadedModel,
        model: LlamaForCausalLM,
        work: Work,
        store: TokenStore,
        began: Began,
        looker: Looker,
    ) -> Generator[Event, None, TrainingEnd]:
        objective = student.objective(model, target, self._settings.objective)
        pace = StepPace(getattr(torch, began.dtype), work.n_rows_at_once, max(1, began.steps // _REPORTS))
        rows = store.rows(seed=self._settings.seed)
        steps = train(
            model, rows.batch, objective, _plan(began, work), folder=self._place.checkpoint,
            deadline_s=self._left_s(), look=looker, pace=pace, clock=self._clock,
        )  # fmt: skip
        try:
            with closing(cast(Generator[Event, None, None], steps)):
                for event in steps:
                    if self._worth_saying(event):
                        yield event
                    if self._cancelled.is_set():
                        return "user"
        except LossNotFinite:
            return "nan"
        if looker.enough(progress := checkpoint.progress(self._place.checkpoint)):
            return "early"
        return "steps" if self._settings.steps and progress.step >= began.steps else "minutes"

    def _worth_saying(self, event: Event) -> bool:
        """Steps may be many a second; nobody reads every one."""
        if not isinstance(event, Progressed):
            return True
        if self._clock() - self._said_at < _SAY_EVERY_S and event.done < event.total:
            return False
        self._said_at = self._clock()
        return True

    def _finish(
        self,
        ended: TrainingEnd,
        target: LoadedModel,
        model: LlamaForCausalLM,
        shape: DrafterShape,
        held_out: HeldOutTexts,
        began: Began,
    ) -> Iterator[Event]:
        student.restore(model, self._place.out)
        yield from figures.measured(
            "after", target, model, held_out, gamma=self._settings.gamma,
            seconds=0.0 if ended == "user" else self._reserved_s,
        )  # fmt: skip
        progress = checkpoint.progress(self._place.checkpoint)
        per_s = progress.n_tokens / max(progress.seconds, 1e-9)
        yield TrainingFinished(
            stopped=ended,
            folder=str(self._place.out.absolute()),
            step=progress.step,
            best_step=early_stop.best_step(progress.scores),
            n_tokens=progress.n_tokens,
            tokens_per_s=per_s,
            matrix_rate_fraction=student.rate_fraction(target, shape, began, per_s),
            seconds=self._clock() - self._began_at,
        )


def _plan(began: Began, work: Work) -> TrainingPlan:
    return TrainingPlan(
        steps=began.steps,
        peak_rate=began.rate,
        stretches=(Stretch(1.0, (work.rows,)),),
        hold=0.3,
        warmup=max(1, min(100, began.steps // 10)),
        save_every_s=_SAVE_EVERY_S,
    )


def _started(
    job: DrafterJob, began: Began, shape: DrafterShape, store: TokenStore, step: int, target: LoadedModel
) -> TrainingStarted:
    return TrainingStarted(
        target=target.spec,
        folder=str(job.out.absolute()),
        objective=began.settings.objective,
        layers=shape.layers,
        width=shape.width,
        n_parameters=shape.n_parameters,
        n_texts=len(store.learned),
        n_held_out=len(store.held_out),
        n_tokens=store.n_tokens,
        steps=began.steps,
        step=step,
        device=str(target.device),
        dtype=began.dtype,
        data="" if job.data is None else str(job.data.absolute()),
        settings=settings_of(job.settings),
        started_utc=versions.now_utc(),
        versions=versions.versions(),
    )
