"""The drafter in training, put to use beside its target."""

from pathlib import Path

import pytest
import torch

from engine.models import checkpoint_folder, loading
from engine.models.loading import LoadedModel
from engine.models.pair_names import RuntimeChoice
from engine.training import student
from tests import fakes


@pytest.mark.parametrize("runtime", ["fused", "modules"])
def test_drafter_in_use_drafts_with_its_own_weights_on_the_runtime_of_the_target(
    tmp_path: Path, runtime: RuntimeChoice
) -> None:
    found = checkpoint_folder.inspect(fakes.save(fakes.model("llama"), tmp_path / "target"))
    *_, target = loading.load(found, torch.device("cpu"), torch.float32, runtime=runtime)
    assert isinstance(target, LoadedModel)
    trained = fakes.model("llama", seed=7)
    drafter = student.in_use(target, trained)
    ids = torch.tensor([5, 9, 11])
    with torch.inference_mode():
        wanted = trained(input_ids=ids[None]).logits[0]
        assert torch.allclose(drafter.sequence().forward(ids), wanted, rtol=1e-4, atol=1e-4)
    assert drafter.runtime == target.runtime == runtime
