"""Lanes that continue one prompt together."""

from pathlib import Path
from threading import Event as Flag

import pytest

from engine.events import Event, RaceFinished, RaceStarted, RoundFinished
from engine.experiments.lanes import Lane
from engine.experiments.racing import race
from engine.runtime import Cancelled
from tests.engine.experiments import loaded

IDS = (1, 2, 3)


@pytest.fixture(scope="module")
def lanes(tmp_path_factory: pytest.TempPathFactory) -> list[Lane]:
    return loaded.lanes(tmp_path_factory.mktemp("lanes"))


def rounds(raced: list[Event], name: str) -> list[RoundFinished]:
    return [event for event in raced if isinstance(event, RoundFinished) and event.lane == name]


def test_lanes_take_turns_and_a_lanes_clock_counts_its_own_rounds_alone(lanes: list[Lane]) -> None:
    raced = list(race(lanes, IDS, Flag()))
    names = [lane.spec.name for lane in lanes]
    assert isinstance(raced[0], RaceStarted)
    assert [event.lane for event in raced[1:4] if isinstance(event, RoundFinished)] == names
    for name in names:
        own = rounds(raced, name)
        spent_s = sum(event.draft_ms + event.verify_ms + event.other_ms for event in own) / 1e3
        assert own[-1].at_s >= spent_s * 0.999
        assert sum(len(event.emitted) for event in own) == 12
    assert raced[-1] == RaceFinished("length", tuple((name, True) for name in names[1:]))


def test_sampled_lanes_are_not_compared(tmp_path: Path) -> None:
    raced = list(race(loaded.lanes(tmp_path, temperature=1.0), IDS, Flag()))
    assert raced[-1] == RaceFinished("length")


def test_a_race_that_is_left_can_be_run_again(lanes: list[Lane]) -> None:
    left = race(lanes, IDS, Flag())
    next(left), next(left)
    left.close()  # type: ignore[attr-defined]
    assert isinstance(list(race(lanes, IDS, Flag()))[-1], RaceFinished)


def test_a_stop_before_the_first_round_raises_and_a_later_one_ends_the_race(lanes: list[Lane]) -> None:
    flag = Flag()
    raced = []
    for event in race(lanes, IDS, flag):
        raced.append(event)
        flag.set()
    assert raced[-1] == RaceFinished("cancelled")
    with pytest.raises(Cancelled):
        list(race(lanes, IDS, flag))
