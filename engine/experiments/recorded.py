"""Reads from the events of a run or a comparison what a replay needs: rounds, draft length and what they cost.

* imports neither Qt nor torch."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

from engine.events import ComparisonStarted, Event, GenerationMeasured, LaneSpec, RoundFinished, RunStarted
from engine.runs import trace
from engine.runs.summary import Summary, fold
from engine.speed_model import CostModel
from engine.statistics import UnitTime, ms_per_token


class RecordedRun(NamedTuple):
    """A run, or a lane of a comparison. name: what it decoded with; texts: the rounds of each text it made.

    costs: None where no plain decoding was measured beside it, without which there is no speedup. share: of its rounds
    that had a draft; the others, in which a lookup found nothing, cost a plain step."""

    name: str
    gamma: int
    texts: tuple[tuple[RoundFinished, ...], ...]
    costs: CostModel | None
    share: float = 1.0

    def speedup(self, tau: float, gamma: int, drafter_speed: float) -> float | None:
        """Speedup of rounds that emit tau tokens, with a drafter so many times as fast; None without costs."""
        if self.costs is None or gamma == 0:
            return None if self.costs is None else 1.0
        costs = self.costs._replace(draft_ms=self.costs.draft_ms / drafter_speed)
        return tau * costs.plain_ms / (self.share * costs.round_ms(gamma) + (1 - self.share) * costs.plain_ms)


class _Times(NamedTuple):
    """What was measured. plain_ms, own_ms: milliseconds a token; plain_step_ms: a target forward over one token;
    verify_ms: over the token before and a full draft; draft_ms: a drafted token. None where it was not measured."""

    plain_ms: float
    own_ms: float | None
    plain_step_ms: float | None
    verify_ms: float | None
    draft_ms: float | None


def read_recorded(path: Path) -> tuple[RecordedRun, ...]:
    """The run, or each lane of the comparison, in a trace. Raises EngineError."""
    events = trace.read(path).events
    run = recorded_run(events)
    return recorded_lanes(events) if run is None else (run,)


def recorded_run(events: Iterable[Event]) -> RecordedRun | None:
    """Read a decode run; None if it proposed nothing or decoded several sequences at once."""
    summary, rounds, started = Summary(), [], None
    for event in events:
        summary = fold(summary, event)
        if isinstance(event, RunStarted):
            started = event
        elif isinstance(event, RoundFinished):
            rounds.append(event)
    if started is None or not _replayable(rounds):
        return None
    plain = summary.baseline_ms_per_token
    times = None if plain is None else _times_of(summary, plain)
    costs = _costs(summary.gamma, rounds, times)
    return RecordedRun(started.drafter, summary.gamma, (tuple(rounds),), costs, _share(rounds))


def recorded_lanes(events: Iterable[Event]) -> tuple[RecordedRun, ...]:
    """Read the lanes of a comparison that proposed something and whose rounds were kept."""
    kept = list(events)
    lanes = next((event.lanes for event in kept if isinstance(event, ComparisonStarted)), ())
    measured = [event for event in kept if isinstance(event, GenerationMeasured)]
    plain_name = next((lane.name for lane in lanes if lane.gamma == 0), "")
    plain = [event for event in measured if event.lane == plain_name]
    runs = (_lane(lane, [event for event in measured if event.lane == lane.name], plain) for lane in lanes)
    return tuple(run for run in runs if run is not None)


def _replayable(rounds: Sequence[RoundFinished]) -> bool:
    return any(each.proposed for each in rounds) and len({each.lane for each in rounds}) == 1


def _times_of(summary: Summary, plain_ms: float) -> _Times:
    plain, own = summary.paired("plain"), summary.paired("speculative")
    return _Times(
        plain_ms,
        summary.ms_per_token if own else None,
        _median(block.target_step_ms for block in plain),
        _median(block.target_step_ms for block in own),
        _median(block.draft_step_ms for block in own),
    )


def _lane(lane: LaneSpec, own: Sequence[GenerationMeasured], plain: Sequence[GenerationMeasured]) -> RecordedRun | None:
    texts = tuple(event.rounds for event in own if _replayable(event.rounds))
    if not texts:
        return None
    shared = {_unit(event) for event in own} & {_unit(event) for event in plain}
    own, plain = ([event for event in events if _unit(event) in shared] for events in (own, plain))
    times = None
    if shared:
        times = _Times(
            ms_per_token(_unit_times(plain)),
            ms_per_token(_unit_times(own)),
            _median(event.target_step_ms for event in plain),
            _median(event.target_step_ms for event in own),
            _median(event.draft_step_ms for event in own),
        )
    rounds = [each for text in texts for each in text]
    return RecordedRun(lane.name, lane.gamma, texts, _costs(lane.gamma, rounds, times), _share(rounds))


def _unit(event: GenerationMeasured) -> tuple[int, int]:
    return event.prompt, event.turn


def _unit_times(events: Sequence[GenerationMeasured]) -> list[UnitTime]:
    repeats: dict[tuple[int, int], list[GenerationMeasured]] = {}
    for event in events:
        repeats.setdefault(_unit(event), []).append(event)
    return [UnitTime(tuple(event.decode_ms for event in unit), len(unit[0].ids)) for unit in repeats.values()]


def _share(rounds: Sequence[RoundFinished]) -> float:
    """Share of the rounds with a draft."""
    return sum(bool(each.proposed) for each in rounds) / len(rounds)


def _costs(gamma: int, rounds: Sequence[RoundFinished], times: _Times | None) -> CostModel | None:
    """The cost model under which the recorded rounds cost what was measured; `fixed_ms` is the unexplained rest."""
    if times is None or times.plain_ms <= 0:
        return None
    drafted = [each for each in rounds if each.proposed]
    n_proposed = sum(len(each.proposed) for each in drafted)
    draft_ms = sum(each.draft_ms for each in drafted) / n_proposed if times.draft_ms is None else times.draft_ms
    model = CostModel(times.plain_ms, 0.0, draft_ms, _widths(gamma, drafted, times))
    if times.own_ms is None:
        return model._replace(fixed_ms=sum(each.other_ms for each in drafted) / len(drafted))
    explained = n_proposed * draft_ms + sum(model.verify_ms(len(each.proposed) + 1) for each in drafted)
    explained += (len(rounds) - len(drafted)) * times.plain_ms
    measured = times.own_ms * sum(len(each.emitted) for each in rounds)
    return model._replace(fixed_ms=max(0.0, measured - explained) / len(drafted))


def _widths(gamma: int, rounds: Sequence[RoundFinished], times: _Times) -> tuple[tuple[int, float], ...]:
    """Times of a target forward by its number of tokens, never less for more tokens: noise must not make them so."""
    by_width: dict[int, list[float]] = {}
    for each in rounds:
        by_width.setdefault(len(each.proposed) + 1, []).append(each.verify_ms)
    if times.verify_ms is not None:
        by_width = {gamma + 1: [times.verify_ms]}
    by_width[1] = [times.plain_ms if times.plain_step_ms is None else times.plain_step_ms]
    least, widths = 0.0, []
    for width in sorted(by_width):
        least = max(least, median(by_width[width]))
        widths.append((width, least))
    return tuple(widths)


def _median(values: Iterable[float | None]) -> float | None:
    measured = [value for value in values if value is not None]
    return median(measured) if measured else None
