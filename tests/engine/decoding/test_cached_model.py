"""Rolling the cache back equals never having gone there."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.decoding.cached_model import CachedModel
from tests import fakes

MODELS = {family: fakes.model(family, sharpness=1.0) for family in ("llama", "mistral-sliding", "gemma2", "gpt2")}
MIXED = {"sliding_window": 8, "layer_types": ["sliding_attention", "full_attention"]}
MODELS |= {
    "llama, a window its modules ignore": fakes.model("llama", sharpness=2.0, sliding_window=8),
    "llama, kinds of layers its modules ignore": fakes.model("llama", sharpness=2.0, **MIXED),
    "mistral, a window whatever the kinds of its layers": fakes.model("mistral", sharpness=2.0, **MIXED),
    "gpt_neox, a window its modules ignore": fakes.model("gpt_neox", sharpness=2.0, sliding_window=8),
}


def recomputed(family: str, ids: list[int]) -> torch.Tensor:
    with torch.inference_mode():
        return MODELS[family](input_ids=torch.tensor([ids]), use_cache=False).logits[0, -1]


@pytest.mark.parametrize("family", MODELS)
@settings(max_examples=10)
@given(st.lists(st.tuples(st.integers(1, 5), st.integers(0, 5)), min_size=1, max_size=12), st.integers(0, 2**31))
def test_random_rollbacks_equal_recomputation(family: str, steps: list[tuple[int, int]], seed: int) -> None:
    rng = torch.Generator().manual_seed(seed)
    cached, ids = CachedModel(MODELS[family]), [7]
    with torch.inference_mode():
        for n_fed, n_removed in steps:
            new = torch.randint(0, fakes.N_ENTRIES, (n_fed,), generator=rng)
            fed = torch.cat([torch.tensor(ids[cached.length :], dtype=torch.int64), new])
            logits = cached.forward(fed)
            ids += new.tolist()
            assert torch.allclose(logits[-1], recomputed(family, ids), atol=1e-4)
            cached.rollback(min(n_removed, n_fed - 1))
            ids = ids[: cached.length]
    assert cached.length == len(ids)


@pytest.mark.parametrize("family", MODELS)
def test_prefill_then_forward_equals_one_forward(family: str) -> None:
    ids = list(range(40, 80))
    cached = CachedModel(MODELS[family])
    with torch.inference_mode():
        cached.prefill(torch.tensor(ids[:30]))
        cached.prefill(torch.tensor(ids[30:39]))
        logits = cached.forward(torch.tensor(ids[39:]))
    assert torch.allclose(logits[0], recomputed(family, ids), atol=1e-4)


def test_ids_beyond_the_vocabulary_are_fed_as_its_last_entry() -> None:
    cached = CachedModel(MODELS["llama"])
    with torch.inference_mode():
        logits = cached.forward(torch.tensor([fakes.N_ENTRIES + 50]))
    assert torch.allclose(logits[-1], recomputed("llama", [fakes.N_ENTRIES - 1]), atol=1e-5)


def test_reset_frees_the_cache() -> None:
    cached = CachedModel(MODELS["llama"])
    with torch.inference_mode():
        cached.forward(torch.arange(9))
    held = cached.bytes()
    cached.reset()
    assert held > 0
    assert (cached.length, cached.bytes()) == (0, 0)
