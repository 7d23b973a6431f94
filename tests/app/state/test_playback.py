"""Replay: events come when they came, or faster, from any place."""

import math

import msgspec

from app.state.playback import Playback
from app.state.run_record import RunRecord
from engine.events import BlockFinished, RunFinished
from tests.app.factory import a_round, started


def recorded(*at_s: float) -> RunRecord:
    record = RunRecord(1)
    record.add(started())
    for number, at in enumerate(at_s):
        record.add(msgspec.structs.replace(a_round(number, [" a"]), at_s=at))
    return record


def test_events_come_at_their_times():
    playback = Playback(recorded(0.1, 0.2, 0.3), 0, 1)
    assert playback.advance(0.05) == 1
    assert playback.advance(0.1) == 2
    assert not playback.ended
    assert playback.advance(1.0) == 4
    assert playback.ended


def test_a_faster_replay_takes_less_of_the_viewers_time():
    assert Playback(recorded(0.1, 0.2, 0.3), 0, 10).advance(0.03) == 4
    assert Playback(recorded(0.1, 0.2, 0.3), 0, 0.25).advance(0.4) == 2


def test_after_a_jump_it_goes_on_from_there():
    playback = Playback(recorded(0.1, 5.0, 5.1), 0, 1)
    playback.seek(3)
    assert playback.advance(0.05) == 3
    assert playback.advance(0.06) == 4
    playback.seek(1)
    assert playback.advance(0.11) == 2


def test_times_that_are_no_times_hold_nobody_up():
    record = recorded(math.nan, math.inf, -3.0, 0.0)
    record.add(RunFinished("length", 4))
    assert Playback(record, 0, 1).advance(0.0) == 6


def test_an_empty_run_is_over_at_once():
    assert Playback(RunRecord(1), 0, 1).ended


def test_what_was_measured_after_the_text_is_not_waited_for():
    record = recorded(0.1)
    record.add(BlockFinished("plain", 0, (1,), 1.0, 1.0, 1.0, 1.0, at_s=500.0))
    record.add(RunFinished("length", 1, at_s=500.0))
    playback = Playback(record, 0, 1)
    assert playback.advance(0.11) == len(record.events)
    assert playback.ended
