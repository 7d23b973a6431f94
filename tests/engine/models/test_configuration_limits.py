"""Sizes that the weights cannot have are refused before any work grows with them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import ModelError
from engine.models.configuration_limits import refuse_absurd, refuse_odd_tokens
from engine.models.safetensors_header import TensorCounts

COUNTS = TensorCounts(n_tensors=290, n_parameters=135_000_000)
USUAL = {
    "num_hidden_layers": 30, "hidden_size": 576, "intermediate_size": 1536, "vocab_size": 49152, "head_dim": 64,
    "num_attention_heads": 9, "max_position_embeddings": 8192, "rope_theta": 1e5, "rms_norm_eps": 1e-5,
    "use_cache": True, "architectures": ["LlamaForCausalLM"], "eos_token_id": 2,
}  # fmt: skip


def test_usual_configuration_passes() -> None:
    assert refuse_absurd("m", {**USUAL, "text_config": dict(USUAL)}, COUNTS) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("num_hidden_layers", 10**5), ("num_hidden_layers", 10**9), ("num_hidden_layers", 999), ("n_layer", 10**6),
        ("num_layers", 2000), ("n_layers", 2000), ("num_encoder_layers", 2000), ("num_nextn_predict_layers", 2000),
        ("hidden_size", 10**12), ("intermediate_size", 10**12), ("moe_intermediate_size", 10**12), ("n_embd", 10**11),
        ("vocab_size", 10**12), ("head_dim", 10**10), ("num_attention_heads", 10**10), ("num_key_value_heads", 10**10),
        ("num_local_experts", 10**6), ("n_routed_experts", 10**7), ("num_experts", 10**6), ("num_labels", 10**9),
        ("max_position_embeddings", 10**30), ("sliding_window", -(10**30)), ("num_hidden_layers", float("nan")),
        ("num_hidden_layers", float("inf")), ("num_experts", float("nan")), ("num_experts", float("inf")),
    ],
)  # fmt: skip
def test_size_that_no_model_has_is_refused_by_name(name: str, value: float) -> None:
    for config in ({name: value}, {"text_config": {name: value}}):
        with pytest.raises(ModelError, match=r"config\.json says"):
            refuse_absurd("m", {**USUAL, **config}, COUNTS)


@pytest.mark.parametrize(
    "value", ["0", ["0"], 0.5, [0.0], True, [True], {"a": 1}, [[0]], [None], 10**30, list(range(5000))]
)
def test_end_of_text_that_is_no_token_is_refused(value: object) -> None:
    with pytest.raises(ModelError, match=r"m/generation_config\.json says"):
        refuse_odd_tokens("m/generation_config.json", {"eos_token_id": value})


@pytest.mark.parametrize("value", [None, 0, 2, [2], [1, 106], [], 999_999, -1])
def test_usual_end_of_text_passes(value: object) -> None:
    assert refuse_odd_tokens("m/config.json", {"eos_token_id": value, "pad_token_id": -1}) is None


_VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted(USUAL)), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(config=st.dictionaries(st.sampled_from([*sorted(USUAL), "bos_token_id", "num_experts"]), _VALUE, max_size=6))
def test_any_configuration_is_allowed_or_refused_in_one_line(config: dict[str, object]) -> None:
    try:
        refuse_absurd("m", config, COUNTS)
        refuse_odd_tokens("m/config.json", config)
    except ModelError as err:
        assert len(str(err).splitlines()) == 1
        assert len(str(err)) < 300
    else:
        assert not any(isinstance(value, int) and abs(value) > 2**53 for value in config.values())
