"""GGUF files with real weights are converted once; what was announced holds; nothing is lost on the way."""

import resource

import pytest
import torch
from gguf import GGUFReader, dequantize
from safetensors import safe_open

from engine.models import checkpoint_folder
from engine.models.gguf import cache, plan
from tests_real.conftest import OpenedModel, opened
from tests_real.figures import Figures

NAMES = ("smollm2", "gemma3")


@pytest.fixture(params=NAMES)
def model(request: pytest.FixtureRequest) -> OpenedModel:
    return request.getfixturevalue(request.param)  # type: ignore[no-any-return]


def test_disk_time_and_memory_are_at_most_what_was_announced(model: OpenedModel, figures: Figures) -> None:
    work = plan.plan(plan.check(str(model.file)))
    n_bytes = sum(path.stat().st_size for path in model.folder.iterdir())
    name = f"conversion of {model.file.stem}"
    figures.add(
        name, file_mb=model.file.stat().st_size / 1e6, disk_mb=n_bytes / 1e6, announced_mb=work.disk_bytes / 1e6
    )
    if model.announced is not None:
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
        figures.add(name, seconds=model.seconds, announced_s=work.seconds)
        figures.add(name, peak_mb=peak / 1e6, announced_peak_mb=work.memory_bytes / 1e6)
        assert peak <= work.memory_bytes
    assert n_bytes <= work.disk_bytes


def test_a_file_is_converted_only_once(model: OpenedModel) -> None:
    assert opened(model.file) == (model.file, model.folder, None, 0.0)
    assert checkpoint_folder.inspect(str(model.file)).folder == model.folder
    assert checkpoint_folder.fingerprint(str(model.file)) == cache.file_hash(str(model.file))


def test_weights_are_the_values_that_the_blocks_stand_for(model: OpenedModel) -> None:
    tensors = {tensor.name: tensor for tensor in GGUFReader(model.file).tensors}
    with safe_open(model.folder / "model.safetensors", "pt") as weights:
        for ours, theirs in (("embed_tokens", "token_embd"), ("layers.3.mlp.down_proj", "blk.3.ffn_down")):
            tensor = tensors[f"{theirs}.weight"]
            expected = torch.from_numpy(dequantize(tensor.data[:64], tensor.tensor_type))
            assert torch.equal(weights.get_tensor(f"model.{ours}.weight")[:64], expected)
