"""Reads from the events of a run or a comparison what a replay needs: rounds, draft length and what they cost.

* imports neither Qt nor torch."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from engine.events import ComparisonStarted, Event, GenerationMeasured, LaneSpec, RoundFinished, RunStarted
from engine.experiments.lane_figures import cost_model, counts_of, shared_units
from engine.runs import trace
from engine.runs.summary import Summary, fold
from engine.settings import policy_of
from engine.speed_model import CostModel


class RecordedRun(NamedTuple):
    """A run, or a lane of a comparison. name: what it decoded with; texts: the rounds of each text it made; tau: tokens
    per round as they were.

    costs: None where no plain decoding was measured beside it, without which there is no speedup. share: of its rounds
    that had a draft; the others, in which a lookup found nothing, cost a plain step. fill: mean length of its drafts
    over the draft length. steady: whether every round was to draft gamma tokens; under a policy none was. by_block:
    whether drafts were accepted by the block; a replay accepts token by token, which keeps no more on average."""

    name: str
    gamma: int
    texts: tuple[tuple[RoundFinished, ...], ...]
    tau: float
    costs: CostModel | None
    share: float = 1.0
    fill: float = 1.0
    steady: bool = True
    by_block: bool = False

    def speedup(self, tau: float, gamma: int, drafter_speed: float) -> float | None:
        """Speedup of rounds that emit tau tokens, with a drafter so many times as fast; None without costs."""
        if self.costs is None or gamma == 0:
            return None if self.costs is None else 1.0
        costs = self.costs._replace(draft_ms=self.costs.draft_ms / drafter_speed)
        return costs.speedup(tau, gamma * self.fill, self.share)


def read_recorded(path: Path) -> tuple[RecordedRun, ...]:
    """The run, or each lane of the comparison, in a trace. Raises EngineError."""
    events = trace.read(path).events
    run = recorded_run(events)
    return recorded_lanes(events) if run is None else (run,)


def recorded_run(events: Iterable[Event]) -> RecordedRun | None:
    """Read a decode run; None if it proposed nothing, drafted trees, left tokens unverified or decoded several
    sequences at once."""
    summary, rounds, started = Summary(), [], None
    for event in events:
        summary = fold(summary, event)
        if isinstance(event, RunStarted):
            started = event
        elif isinstance(event, RoundFinished):
            rounds.append(event)
    if started is None or not _replayable(rounds):
        return None
    return RecordedRun(
        name=started.drafter,
        gamma=summary.gamma,
        texts=(tuple(rounds),),
        tau=summary.n_emitted / summary.n_rounds,
        costs=summary.costs,
        share=summary.drafted_share,
        fill=summary.mean_draft / summary.gamma if summary.gamma and not summary.policy else 1.0,
        steady=not summary.policy,
        by_block=dict(started.settings).get("accept") == "block",
    )


def recorded_lanes(events: Iterable[Event]) -> tuple[RecordedRun, ...]:
    """Read the lanes of a comparison that proposed something and whose rounds were kept."""
    kept = list(events)
    lanes = next((event.lanes for event in kept if isinstance(event, ComparisonStarted)), ())
    measured = [event for event in kept if isinstance(event, GenerationMeasured)]
    names = {event.lane for event in measured}
    shared = shared_units(sorted(names), measured)
    own = {name: [e for e in measured if e.lane == name and (e.prompt, e.turn) in shared] for name in names}
    plain = next((own.get(lane.name, []) for lane in lanes if lane.gamma == 0), [])
    runs = (_lane(lane, own.get(lane.name, []), plain) for lane in lanes if lane.gamma)
    return tuple(run for run in runs if run is not None)


def _replayable(rounds: Sequence[RoundFinished]) -> bool:
    """Whether another draft length can be told from these rounds: from chains of one sequence, all tested in turn."""
    if any(each.parents or (each.proposed and each.proposed[0].fate == "unverified") for each in rounds):
        return False
    return any(each.proposed and each.emitted for each in rounds) and len({each.lane for each in rounds}) == 1


def _lane(lane: LaneSpec, own: Sequence[GenerationMeasured], plain: Sequence[GenerationMeasured]) -> RecordedRun | None:
    texts = tuple(event.rounds for event in own if _replayable(event.rounds))
    if not texts:
        return None
    counts, steady = counts_of(own), not policy_of(dict(lane.settings))
    return RecordedRun(
        name=lane.name,
        gamma=lane.gamma,
        texts=texts,
        tau=counts.tau,
        costs=cost_model(plain, own) if plain else None,
        share=counts.drafted_share,
        fill=counts.mean_draft / lane.gamma if steady else 1.0,
        steady=steady,
        by_block=dict(lane.settings).get("accept") == "block",
    )
