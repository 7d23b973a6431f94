"""Compares distillation with cross-entropy alone, from the same first weights, texts and steps.

The learning rate of each is tuned on one half of the held-out texts; the difference is measured on the other."""

from collections.abc import Generator, Iterator, Sequence
from threading import Event as Flag
from typing import NamedTuple, TypeAlias

import msgspec
import torch
from transformers import LlamaForCausalLM

from engine import statistics
from engine.errors import EngineError, InputError, ModelError
from engine.events import Event, Measured, Progressed
from engine.machine.out_of_memory import memory_errors
from engine.models import checks, loading
from engine.models.loading import LoadedModel
from engine.statistics import Interval
from engine.training import collect, estimate, student
from engine.training.drafter_config import ObjectiveName
from engine.training.drafter_shape import peak_rate
from engine.training.estimate import Work
from engine.training.held_out import Agreement, written
from engine.training.job import DrafterJob, find, needed
from engine.training.loop import LossNotFinite, StepPace, train_in_memory
from engine.training.plan import Stretch, TrainingPlan
from engine.training.rows import RowShape
from engine.training.token_store import TokenStore
from engine.training.work_clock import WorkClock
from engine.training.workplace import Workplace

_GRID = (0.5, 1.0, 2.0)
# A tuning run is this share of a final one.
_TUNING_SHARE = 0.35
_LEAST_TEXTS = 4
_FEWEST_STEPS = 10
_SHARE_OF_STEPS = 0.85
_SMALLER = "choose a narrower drafter or a smaller target"
Rates: TypeAlias = dict[str, float]


class Comparison(msgspec.Struct, frozen=True):
    """The result. difference: held-out greedy alpha of distillation minus that of cross-entropy, with its
    interval over texts, from ten on, and the smallest and the largest of a text; tuned: alpha on the tuning half, by
    objective and learning rate."""

    objective: ObjectiveName
    alpha: dict[str, float]
    alpha_overlap: dict[str, float]
    difference: float
    difference_ci: Interval | None
    difference_range: Interval | None
    rates: Rates
    tuned: dict[str, dict[str, float]]
    steps: int
    tuning_steps: int
    n_texts_tuning: int
    n_texts_measuring: int
    tokens: int
    layers: int
    width: int
    seconds: float
    stopped: str


class _Trial(NamedTuple):
    objective: ObjectiveName
    rate: float
    steps: int


def compare(job: DrafterJob, cancelled: Flag) -> Iterator[Event | Comparison]:
    """Tune, train and measure; yields progress, alphas and, last, the result. Keeps the tokens in the job's folder.

    Raises EngineError if the job is refused, or stopped by the user before there is a result."""
    clock = WorkClock()
    start_s = clock()
    job = job._replace(settings=msgspec.structs.replace(job.settings, start="new"))
    checked = find(job, may_sample=False)
    requirements = needed(job, checked)
    estimate.refuse_too_large(requirements, job.out)
    yield requirements
    place = Workplace(job.out)
    with place.alone(resume=True), memory_errors("training", _SMALLER):
        target = (yield from load_target(job, cancelled)).asked(job.settings.chat)
        yield from collect.gather(
            place.work,
            checked.texts,
            target,
            sample=0,
            seed=job.settings.seed,
            pause=lambda: raise_if_cancelled(cancelled),
        )
        store = TokenStore(place.work, seed=job.settings.seed)
        yield from _Experiment(job, target, store, cancelled, clock, start_s).run()


def raise_if_cancelled(cancelled: Flag) -> None:
    """Raises EngineError once the user asked to stop."""
    if cancelled.is_set():
        raise EngineError("stopped by the user", "there is no result yet; start it again")


def load_target(job: DrafterJob, cancelled: Flag) -> Generator[Event, None, LoadedModel]:
    """Load the target of a job; yields progress."""
    checked = find(job)
    for update in loading.load(checked.target, checked.device, checked.dtype):
        raise_if_cancelled(cancelled)
        if isinstance(update, LoadedModel):
            return update
        yield Progressed("loading", update, checked.target.n_parameters * checked.dtype.itemsize, "bytes")
    raise ModelError(f"{job.target} could not be loaded", "check the checkpoint's files")


class _Experiment:
    """Runs all trainings of the comparison."""

    def __init__(
        self, job: DrafterJob, target: LoadedModel, store: TokenStore, cancelled: Flag, clock: WorkClock, start_s: float
    ) -> None:
        self._job, self._target, self._store = job, target, store
        self._cancelled, self._clock, self._start_s = cancelled, clock, start_s
        held_out = [store.ids(span) for span in store.held_out]
        if len(held_out) < _LEAST_TEXTS:
            raise InputError(f"only {len(held_out)} texts are held out", "give at least 40 documents")
        self._tuning = written(target, held_out[::2], self._pause)
        self._measuring = written(target, held_out[1::2], self._pause)
        config = checks.configuration(find(job).target)
        self._work: Work = estimate.plan_work(
            config, job.settings, n_vocabulary=target.n_vocabulary, device=target.device
        )
        self._dtype = torch.float32

    def _pause(self) -> None:
        raise_if_cancelled(self._cancelled)

    def run(self) -> Iterator[Event | Comparison]:
        """Tune each objective, then train each at its best rate."""
        objectives: tuple[ObjectiveName, ObjectiveName] = (self._job.settings.objective, "cross-entropy")
        steps = self._fit(objectives)
        tuning_steps = max(_FEWEST_STEPS, int(_TUNING_SHARE * steps))
        share = self._work.rows.n_rows / estimate.rows_for(self._target.device).n_rows
        base_rate = peak_rate(self._job.settings, self._work.start.size.width, share_of_rows=share)
        tuned: dict[str, dict[str, float]] = {}
        rates: Rates = {}
        for name in objectives:
            scores: dict[str, float] = {}
            for rate in (factor * base_rate for factor in _GRID):
                model = yield from self._train(_Trial(name, rate, tuning_steps))
                scores[f"{rate:.2g}"] = alpha = (
                    self._tuning.agreement(model, pause=self._pause).alpha if model is not None else 0.0
                )
                yield Measured(f"{name} alpha at rate {rate:.2g}", alpha, tuning_steps)
                rates[name] = rate if alpha >= max(scores.values()) else rates[name]
            tuned[name] = scores
        agreements: dict[str, Agreement] = {}
        for name in objectives:
            model = yield from self._train(_Trial(name, rates[name], steps))
            if model is None:
                raise EngineError(f"{name} has no finite loss at any rate", "use other text or another target")
            agreements[name] = self._measuring.agreement(model, overlap=True, pause=self._pause)
            yield Measured(f"{name} alpha", agreements[name].alpha, steps)
        yield self._result(objectives, agreements, rates, tuned, steps, tuning_steps)

    def _fit(self, objectives: Sequence[ObjectiveName]) -> int:
        """Choose the steps of a final training so that all trainings together take the configured minutes."""
        batch = self._store.rows(seed=self._job.settings.seed).batch(0, self._work.rows)
        step_times_s = []
        for name in objectives:
            model = self._new_model()
            objective = student.objective(model, self._target, name)
            self._dtype, step_s = student.fastest(model, batch, objective, n_rows_at_once=self._work.n_rows_at_once)
            step_times_s.append(step_s)
        left_s = _SHARE_OF_STEPS * (60 * self._job.settings.minutes - (self._clock() - self._start_s))
        weight = 1 + len(_GRID) * _TUNING_SHARE
        if self._job.settings.steps:
            return self._job.settings.steps
        n_rows = self._work.rows.n_rows
        steps, n_rows = estimate.fit_steps(left_s / (weight * sum(step_times_s)) * n_rows, n_rows)
        self._work = self._work._replace(rows=RowShape(n_rows, self._work.rows.length))
        return steps

    def _new_model(self) -> LlamaForCausalLM:
        """A drafter with the first weights, the same every time."""
        assert self._work.start.shape is not None
        return student.new_drafter(self._target, self._work.start.shape, self._job.settings)

    def _train(self, trial: _Trial) -> Generator[Event, None, LlamaForCausalLM | None]:
        """A model trained from the first weights; None if its loss became NaN or infinite."""
        model = self._new_model()
        plan = TrainingPlan(
            steps=trial.steps, peak_rate=trial.rate, stretches=(Stretch(1.0, (self._work.rows,)),), hold=0.3,
            warmup=max(1, min(100, trial.steps // 10)),
        )  # fmt: skip
        rows = self._store.rows(seed=self._job.settings.seed)
        objective = student.objective(model, self._target, trial.objective)
        pace = StepPace(self._dtype, self._work.n_rows_at_once)
        try:
            for step in train_in_memory(model, rows.batch, objective, plan, pace):
                self._pause()
                yield Progressed("training", step, trial.steps, f"steps of {trial.objective}")
        except LossNotFinite:
            return None
        return model.eval()

    def _result(
        self,
        objectives: tuple[ObjectiveName, ObjectiveName],
        agreements: dict[str, Agreement],
        rates: Rates,
        tuned: dict[str, dict[str, float]],
        steps: int,
        tuning_steps: int,
    ) -> Comparison:
        distilled, plain = (agreements[name] for name in objectives)
        gains = [a - b for a, b in zip(distilled.agreed, plain.agreed, strict=True)]
        n_texts = len(distilled.counted)
        by_text = [gain / n for gain, n in zip(gains, distilled.counted, strict=True) if n]
        n_steps = steps * 2 + tuning_steps * len(_GRID) * 2
        return Comparison(
            objective=objectives[0],
            alpha={name: agreement.alpha for name, agreement in agreements.items()},
            alpha_overlap={name: agreement.overlap for name, agreement in agreements.items()},
            difference=sum(gains) / max(1, sum(distilled.counted)),
            difference_ci=statistics.ratio_interval(gains, distilled.counted),
            difference_range=Interval(min(by_text), max(by_text)) if len(by_text) > 1 else None,
            rates=rates,
            tuned=tuned,
            steps=steps,
            tuning_steps=tuning_steps,
            n_texts_tuning=len(self._tuning.beginnings),
            n_texts_measuring=n_texts,
            tokens=n_steps * self._work.rows.n_rows * self._work.rows.length,
            layers=self._work.start.size.layers,
            width=self._work.start.size.width,
            seconds=self._clock() - self._start_s,
            stopped="steps" if self._job.settings.steps else "minutes",
        )
