"""The drafter in training, put to use beside its target."""

from pathlib import Path

import pytest
import torch

from engine.decoding.drafting import DraftContext
from engine.decoding.sampling import Warp
from engine.drafters.small_model import SmallModelDrafter
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
        wanted = trained(input_ids=ids[None]).logits[0, -1].softmax(-1)
        draft = drafter.propose(DraftContext(ids.tolist(), 1, Warp(), torch.zeros(1, dtype=torch.float64)))
    assert draft.shown is not None
    torch.testing.assert_close(draft.shown[0], wanted, rtol=1e-3, atol=1e-4)
    assert isinstance(drafter, SmallModelDrafter)
    assert (drafter.fused() is not None) == (runtime == "fused")
    assert target.runtime == runtime
