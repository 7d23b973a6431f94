"""Checks what tuning recommends and predicts against an exhaustive sweep of draft lengths over the same prompts."""

from collections.abc import Generator, Iterator, Sequence
from threading import Event as Flag
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from engine import drafters
from engine.commands import Compare
from engine.events import (
    PLAIN_LANE,
    ComparisonMeasured,
    ComparisonStarted,
    Event,
    GammaPrediction,
    GenerationMeasured,
    LaneSpec,
    RoundFinished,
)
from engine.experiments.comparison_figures import ComparisonSoFar
from engine.experiments.lane_specs import PLAIN, config_of, lanes_of, one_a_drafter, with_gamma
from engine.experiments.lanes import Lane
from engine.experiments.step_times import VerifyTimer
from engine.experiments.tuning import TRIED, WIDTHS, best_lengths, is_pass_due, ms_a_round, trial_of
from engine.session.session import Session

_REPEATS = 2


class LengthChecked(msgspec.Struct, frozen=True):
    """One drafter at one draft length: as predicted by tuning, and as the sweep measured it.

    confirmed: whether tuning measured it itself; only the others are predictions of something unseen."""

    drafter: str
    gamma: int
    predicted: float
    measured: float
    confirmed: bool


class RecommendationChecked(msgspec.Struct, frozen=True):
    """The outcome for some drafters. speedup: of what tuning recommended, as the sweep measured it; best_*: the best
    setting of the sweep, plain decoding among them; shortfall: the share of the best speedup that is missed.

    error: the largest absolute difference of predicted and measured speedup at lengths that tuning had not measured."""

    recommended: str
    gamma: int
    because: str
    speedup: float
    best: str
    best_gamma: int
    best_speedup: float
    shortfall: float
    error: float
    mean_error: float
    lengths: tuple[LengthChecked, ...]
    n_prompts: int


class _Setting(NamedTuple):
    drafter: str
    gamma: int


_OFF = _Setting(drafters.NONE, 0)


class _Sweep(NamedTuple):
    """What was measured. generations: of every lane twice over the prompts; widths: times of verifying."""

    started: ComparisonStarted
    generations: tuple[GenerationMeasured, ...]
    widths: tuple[tuple[int, float], ...]


def check(command: Compare, gammas: Sequence[int]) -> Iterator[Event | RecommendationChecked]:
    """Measure every drafter at every length twice; yields the events of that, and last the outcome.

    Tuning judges by the first of the two, and only by what it measures itself: runs at two lengths, times of verifying,
    and the lengths it confirms. The second is the truth. A prompt has all of it one after another in an order of
    chance, since the speed of a machine changes by more than a prediction may be off.

    command: a comparison of the drafters whose lengths are to be tuned."""
    lengths = sorted({*gammas, *TRIED} - {0})
    drafter_specs = list(dict.fromkeys(lane.drafter for lane in command.lanes if lane.gamma))
    lanes = lanes_of(drafter_specs, lengths)
    swept = yield from _swept(replace(command, tune=False, lanes=lanes, repeats=_REPEATS))
    tuned, truth = tuned_and_truth(swept.started, swept.generations, swept.widths)
    yield tuned
    yield outcome(tuned, truth)


def tuned_and_truth(
    started: ComparisonStarted, generations: Sequence[GenerationMeasured], widths: tuple[tuple[int, float], ...]
) -> tuple[ComparisonMeasured, ComparisonMeasured]:
    """What tuning says, from the even repeats, and what the odd ones measured of every lane."""
    first = [replace(each, repeat=each.repeat // _REPEATS) for each in generations if each.repeat % _REPEATS == 0]
    second = [replace(each, repeat=each.repeat // _REPEATS) for each in generations if each.repeat % _REPEATS]
    plain_ms = ms_a_round(_rounds(first, PLAIN_LANE))
    confirmed, predictions = [PLAIN], []
    for spec in one_a_drafter(started.lanes):
        tried = {gamma: _rounds(first, with_gamma(spec, gamma).name) for gamma in TRIED}
        trial = trial_of(tried, plain_ms, widths)
        own = [lane for lane in started.lanes if lane.drafter == spec.drafter and lane.gamma]
        speeds = {lane.gamma: trial.predicted(lane.gamma) for lane in own}
        predictions += [GammaPrediction(spec.drafter, gamma, speed) for gamma, speed in speeds.items()]
        confirmed += [lane for lane in own if lane.gamma in best_lengths(speeds)]
    return (
        _figures(started, confirmed, first, tuple(predictions)),
        _figures(started, list(started.lanes), second, ()),
    )


def _figures(
    started: ComparisonStarted,
    lanes: Sequence[LaneSpec],
    generations: Sequence[GenerationMeasured],
    predictions: tuple[GammaPrediction, ...],
) -> ComparisonMeasured:
    names = {lane.name for lane in lanes}
    so_far = ComparisonSoFar(lanes, started.prompts, (), started.prompt_set, greedy=True)
    so_far.predictions = predictions
    for each in generations:
        if each.lane in names:
            so_far.take(each)
    return so_far.event(complete=True)


def _rounds(generations: Sequence[GenerationMeasured], lane: str) -> Sequence[Sequence[RoundFinished]]:
    return [each.rounds for each in generations if each.lane == lane and each.rounds]


def outcome(tuned: ComparisonMeasured, swept: ComparisonMeasured) -> RecommendationChecked:
    """Compare what tuning said with what the sweep measured."""
    measured = {_Setting(row.drafter, row.gamma): row.speedup.value for row in swept.lanes if row.speedup is not None}
    measured[_OFF] = 1.0
    chosen = tuned.recommendation
    assert chosen is not None
    recommended = _Setting(chosen.drafter, chosen.gamma)
    best = max(measured, key=lambda setting: measured[setting])
    speedup = measured.get(recommended, 0.0)
    lengths = tuple(
        LengthChecked(each.drafter, each.gamma, each.predicted, measured[setting], each.measured is not None)
        for each in tuned.predictions
        if (setting := _Setting(each.drafter, each.gamma)) in measured
    )
    errors = [abs(each.predicted - each.measured) for each in lengths if not each.confirmed]
    return RecommendationChecked(
        recommended=recommended.drafter,
        gamma=recommended.gamma,
        because=chosen.because,
        speedup=speedup,
        best=best.drafter,
        best_gamma=best.gamma,
        best_speedup=measured[best],
        shortfall=1 - speedup / measured[best],
        error=max(errors, default=0.0),
        mean_error=sum(errors) / max(1, len(errors)),
        lengths=lengths,
        n_prompts=swept.n_measured,
    )


def _swept(command: Compare) -> Generator[Event, None, _Sweep]:
    """Measure a comparison, and between its prompts the times of verifying."""
    session = Session()
    started: ComparisonStarted | None = None
    generations: list[GenerationMeasured] = []
    verifying: VerifyTimer | None = None
    for event in session.do(command, Flag()):
        if isinstance(event, ComparisonStarted):
            started = event
        elif isinstance(event, GenerationMeasured):
            assert started is not None
            is_new = all(event.prompt != each.prompt for each in generations)
            generations.append(event)
            verifying = verifying or _verify_timer(session, command, event.prompt_ids)
            if is_new and is_pass_due(event.prompt, len(started.prompts)):
                verifying.once()
        yield event
    assert started is not None
    assert verifying is not None
    return _Sweep(started, tuple(generations), verifying.times())


def _verify_timer(session: Session, command: Compare, prompt_ids: tuple[int, ...]) -> VerifyTimer:
    assert session.target is not None
    plain = Lane(PLAIN, session.target, None, None, config_of(PLAIN, command.settings))
    return VerifyTimer(plain, prompt_ids, WIDTHS, Flag())
