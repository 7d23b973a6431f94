"""The lean Llama computes what the modules compute; what it cannot compute is left to them."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import PreTrainedModel

from engine.cached_model import CachedModel
from engine.fast import sequence_model
from engine.fast.llama import LeanLlama, is_plain_llama
from tests import fakes

SHAPES: dict[str, dict[str, object]] = {
    "grouped heads": {},
    "as many key heads": {"num_key_value_heads": 4},
    "one key head": {"num_key_value_heads": 1},
    "own head size": {"head_dim": 16},
    "tied": {"tie_word_embeddings": True},
    "another rope base": {"rope_parameters": {"rope_type": "default", "rope_theta": 123.0}},
    "another epsilon": {"rms_norm_eps": 1e-2},
}
UNSUPPORTED: dict[str, dict[str, object]] = {
    "attention bias": {"attention_bias": True},
    "mlp bias": {"mlp_bias": True},
    "another activation": {"hidden_act": "gelu"},
    "scaled rope": {"rope_parameters": {"rope_type": "linear", "rope_theta": 1e4, "factor": 2.0}},
}
MODEL = fakes.model(sharpness=2.0)


def logits(model: PreTrainedModel, ids: list[int]) -> torch.Tensor:
    with torch.inference_mode():
        return model(input_ids=torch.tensor([ids]), use_cache=False).logits[0]


@pytest.mark.parametrize("name", SHAPES)
def test_logits_equal_those_of_the_modules(name: str) -> None:
    model = fakes.model(sharpness=2.0, **SHAPES[name])
    ids = torch.randint(0, fakes.N_ENTRIES, (60,), generator=torch.Generator().manual_seed(0)).tolist()
    lean = LeanLlama(model)
    with torch.inference_mode():
        lean.prefill(torch.tensor(ids[:20]))
        found = torch.cat([lean.forward(torch.tensor(part)) for part in (ids[20:21], ids[21:27], ids[27:])])
    torch.testing.assert_close(found, logits(model, ids)[20:], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", UNSUPPORTED)
def test_what_it_does_not_compute_is_left_to_the_modules(name: str) -> None:
    model = fakes.model(**UNSUPPORTED[name])
    assert not is_plain_llama(model)
    assert isinstance(sequence_model(model), CachedModel)


def test_other_families_run_on_their_modules_and_llama_does_not() -> None:
    assert isinstance(sequence_model(MODEL), LeanLlama)
    assert isinstance(sequence_model(fakes.model("mistral")), CachedModel)
    assert isinstance(sequence_model(fakes.model("qwen3")), CachedModel)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 6), st.integers(0, 6)), min_size=1, max_size=20), st.integers(0, 2**31))
def test_random_rollbacks_equal_recomputation(steps: list[tuple[int, int]], seed: int) -> None:
    rng = torch.Generator().manual_seed(seed)
    lean, ids = LeanLlama(MODEL), [7]
    with torch.inference_mode():
        for n_fed, n_removed in steps:
            new = torch.randint(0, fakes.N_ENTRIES, (n_fed,), generator=rng)
            found = lean.forward(torch.cat([torch.tensor(ids[lean.length :], dtype=torch.int64), new]))
            ids += new.tolist()
            torch.testing.assert_close(found[-1], logits(MODEL, ids)[-1], rtol=1e-4, atol=1e-4)
            lean.rollback(min(n_removed, n_fed - 1))
            ids = ids[: lean.length]
    assert lean.length == len(ids)


def test_buffers_grow_and_keep_what_they_hold() -> None:
    model = fakes.model(max_position_embeddings=2048, sharpness=2.0)
    ids = torch.randint(0, fakes.N_ENTRIES, (900,), generator=torch.Generator().manual_seed(1)).tolist()
    lean = LeanLlama(model)
    with torch.inference_mode():
        for start in range(0, 900, 100):
            found = lean.forward(torch.tensor(ids[start : start + 100]))
    torch.testing.assert_close(found, logits(model, ids)[800:], rtol=1e-3, atol=1e-3)


def test_nothing_of_the_model_is_copied_and_reset_frees_the_cache() -> None:
    lean = LeanLlama(MODEL)
    assert lean._embedding.data_ptr() == MODEL.get_input_embeddings().weight.data_ptr()
    with torch.inference_mode():
        lean.forward(torch.arange(5))
    assert lean.bytes() > 0
    lean.reset()
    assert (lean.length, lean.bytes()) == (0, 0)
