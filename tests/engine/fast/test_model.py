"""The fused forward computes what transformers' modules compute, whatever was rolled back before."""

import weakref

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from transformers import PreTrainedModel

from engine.decoding.token_tree import Tree
from engine.fast import matmul
from engine.fast.families import why_not
from engine.fast.model import FusedModel
from engine.fast.weights import fuse
from tests import fakes

WINDOW = 12
YARN = {"rope_type": "yarn", "rope_theta": 1e4, "factor": 4.0, "original_max_position_embeddings": 32}
LLAMA3 = {
    "rope_type": "llama3", "rope_theta": 1e4, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}  # fmt: skip
SLIDING = {"sliding_window": WINDOW, "use_sliding_window": True, "max_window_layers": 1}
GRANITE = {
    "embedding_multiplier": 3.0, "residual_multiplier": 0.4, "attention_multiplier": 0.2, "logits_scaling": 5.0,
}  # fmt: skip
MIXED = {"sliding_window": 8, "layer_types": ["sliding_attention", "full_attention"]}
GEMMA_ROPES = {
    "full_attention": {"rope_type": "linear", "rope_theta": 1e4, "factor": 8.0},
    "sliding_attention": {"rope_type": "default", "rope_theta": 100.0},
}
SHAPES: dict[str, tuple[str, dict[str, object]]] = {
    "grouped heads": ("llama", {}),
    "as many key heads": ("llama", {"num_key_value_heads": 4}),
    "one key head": ("llama", {"num_key_value_heads": 1}),
    "own head size": ("llama", {"head_dim": 16}),
    "tied": ("llama", {"tie_word_embeddings": True}),
    "another epsilon": ("llama", {"rms_norm_eps": 1e-2}),
    "biases everywhere": ("llama", {"attention_bias": True, "mlp_bias": True}),
    "another rope base": ("llama", {"rope_parameters": {"rope_type": "default", "rope_theta": 123.0}}),
    "linear rope": ("llama", {"rope_parameters": {"rope_type": "linear", "rope_theta": 1e4, "factor": 2.0}}),
    "llama3 rope": ("llama", {"rope_parameters": LLAMA3}),
    "yarn rope": ("llama", {"rope_parameters": YARN}),
    "mistral": ("mistral", {}),
    "mistral, window shorter than the text": ("mistral-sliding", {}),
    "qwen2": ("qwen2", {}),
    "qwen2, tied": ("qwen2", {"tie_word_embeddings": True}),
    "qwen2, some layers with a window": ("qwen2", SLIDING),
    "qwen2, yarn": ("qwen2", {"rope_parameters": YARN}),
    "qwen3": ("qwen3", {}),
    "qwen3, biases": ("qwen3", {"attention_bias": True}),
    "qwen3, some layers with a window": ("qwen3", SLIDING),
    "granite": ("granite", GRANITE),
    "granite, biases": ("granite", {**GRANITE, "attention_bias": True, "mlp_bias": True}),
    "llama, a window its modules ignore": ("llama", {"sliding_window": 8}),
    "llama, kinds of layers its modules ignore": ("llama", MIXED),
    "llama, factors its modules ignore": ("llama", GRANITE),
    "qwen3, factors its modules ignore": ("qwen3", GRANITE),
    "granite, a window its modules ignore": ("granite", {**GRANITE, "sliding_window": 8}),
    "mistral, a window in every layer whatever their kinds": ("mistral", MIXED),
    "gemma3, both kinds of layers": ("gemma3_text", {"rope_parameters": GEMMA_ROPES}),
    "gemma3, three local layers to a global one": (
        "gemma3_text",
        {"num_hidden_layers": 5, "sliding_window_pattern": 4, "rope_parameters": GEMMA_ROPES},
    ),
    "gemma3, global layers only": ("gemma3_text", {"sliding_window_pattern": 1}),
    "gemma3, local layers only": ("gemma3_text", {"sliding_window_pattern": 9, "sliding_window": 5}),
    "gemma3, a global layer first": ("gemma3_text", {"layer_types": ["full_attention", "sliding_attention"]}),
    "gemma3, capped, untied, one key head, biases": (
        "gemma3_text",
        {
            "final_logit_softcapping": 0.7,
            "tie_word_embeddings": False,
            "num_key_value_heads": 1,
            "attention_bias": True,
            "query_pre_attn_scalar": 3,
            "rms_norm_eps": 1e-2,
        },
    ),
}
FUZZED = (
    "grouped heads", "mistral, window shorter than the text", "qwen3, some layers with a window",
    "gemma3, both kinds of layers",
)  # fmt: skip


def made(name: str) -> PreTrainedModel:
    """A model with norms and biases that differ from their first values."""
    family, changes = SHAPES[name]
    model = fakes.model(family, sharpness=2.0, **changes)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() == 1:
                parameter.add_(0.3 * torch.randn_like(parameter))
    return model


def fused(model: PreTrainedModel, *, hidden_layers: tuple[int, ...] = ()) -> FusedModel:
    return FusedModel(fuse(model), context=fakes.CONTEXT, hidden_layers=hidden_layers)


def logits(model: PreTrainedModel, ids: list[int]) -> Tensor:
    with torch.inference_mode():
        return model(input_ids=torch.tensor([ids]), use_cache=False).logits[0]


def some_ids(n: int, *, seed: int = 0) -> list[int]:
    return torch.randint(0, fakes.N_ENTRIES, (n,), generator=torch.Generator().manual_seed(seed)).tolist()


def assert_close(found: Tensor, expected: Tensor) -> None:
    """Within 1e-4 of the largest logit."""
    assert (found - expected).abs().max() <= 1e-4 * expected.abs().max()


MODELS = {name: made(name) for name in FUZZED}


@pytest.fixture(params=[False, True], ids=["cached matrices", "streamed matrices"])
def streamed(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    monkeypatch.setattr(matmul, "streams", lambda weights: request.param)
    return bool(request.param)


@pytest.mark.parametrize("name", SHAPES)
def test_logits_equal_those_of_the_modules(name: str, streamed: bool) -> None:
    model, ids = made(name), some_ids(100)
    expected = logits(model, ids)
    assert why_not(model.config) == ""
    sequence = fused(model)
    with torch.inference_mode():
        sequence.prefill(torch.tensor(ids[:20]))
        parts = ids[20:21], ids[21:27], ids[27:28], ids[28:]
        found = torch.cat([sequence.forward(torch.tensor(part)) for part in parts])
    assert_close(found, expected[20:])


@pytest.mark.parametrize("name", [name for name in SHAPES if name.startswith("gemma3")])
def test_gemma_in_half_precision_is_as_near_to_the_modules_as_rounding_allows(name: str) -> None:
    """The modules' own error in bfloat16 is that against float32, and ours is no larger by more than a half."""
    model, ids = made(name), some_ids(60)
    exact = logits(model, ids)
    theirs = logits(model.to(torch.bfloat16), ids)
    with torch.inference_mode():
        found = fused(model).forward(torch.tensor(ids))
    assert found.dtype == torch.bfloat16
    assert (found - exact).abs().mean() < 1.5 * (theirs - exact).abs().mean()


@pytest.mark.parametrize("name", SHAPES)
def test_modules_compute_the_same_after_their_weights_were_joined(name: str) -> None:
    model, ids = made(name), some_ids(40)
    expected = logits(model, ids)
    fuse(model)
    assert torch.equal(logits(model, ids), expected)


@pytest.mark.parametrize("name", FUZZED)
@settings(max_examples=12)
@given(st.lists(st.tuples(st.integers(1, 6), st.integers(0, 6)), min_size=1, max_size=20), st.integers(0, 2**31))
def test_random_rollbacks_equal_recomputation(name: str, steps: list[tuple[int, int]], seed: int) -> None:
    rng = torch.Generator().manual_seed(seed)
    sequence, ids = fused(MODELS[name]), [7]
    with torch.inference_mode():
        for n_fed, n_removed in steps:
            new = torch.randint(0, fakes.N_ENTRIES, (n_fed,), generator=rng)
            found = sequence.forward(torch.cat([torch.tensor(ids[sequence.length :], dtype=torch.int64), new]))
            ids += new.tolist()
            assert_close(found[-1], logits(MODELS[name], ids)[-1])
            sequence.rollback(min(n_removed, n_fed - 1))
            ids = ids[: sequence.length]
    assert sequence.length == len(ids)


@pytest.mark.parametrize("name", FUZZED)
def test_thousands_of_rounds_with_random_acceptance_equal_recomputation(name: str) -> None:
    rng = torch.Generator().manual_seed(3)
    model, ids = MODELS[name], some_ids(1)
    sequence = fused(model)
    with torch.inference_mode():
        for round_index in range(2000):
            if sequence.length > fakes.CONTEXT - 10:
                sequence.reset()
                ids = some_ids(1, seed=round_index)
            draft = some_ids(4, seed=round_index)
            found = sequence.forward(torch.tensor(ids[sequence.length :] + draft))
            if round_index % 50 == 0:
                assert_close(found[-1], logits(model, ids + draft)[-1])
            n_accepted = int(torch.randint(0, 5, (), generator=rng))
            sequence.rollback(4 - n_accepted)
            ids += [*draft[:n_accepted], round_index % fakes.N_ENTRIES]
    assert sequence.length == len(ids) - 1


def test_buffers_grow_and_keep_what_they_hold() -> None:
    model, ids = fakes.model(max_position_embeddings=2048, sharpness=2.0), some_ids(900, seed=1)
    sequence = FusedModel(fuse(model), context=2048)
    with torch.inference_mode():
        for start in range(0, 900, 100):
            found = sequence.forward(torch.tensor(ids[start : start + 100]))
    assert (found - logits(model, ids)[800:]).abs().max() < 1e-3


@pytest.mark.parametrize("name", FUZZED)
def test_a_tree_gives_each_branch_the_logits_of_its_own_text(name: str, streamed: bool) -> None:
    model, ids = MODELS[name], some_ids(30)
    # One root with two branches: 0 - 1 - 2 and 0 - 3.
    new = torch.tensor([11, 12, 13, 14])
    seen = torch.tensor([[1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0], [1, 0, 0, 1]], dtype=torch.bool)
    sequence = fused(model)
    with torch.inference_mode():
        sequence.prefill(torch.tensor(ids))
        found = sequence.forward(new, tree=Tree(torch.tensor([0, 1, 2, 1]), seen))
        sequence.keep(torch.tensor([0, 3]), 4)
        after = sequence.forward(torch.tensor([15]))
    assert_close(found[:3], logits(model, [*ids, 11, 12, 13])[-3:])
    assert_close(found[3], logits(model, [*ids, 11, 14])[-1])
    assert_close(after[0], logits(model, [*ids, 11, 14, 15])[-1])


def test_kept_hidden_states_are_the_modules_own() -> None:
    model, ids = MODELS["grouped heads"], some_ids(10)
    sequence = fused(model, hidden_layers=(0,))
    with torch.inference_mode():
        expected = model(input_ids=torch.tensor([ids]), output_hidden_states=True).hidden_states
        sequence.prefill(torch.tensor(ids[:4]))
        sequence.forward(torch.tensor(ids[4:]))
    assert sequence.hidden is not None
    assert sequence.hidden.shape == (1, 6, model.config.hidden_size)
    torch.testing.assert_close(sequence.hidden[0], expected[1][0, 4:], rtol=1e-4, atol=1e-4)


def test_last_kv_is_that_of_the_last_layer() -> None:
    model, ids = MODELS["grouped heads"], some_ids(10)
    sequence = fused(model)
    with torch.inference_mode():
        cache = model(input_ids=torch.tensor([ids]), use_cache=True).cache
        sequence.forward(torch.tensor(ids))
    keys, values, length = sequence.last_kv()
    assert length == len(ids)
    torch.testing.assert_close(keys, cache.layers[-1].keys[0].transpose(0, 1), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(values, cache.layers[-1].values[0].transpose(0, 1), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("hidden_layers", [(), (1,)], ids=["", "hidden"])
@torch.inference_mode()
def test_a_prefill_leaves_what_a_forward_leaves(name: str, hidden_layers: tuple[int, ...]) -> None:
    ids = torch.tensor(some_ids(40))
    read, filled = (fused(made(name), hidden_layers=hidden_layers) for _ in range(2))
    read.forward(ids)
    filled.prefill(ids)
    for expected, found in zip(read.last_kv()[:2], filled.last_kv()[:2], strict=True):
        assert torch.equal(found, expected)
    if hidden_layers:
        assert read.hidden is not None and filled.hidden is not None and torch.equal(filled.hidden, read.hidden)
    assert torch.equal(filled.forward(ids[:3]), read.forward(ids[:3]))


def test_ids_beyond_the_vocabulary_are_fed_as_its_last_entry() -> None:
    model = MODELS["grouped heads"]
    with torch.inference_mode():
        found = fused(model).forward(torch.tensor([fakes.N_ENTRIES + 50]))
    assert_close(found[-1], logits(model, [fakes.N_ENTRIES - 1])[-1])


def test_reset_frees_the_cache() -> None:
    sequence = fused(MODELS["grouped heads"])
    with torch.inference_mode():
        sequence.forward(torch.arange(5))
    assert sequence.bytes() > 0
    sequence.reset()
    assert (sequence.length, sequence.bytes()) == (0, 0)


def test_few_ids_and_many_are_computed_alike_across_stretches_of_the_cache(streamed: bool) -> None:
    model, ids = fakes.model(max_position_embeddings=512, sharpness=2.0), some_ids(300, seed=2)
    few, many = (FusedModel(fuse(model), context=512) for _ in range(2))
    with torch.inference_mode():
        for start in range(0, 300, 5):
            found = few.forward(torch.tensor(ids[start : start + 5]))
        expected = many.forward(torch.tensor(ids))
    assert_close(found, expected[-5:])


@pytest.mark.parametrize("n", [1, 3])
@torch.inference_mode()
def test_cache_is_given_back_when_every_id_is_forgotten(n: int) -> None:
    model = FusedModel(fuse(MODELS["grouped heads"]), context=64)
    model.forward(torch.tensor(some_ids(n)))
    cache = weakref.ref(model._cache.at_least(n, n_kept=n).keys)
    model.reset()
    assert cache() is None
