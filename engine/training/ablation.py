"""Trains a LongSpec drafter with and without one of its switches, equally long from the same weights on the same rows,
and compares what both draft after short and long texts."""

from collections.abc import Generator, Iterator, Sequence
from threading import Event as Flag
from typing import Literal, NamedTuple, TypeAlias, get_args

import msgspec
from torch import Tensor

from engine import statistics
from engine.errors import InputError
from engine.events import Event, Measured, Progressed
from engine.longspec.block import LongspecBlock
from engine.models import checks
from engine.models.loading import LoadedModel
from engine.statistics import Interval
from engine.training import collect, draft_agreement, estimate, loop, student, workload
from engine.training.comparison import load_target, raise_if_cancelled
from engine.training.draft_agreement import TextAgreement
from engine.training.drafter_config import DrafterConfig
from engine.training.estimate import Work
from engine.training.held_out import HeldOutTexts, writing
from engine.training.job import DrafterJob, find, needed
from engine.training.longspec_student import LongspecStudent
from engine.training.loop import Objective, StepPace
from engine.training.rows import TrainingBatch
from engine.training.token_store import TokenStore
from engine.training.workload import Trial
from engine.training.workplace import Workplace

Switch: TypeAlias = Literal["anchor-offset", "noisy", "distillation", "long-stage"]
SWITCHES: tuple[Switch, ...] = get_args(Switch)
_LONG_SHARE = 0.3
_N_LONG = 12


class LengthAblation(msgspec.Struct, frozen=True):
    """What both drafters do after texts of a length. tau: with the switch and without it; alpha_by_lag: the same, where
    the target's keys lag by 1, 2 and so on; difference: of τ, its interval over texts, from ten on."""

    length: int
    n_texts: int
    tau: tuple[float, float]
    difference: float
    difference_ci: Interval | None
    alpha_by_lag: tuple[tuple[float, ...], tuple[float, ...]]


class Ablation(msgspec.Struct, frozen=True):
    """The result for a switch, by length."""

    switch: Switch
    steps: int
    gamma: int
    by_length: tuple[LengthAblation, ...]


class _Prepared(NamedTuple):
    """What both trainings share."""

    target: LoadedModel
    store: TokenStore
    held_out: HeldOutTexts
    work: Work


def switch_of(name: str) -> Switch:
    """The switch with this name. Raises InputError if there is none."""
    if name not in SWITCHES:
        raise InputError(f"without = {name}: is no part of the training", f"use {', '.join(SWITCHES)}")
    switch: Switch = msgspec.convert(name, Switch)
    return switch


def without(settings: DrafterConfig, switch: Switch) -> DrafterConfig:
    """The settings with one switch off."""
    match switch:
        case "anchor-offset":
            return msgspec.structs.replace(settings, anchor_offset=False)
        case "noisy":
            return msgspec.structs.replace(settings, noisy=False)
        case "distillation":
            return msgspec.structs.replace(settings, objective="cross-entropy")
        case "long-stage":
            return msgspec.structs.replace(settings, long_share=0.0)


def ablate(job: DrafterJob, switch: Switch, cancelled: Flag) -> Iterator[Event | Ablation]:
    """Train twice and compare; yields progress, losses and, last, the result. Keeps the tokens in the job's folder.

    The long stage is part of both trainings only where it is what is compared. Raises EngineError if the job is
    refused, or stopped before there is a result."""
    long_share = _LONG_SHARE if switch == "long-stage" else 0.0
    settings = msgspec.structs.replace(job.settings, start="longspec", long_share=long_share)
    job = job._replace(settings=settings)
    if not settings.steps:
        raise InputError("steps = 0: an ablation compares equal numbers of steps", "give for instance --steps 300")
    yield needed(job, find(job, may_sample=False))
    place = Workplace(job.out)
    with place.alone(resume=True):
        prepared = yield from _prepare(job, place, cancelled)
        on = yield from _trained(prepared, settings, cancelled, f"with {switch}")
        off = yield from _trained(prepared, without(settings, switch), cancelled, f"without {switch}")
        pairs = yield from _agreements((on, off), prepared, settings.gamma, cancelled)
    yield Ablation(switch, settings.steps, settings.gamma, tuple(_by_length(pairs)))


def _prepare(job: DrafterJob, place: Workplace, cancelled: Flag) -> Generator[Event, None, _Prepared]:
    checked, settings = find(job), job.settings
    target = (yield from load_target(job, cancelled)).asked(settings.chat)
    yield from collect.gather(
        place.work, checked.texts, target, sample=settings.sample, seed=settings.seed,
        pause=lambda: raise_if_cancelled(cancelled),
    )  # fmt: skip
    store = TokenStore(place.work, seed=settings.seed)
    config = checks.configuration(checked.target)
    work = estimate.plan_work(config, settings, n_vocabulary=target.n_vocabulary, device=target.device)
    longest = estimate.longest_row(work, msgspec.structs.replace(settings, long_share=1.0), context=target.context)
    documents = [store.ids(span) for span in store.held_out]
    held_out = yield from writing(target, documents, longest=longest, n_long=_N_LONG)
    return _Prepared(target, store, held_out, work)


class _NotedLosses:
    """An objective that remembers its losses. The mean is over rows, since the last time it was taken."""

    def __init__(self, objective: Objective) -> None:
        self._objective = objective
        self._sum, self._n_rows = 0.0, 0

    def __call__(self, batch: TrainingBatch) -> Tensor:
        loss = self._objective(batch)
        self._sum += float(loss.detach()) * len(batch.ids)  # sync: one a part of a step, where the loop has one too
        self._n_rows += len(batch.ids)
        return loss

    def take(self) -> float:
        """The mean loss of a row since the last call."""
        mean = self._sum / self._n_rows
        self._sum, self._n_rows = 0.0, 0
        return mean


def _trained(
    prepared: _Prepared, settings: DrafterConfig, cancelled: Flag, which: str
) -> Generator[Event, None, LongspecBlock]:
    """A block trained from the first weights, which are the same every time. which: of the two trainings, in words."""
    target, store, held_out, work = prepared
    yield Progressed("training", 0, settings.steps, f"steps {which}")
    model = student.first_model(target, work.start, settings)
    assert isinstance(model, LongspecStudent)
    fitting = workload.fixed(work, settings, device=target.device)
    began = workload.record(Trial(target, model, settings, store, held_out), work, fitting)
    plan = workload.plan(began, work, context=target.context)
    rows = store.rows(seed=settings.seed, whole_from=work.rows.length + 1)
    losses = _NotedLosses(student.objective_of(model, target, settings))
    pace = StepPace(fitting.dtype, work.n_rows_at_once)
    for step in loop.train_in_memory(model, rows.batch, losses, plan, pace):
        raise_if_cancelled(cancelled)
        yield Progressed("training", step, settings.steps, f"steps {which}")
        if step % pace.report_every == 0 or step == settings.steps:
            yield Measured(f"loss {which}", losses.take(), step)
    return model.block.eval()


def _agreements(
    blocks: tuple[LongspecBlock, LongspecBlock], prepared: _Prepared, gamma: int, cancelled: Flag
) -> Generator[Event, None, list[tuple[TextAgreement, ...]]]:
    """What each block drafts on each held-out text."""
    held_out = prepared.held_out
    pairs: list[tuple[TextAgreement, ...]] = []
    for beginning, text in zip(held_out.beginnings, held_out.texts, strict=True):
        raise_if_cancelled(cancelled)
        pairs.append(draft_agreement.agreements(blocks, prepared.target, text, n_before=len(beginning), lags=gamma))
        yield Progressed("measuring", len(pairs), len(held_out.texts), "held-out texts")
    return pairs


def _by_length(agreements: Sequence[tuple[TextAgreement, ...]]) -> Iterator[LengthAblation]:
    for length in dict.fromkeys(on.n_before for on, _ in agreements):
        pairs = [(on, off) for on, off in agreements if on.n_before == length and on.by_lag[0]]
        if not pairs:
            continue
        sides = [[on for on, _ in pairs], [off for _, off in pairs]]
        differences = [on.tau() - off.tau() for on, off in pairs]
        lags = range(1, len(pairs[0][0].by_lag) + 1)
        alphas = [tuple(draft_agreement.alpha(side, lag) for lag in lags) for side in sides]
        taus = [sum(text.tau() for text in side) / len(pairs) for side in sides]
        interval = statistics.ratio_interval(differences, [1.0] * len(differences))
        yield LengthAblation(
            length, len(pairs), (taus[0], taus[1]), taus[0] - taus[1], interval, (alphas[0], alphas[1])
        )
