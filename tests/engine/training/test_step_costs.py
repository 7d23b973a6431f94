"""What a step of a drafter would cost, from a timing or from numbers of weights."""

from pathlib import Path

import pytest
import torch

from engine.models import checkpoint_folder, loading
from engine.models.loading import LoadedModel
from engine.training import start, step_costs
from engine.training.drafter_config import DrafterConfig
from tests import fakes

CONFIG = fakes.config("llama", num_hidden_layers=6)


def test_all_layers_cost_a_step_of_the_target_and_fewer_cost_less() -> None:
    costs = step_costs.by_weights(CONFIG)
    assert costs.c(start.own_size(CONFIG, 6)) == pytest.approx(1.0, abs=0.01)
    found = [costs.c(start.own_size(CONFIG, n)) for n in range(1, 6)]
    assert found == sorted(found)
    assert not costs.timed


def test_new_drafter_costs_its_head_by_its_width() -> None:
    costs = step_costs.by_weights(CONFIG)
    wide = start.start_of(CONFIG, DrafterConfig(start="new", layers=1, width=32), n_vocabulary=fakes.N_ENTRIES)
    narrow = start.start_of(CONFIG, DrafterConfig(start="new", layers=1, width=64), n_vocabulary=fakes.N_ENTRIES)
    assert costs.c(wide.size) < costs.c(narrow.size)


@pytest.mark.parametrize("runtime", ["fused", "modules"])
def test_target_in_memory_is_timed_once(tmp_path: Path, runtime: str) -> None:
    spec = fakes.save(fakes.model("llama", num_hidden_layers=6), tmp_path / "t")
    *_, target = loading.load(checkpoint_folder.inspect(spec), torch.device("cpu"), torch.float32, runtime=runtime)
    assert isinstance(target, LoadedModel)
    costs = step_costs.of(target, gamma=3)
    assert costs.timed
    assert costs.verify_ratio > 0
    assert step_costs.of(target, gamma=3) is costs
    assert [option.layers for option in step_costs.options(CONFIG, costs, gamma=3)] == [1, 2, 3, 4]
