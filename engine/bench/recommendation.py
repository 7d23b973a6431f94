"""Checks what tuning recommends and predicts against an exhaustive sweep of draft lengths over the same prompts."""

from collections.abc import Generator, Iterator, Sequence
from threading import Event as Flag
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from engine import drafters
from engine.commands import Compare
from engine.events import ComparisonMeasured, Event
from engine.experiments.lane_specs import lanes_of
from engine.session.session import Session


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


def check(command: Compare, gammas: Sequence[int]) -> Iterator[Event | RecommendationChecked]:
    """Tune, then measure every drafter at every length; yields the events of both, and last the outcome.

    command: a comparison of the drafters whose lengths are to be tuned."""
    session = Session()
    drafter_specs = list(dict.fromkeys(lane.drafter for lane in command.lanes if lane.gamma))
    tuned = yield from _measured(session, replace(command, tune=True))
    recommended = 0 if tuned.recommendation is None else tuned.recommendation.gamma
    lengths = sorted({*gammas, recommended} - {0})  # what is recommended is measured even outside the sweep
    swept = yield from _measured(session, replace(command, tune=False, lanes=lanes_of(drafter_specs, lengths)))
    yield outcome(tuned, swept)


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


def _measured(session: Session, command: Compare) -> Generator[Event, None, ComparisonMeasured]:
    last = None
    for event in session.do(command, Flag()):
        if isinstance(event, ComparisonMeasured):
            last = event
        yield event
    assert last is not None
    return last
