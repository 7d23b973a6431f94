"""One generation of a lane, as it is measured."""

from threading import Event as Flag

import pytest

from engine.experiments.lanes import Lane, continued, warm_up
from engine.machine.energy import EnergyCounter, EnergyMeter
from engine.runtime import Cancelled
from tests.engine.experiments import loaded

IDS = (1, 2, 3, 4)


@pytest.fixture(scope="module")
def lanes(tmp_path_factory: pytest.TempPathFactory) -> list[Lane]:
    return loaded.lanes(tmp_path_factory.mktemp("lanes"))


def test_every_lane_writes_the_plain_text_and_counts_its_rounds_from_the_prefill(lanes: list[Lane]) -> None:
    texts = [continued(lane, IDS, Flag(), None) for lane in lanes]
    assert len({text.generation.ids for text in texts}) == 1
    for text in texts:
        assert text.joules is None
        assert text.started_s < text.rounds[0].at_s
        assert sum(len(event.emitted) for event in text.rounds) == 12


def test_a_drafter_with_a_model_takes_more_memory_than_one_without(lanes: list[Lane]) -> None:
    plain, near, lookup = (continued(lane, IDS, Flag(), None).memory_bytes for lane in lanes)
    assert near > lookup >= plain > 0


def test_energy_is_what_the_counter_moved_meanwhile(lanes: list[Lane]) -> None:
    readings = iter([0.0, 5.0, 12.0])
    meter = EnergyMeter([EnergyCounter(lambda: next(readings))], "a counter")
    assert continued(lanes[0], IDS, Flag(), meter).joules == 7.0


def test_a_stopped_lane_can_be_used_again(lanes: list[Lane]) -> None:
    flag = Flag()
    flag.set()
    for lane in lanes:
        with pytest.raises(Cancelled):
            continued(lane, IDS, flag, None)
        warm_up(lane, IDS * 40, Flag())
        assert len(continued(lane, IDS, Flag(), None).generation.ids) == 12
