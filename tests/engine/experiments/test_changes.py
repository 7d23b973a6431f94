"""What would change a choice, measured or predicted."""

from pathlib import Path
from threading import Event as Flag

import pytest

from engine.errors import DeviceLost
from engine.events import Progressed
from engine.experiments import changes as module
from engine.experiments.changes import changes
from engine.experiments.lanes import Lane
from engine.runtime import Cancelled
from engine.speed_model import CostModel
from tests.engine.experiments import loaded

PROMPTS = [(1, 2, 3), (4, 5, 6, 7)]
COSTS = CostModel(10.0, 0.1, 1.0, ((1, 10.0), (3, 11.0)))


@pytest.fixture(scope="module")
def lanes(tmp_path_factory: pytest.TempPathFactory) -> list[Lane]:
    return loaded.lanes(tmp_path_factory.mktemp("lanes"))


def sentences(lane: Lane) -> list[str]:
    return [step for step in changes(lane, PROMPTS, COSTS, Flag()) if isinstance(step, str)]


def test_every_step_of_measuring_what_would_change_it_is_counted(lanes: list[Lane]) -> None:
    steps = [step for step in changes(lanes[1], PROMPTS, COSTS, Flag()) if isinstance(step, Progressed)]
    total = 2 + 2 * 3 + 8 + len(PROMPTS)
    assert [(step.done, step.total) for step in steps] == [(n, total) for n in range(total + 1)]


def test_a_drafter_is_measured_in_a_batch_and_at_the_other_temperature(lanes: list[Lane]) -> None:
    batch, temperature, length = sentences(lanes[1])
    assert batch.startswith("At batch 8: ") and "12 tokens" in batch
    assert temperature.startswith("At temperature 1 it accepts ")
    assert length.startswith("The prompts have 3 to 4 tokens")


def test_what_was_sampled_is_predicted_for_greedy_decoding(tmp_path: Path) -> None:
    lane = loaded.lanes(tmp_path, temperature=0.7)[1]
    assert any(sentence.startswith("At temperature 0 it accepts ") for sentence in sentences(lane))


def test_of_plain_decoding_only_the_length_of_prompts_is_said(lanes: list[Lane]) -> None:
    assert len(list(changes(lanes[0], PROMPTS, None, Flag()))) == 1


def test_a_batch_that_does_not_fit_is_said_and_the_rest_follows(
    lanes: list[Lane], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(module, "batch_in_steps", full)
    batch, *others = sentences(lanes[1])
    assert batch.startswith("At batch 8 it could not be measured: memory ran out")
    assert len(others) == 2


def test_a_lost_gpu_and_a_stop_are_no_sentences(lanes: list[Lane], monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(*_: object, **__: object) -> None:
        raise DeviceLost("the GPU stopped")

    flag = Flag()
    flag.set()
    with pytest.raises(Cancelled):
        list(changes(lanes[1], PROMPTS, COSTS, flag))
    monkeypatch.setattr(module, "batch_in_steps", lost)
    with pytest.raises(DeviceLost):
        list(changes(lanes[1], PROMPTS, COSTS, Flag()))
