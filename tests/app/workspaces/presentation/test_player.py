"""Playing a race back; the clock is the test's."""

import pytest
from PySide6.QtCore import QObject

from app.workspaces.presentation import player as module
from app.workspaces.presentation.player import SPEEDS, RacePlayer
from app.workspaces.presentation.race import MeanPace, RaceRun


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [0.0]
    monkeypatch.setattr(module, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def player(qapp: QObject, clock: list[float]) -> RacePlayer:
    player = RacePlayer(qapp)
    player.load(RaceRun([MeanPace(100, 0.0, 10.0, str)]))
    return player


def test_it_plays_at_the_measured_pace_and_its_timer_stops_at_the_end(player: RacePlayer, clock: list[float]) -> None:
    assert player.run is not None and not player.playing
    player.play()
    clock[0] = 1.0
    player.tick()
    assert player.playing and player.run.time_s == 1.0 and player.run.lanes[0].n_tokens == 10
    clock[0] = 20.0
    player.tick()
    assert player.run.finished and not player.playing
    player.play()
    assert not player.playing


def test_a_pause_does_not_count(player: RacePlayer, clock: list[float]) -> None:
    player.play()
    player.pause()
    clock[0] = 5.0
    player.play()
    clock[0] = 6.0
    player.tick()
    assert player.run is not None and player.run.time_s == 1.0
    player.pause()


def test_speeds_have_an_end_on_both_sides(player: RacePlayer) -> None:
    for step, end in ((1, SPEEDS[-1]), (-1, SPEEDS[0])):
        for _ in range(2 * len(SPEEDS)):
            player.change_speed(step)
        assert player.speed == end


def test_a_race_that_would_be_over_at_once_is_slowed_down_unless_the_viewer_has_chosen(player: RacePlayer) -> None:
    player.choose_speed()
    assert player.speed == 1.0
    player.load(RaceRun([MeanPace(10, 0.0, 0.6, str)]))
    player.choose_speed()
    assert player.speed == 0.125
    player.change_speed(1)
    player.choose_speed()
    assert player.speed == 0.25
