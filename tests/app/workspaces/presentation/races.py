"""Races to show, made of the made-up comparison and of a finished run."""

from msgspec.structs import replace

from app.state.run_record import RunRecord
from app.workspaces.presentation.script import RaceScript, of_turn
from engine.events import ComparisonMeasured, ComparisonStarted, GenerationMeasured
from engine.statistics import Interval, RatioEstimate
from tests import comparisons
from tests.app.factory import whole_run


def parts(**options: int) -> tuple[ComparisonStarted, dict[str, GenerationMeasured], ComparisonMeasured]:
    """The start of a comparison, what each lane wrote for its first prompt, and its figures."""
    events = comparisons.comparison(**options)  # type: ignore[arg-type]
    started, measured = events[0], events[-1]
    assert isinstance(started, ComparisonStarted) and isinstance(measured, ComparisonMeasured)
    texts = (event for event in events if isinstance(event, GenerationMeasured) and event.prompt == 0)
    return started, {text.lane: text for text in texts}, measured


def compared(**options: int) -> RaceScript:
    """A race over the first prompt of a comparison."""
    script = of_turn(*parts(**options), n_races=4)
    assert script is not None
    return script


def lost(value: float = 0.91, interval: Interval | None = None) -> RaceScript:
    """A race that every drafted lane loses."""
    started, texts, measured = parts()
    estimate = RatioEstimate(value, interval, Interval(0.69, 0.95), 4)
    lanes = tuple(replace(lane, speedup=estimate) if lane.gamma else lane for lane in measured.lanes)
    script = of_turn(started, texts, replace(measured, lanes=lanes))
    assert script is not None
    return script


def run_record() -> RunRecord:
    """A finished run: two rounds, five tokens."""
    record = RunRecord(1)
    record.add_all(whole_run())
    return record
