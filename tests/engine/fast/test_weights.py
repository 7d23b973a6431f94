"""Joining weights holds nothing twice and leaves the modules usable."""

from pathlib import Path

import psutil
import pytest
import torch
from transformers import AutoModelForCausalLM, PreTrainedModel

from engine.fast.weights import fuse
from tests import fakes


def storage_bytes(model: PreTrainedModel) -> int:
    """Memory of all distinct storages behind the parameters."""
    storages = {p.untyped_storage().data_ptr(): p.untyped_storage().nbytes() for p in model.parameters()}
    return sum(storages.values())


def test_no_weight_is_held_twice() -> None:
    model = fakes.model("qwen2")
    before = storage_bytes(model)
    weights = fuse(model)
    assert storage_bytes(model) == before
    attention, layer = model.model.layers[0].self_attn, weights.layers[0]
    assert attention.q_proj.weight.data_ptr() == layer.qkv.weight.data_ptr()
    assert layer.qkv.bias is not None
    assert torch.equal(attention.v_proj.bias, layer.qkv.bias[-attention.v_proj.bias.shape[0] :])
    assert weights.embedding.data_ptr() == model.get_input_embeddings().weight.data_ptr()


def test_bytes_of_a_step_are_those_of_its_matrices() -> None:
    model = fakes.model(tie_word_embeddings=True)
    matrices = {p.data_ptr(): p.nbytes for p in model.parameters() if p.dim() == 2}
    assert fuse(model).n_bytes == sum(matrices.values())


def test_joining_twice_gives_the_same_weights() -> None:
    model = fakes.model()
    first, second = fuse(model), fuse(model)
    assert torch.equal(first.layers[1].gate_up.weight, second.layers[1].gate_up.weight)


@pytest.mark.skipif(not hasattr(psutil.Process, "memory_maps"), reason="mapped files cannot be listed here")
@pytest.mark.parametrize("tied", [False, True])
def test_checkpoint_is_not_mapped_beside_the_joined_weights(tied: bool, tmp_path: Path) -> None:
    saved = fakes.model("qwen3", tie_word_embeddings=tied)
    saved.save_pretrained(tmp_path)
    loaded = AutoModelForCausalLM.from_pretrained(tmp_path, dtype=torch.float32, device_map={"": "cpu"})
    weights = fuse(loaded)
    assert not [m.path for m in psutil.Process().memory_maps() if str(tmp_path) in m.path]
    assert (weights.embedding.data_ptr() == weights.head.weight.data_ptr()) == tied
    assert weights.layers[0].down.weight.data_ptr() == loaded.model.layers[0].mlp.down_proj.weight.data_ptr()
    for found, expected in zip(loaded.parameters(), saved.parameters(), strict=True):
        assert torch.equal(found, expected)
