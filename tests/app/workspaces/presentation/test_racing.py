"""A live race, as the engine reports it."""

from pathlib import Path

import pytest

from app.state.store import RunStore
from app.workspaces.presentation.race_command import race_command
from app.workspaces.presentation.racing import RacingProgress
from engine.commands import Load, Race
from engine.events import LaneSpec, RaceFinished, RaceStarted, Refused, RoundFinished
from engine.runs.trace import Trace
from tests.app.factory import FakeHost

PLAIN, DRAFTED = LaneSpec("plain", "none", 0, "plain"), LaneSpec("builtin γ 4", "builtin", 4)
STARTED = RaceStarted("builtin", (DRAFTED, PLAIN), "a prompt", (1,), ("a prompt",), "cpu", "float32")


def a_lap(number: int, lane: str, at_s: float, n_tokens: int = 1) -> RoundFinished:
    """A round of a lane of 10 ms."""
    return RoundFinished(number, (), None, tuple(range(n_tokens)), 0.0, 10.0, 0.0, at_s, " w" * n_tokens, lane)


@pytest.fixture
def racing() -> tuple[RunStore, FakeHost, RacingProgress]:
    store, host = RunStore(), FakeHost()
    store.attach(host)
    progress = store.tab(RacingProgress)
    progress.begin(race_command("a prompt", Load(), None, 4))
    return store, host, progress


def _say(store: RunStore, host: FakeHost, *events: object) -> None:
    host.say(*events)  # type: ignore[arg-type]
    store.pump()


def test_the_command_waits_for_the_engine_and_nothing_else_starts(racing) -> None:  # type: ignore[no-untyped-def]
    store, host, progress = racing
    (command,) = host.submitted
    assert isinstance(command, Race) and [lane.name for lane in command.lanes] == ["plain", "builtin γ 4"]
    assert store.may_start() and progress.script() is None


def test_lanes_grow_on_their_own_clocks_and_none_is_shown_ahead(racing) -> None:  # type: ignore[no-untyped-def]
    store, host, progress = racing
    _say(store, host, STARTED, a_lap(0, "plain", 0.02), a_lap(0, "builtin γ 4", 0.03, 3))
    assert progress.racing and progress.time_s == 0.02
    script = progress.script()
    assert script is not None and [lane.spec.name for lane in script.lanes] == ["plain", "builtin γ 4"]
    assert script.lanes[0].recording.prefill_s == pytest.approx(0.01)
    assert script.lanes[1].here is None


def test_a_lane_whose_text_has_ended_is_not_waited_for(racing) -> None:  # type: ignore[no-untyped-def]
    store, host, progress = racing
    _say(store, host, STARTED, a_lap(0, "plain", 0.02), a_lap(0, "builtin γ 4", 0.03))
    _say(store, host, a_lap(1, "plain", 0.04), a_lap(2, "plain", 0.06))
    assert progress.lanes["builtin γ 4"].complete and progress.time_s == 0.06


def test_at_the_end_there_are_speedups_and_the_check(racing) -> None:  # type: ignore[no-untyped-def]
    store, host, progress = racing
    _say(store, host, STARTED, a_lap(0, "plain", 0.02), a_lap(0, "builtin γ 4", 0.02, 2))
    _say(store, host, a_lap(1, "plain", 0.03), RaceFinished("length", (("builtin γ 4", True),)))
    assert not progress.racing and not store.may_start()
    script = progress.script()
    assert script is not None
    drafted = script.lanes[1]
    assert drafted.here == pytest.approx(2.0) and drafted.check.same and drafted.measured is None
    assert drafted.recording.expected_s == 0.02


def test_a_refusal_ends_it_and_keeps_what_there_was(racing) -> None:  # type: ignore[no-untyped-def]
    store, host, progress = racing
    _say(store, host, STARTED, a_lap(0, "plain", 0.02), Refused("race", "out of memory", "race fewer lanes"))
    assert not progress.racing and progress.failure is not None and progress.lanes["plain"].n_tokens == 1
    assert store.trouble is not None and store.trouble.hint == "race fewer lanes"


def test_a_race_after_one_that_failed_does_not_race_before_it_starts(racing) -> None:  # type: ignore[no-untyped-def]
    store, host, progress = racing
    _say(store, host, STARTED, Refused("race", "out of memory", "race fewer lanes"))
    progress.begin(race_command("again", Load(), None, 4))
    assert not progress.racing and progress.status(None) == "loading the models of the race"
    _say(store, host, STARTED, a_lap(0, "plain", 0.02), a_lap(0, "builtin γ 4", 0.02))
    assert progress.racing and progress.status(None) == "racing: a token in each lane"
    _say(store, host, RaceFinished("cancelled"))
    assert store.told == "race stopped"


def test_rounds_of_a_run_are_not_those_of_a_race(racing) -> None:  # type: ignore[no-untyped-def]
    _, _, progress = racing
    assert not progress.take(a_lap(0, "plain", 0.02))
    progress.take(STARTED)
    assert progress.take(a_lap(0, "plain", 0.02)) and not progress.take(a_lap(0, "", 0.02))


def test_a_race_that_was_kept_is_shown_at_its_end(tmp_path: Path) -> None:
    store = RunStore()
    progress = store.tab(RacingProgress)
    events = (STARTED, a_lap(0, "plain", 0.02), a_lap(0, "builtin γ 4", 0.03, 3), RaceFinished("length"))
    assert progress.read_log(Trace(events[1:], None), tmp_path) is None
    assert progress.read_log(Trace(events, None), tmp_path) == events
    assert progress.show(events, tmp_path) == ""
    script = progress.script()
    assert script is not None and len(script.lanes) == 2 and not progress.racing
    assert progress.source == tmp_path


def test_a_kept_race_waits_while_one_is_under_way(racing, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    _store, _host, progress = racing
    assert progress.show((STARTED,), tmp_path) == "a race is under way"
