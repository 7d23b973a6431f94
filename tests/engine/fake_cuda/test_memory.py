"""What a GPU would hold at true sizes: shapes alone are computed, and every byte is counted."""

from collections.abc import Callable
from functools import partial

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM

from engine.decoding.sampling import Warp
from engine.decoding.verifying import EXACT
from engine.fast.batched import RowsModel
from engine.fast.graphs import Graphs
from engine.fast.static_kv_cache import FusedDrafter, StaticKvCache
from engine.fast.weights import FusedWeights, fuse
from engine.models import timing_pairs, timing_shapes
from engine.models.work_size import work_bytes
from tests.fake_cuda.fixture import sizes
from tests.fake_cuda.watch import Watch

__all__ = ["sizes"]

GPU, CONTEXT, CHUNK, MIB = "cuda:0", 131_072, 512, 2**20


def weights(*, window: int | None = None, dtype: torch.dtype = torch.bfloat16) -> FusedWeights:
    """One layer in the shape of a seven-billion model with seven queries a key."""
    config = AutoConfig.for_model(
        "mistral", hidden_size=3584, intermediate_size=18_944, num_hidden_layers=1, num_attention_heads=28,
        num_key_value_heads=4, head_dim=128, vocab_size=1000, max_position_embeddings=CONTEXT, sliding_window=window,
    )  # fmt: skip
    with torch.device(GPU):
        return fuse(AutoModelForCausalLM.from_config(config, dtype=dtype).eval())


@pytest.mark.parametrize(("window", "dtype"), [(None, torch.bfloat16), (4096, torch.bfloat16), (None, torch.float32)])
def test_the_end_of_a_long_prompt_takes_no_mask_of_chunk_and_context(
    window: int | None, dtype: torch.dtype, sizes: Watch
) -> None:
    with sizes.on():
        model = RowsModel(weights(window=window, dtype=dtype), n_rows=1, capacity=CONTEXT)
        ids = torch.zeros(1, CHUNK, dtype=torch.int64, device=GPU)
        sizes.clear()
        held = sizes.peak[GPU] = sizes.held[GPU]
        model.prefill(ids, CONTEXT - CHUNK)
    assert held > model.bytes()
    # 1.0 GiB for the mask alone before; what is left are the chunk's own states.
    assert sizes.peak[GPU] - held < 220 * MIB
    assert not sizes.faults
    assert sizes.attentions == []  # the only layer of a prefill need not attend


def test_attention_over_a_long_context_has_no_mask(sizes: Watch) -> None:
    with sizes.on():
        model = RowsModel(weights(), n_rows=1, capacity=CONTEXT)
        ids = torch.zeros(1, CHUNK, dtype=torch.int64, device=GPU)
        sizes.clear()
        held = sizes.peak[GPU] = sizes.held[GPU]
        model.aligned(ids, CONTEXT - CHUNK)
    assert [one.n_mask for one in sizes.attentions] == [0]
    assert sizes.peak[GPU] - held < 220 * MIB
    assert not sizes.faults


def test_a_windowed_layer_has_a_mask_of_its_window(sizes: Watch) -> None:
    with sizes.on():
        model = RowsModel(weights(window=4096), n_rows=1, capacity=CONTEXT)
        model.aligned(torch.zeros(1, CHUNK, dtype=torch.int64, device=GPU), CONTEXT - CHUNK)
    assert max(one.n_mask for one in sizes.attentions) == 7 * CHUNK * (4096 + CHUNK - 1)


def test_a_shrinking_batch_never_holds_two_caches(sizes: Watch) -> None:
    with sizes.on():
        model = RowsModel(weights(), n_rows=8, capacity=16_384)
        torch.zeros(1, device=GPU)
        held = sizes.peak[GPU] = sizes.held[GPU]
        model.keep([1, 3, 6])
        torch.zeros(1, device=GPU)
    assert sizes.peak[GPU] - held < MIB


def taken(sizes: Watch, work: Callable[[], object]) -> int:
    """The most bytes that were held at once during some work, above those that were held before it."""
    torch.zeros(1, device=GPU)
    before = sizes.peak[GPU] = sizes.held[GPU]
    work()
    return sizes.peak[GPU] - before


@pytest.mark.parametrize("name", ["qwen2.5-0.5b", "qwen2.5-32b", "llama-3.1-8b", "llama-70b"])
def test_what_computing_takes_is_estimated(name: str, sizes: Watch) -> None:
    config = timing_pairs.made_configuration(timing_shapes.parse(f"timing:{name}", drafter=False))
    config.num_hidden_layers = 2
    gamma, warp = 8, Warp(0.7, top_p=0.9, top_k=20)
    with sizes.on():
        with torch.device(GPU):
            fused = fuse(AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16).eval())
        room = StaticKvCache(fused, context=16_384, repeaters=partial(Graphs, torch.device(GPU)))
        room.begin(16_384, FusedDrafter(fused, 16_384))
        room.place([1, 2], 8192)

        def one_round() -> None:
            u = room.uniforms(torch.zeros(2 * gamma + 1, dtype=torch.float64), gamma)
            room.verified(room.drafted(u, warp, end=16_384), u, warp, EXACT, end=16_384)

        counted = taken(sizes, lambda: room.feed([0] * CHUNK, 8192)) + taken(sizes, one_round)
    estimated = work_bytes(config, torch.bfloat16, torch.device(GPU))
    assert counted <= estimated <= 1.3 * counted
