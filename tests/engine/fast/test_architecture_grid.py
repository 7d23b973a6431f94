"""Every family with every feature: computed by the fused forward as by transformers' modules, or left to them."""

import dataclasses

import pytest
import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from engine.decoding.cached_model import CachedModel, SequenceModel
from engine.fast import families
from engine.fast.families import why_not, why_not_model
from engine.fast.model import FusedModel
from engine.fast.weights import fuse
from tests import fakes

FUSED = ("llama", "mistral", "qwen2", "qwen3", "granite")
FALLING_BACK = (
    "apertus", "arcee", "cohere", "ernie4_5", "exaone4", "gemma", "gemma2", "glm", "glm4", "gpt2",
    "gpt_neox", "gpt_oss", "granitemoe", "mixtral", "nemotron", "olmo", "olmo2", "olmo3", "phi", "phi3",
    "qwen3_moe", "seed_oss", "smollm3", "stablelm", "starcoder2",
)  # fmt: skip


def rope(kind: str, **values: object) -> dict[str, object]:
    return {"rope_parameters": {"rope_type": kind, "rope_theta": 1e4, **values}}


LONG = {"factor": 2.0, "short_factor": [1.0] * 4, "long_factor": [2.0] * 4, "original_max_position_embeddings": 64}
YARN = {"factor": 4.0, "original_max_position_embeddings": 32}
LLAMA3 = {"factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 64}
WINDOW = {"sliding_window": 8, "use_sliding_window": True}
COMPUTED: dict[str, dict[str, object]] = {
    "as it is": {},
    "tied": {"tie_word_embeddings": True},
    "as many key heads": {"num_key_value_heads": 4},
    "one key head": {"num_key_value_heads": 1},
    "wide heads": {"head_dim": 16},
    "attention biases": {"attention_bias": True},
    "feed-forward biases": {"mlp_bias": True},
    "another epsilon": {"rms_norm_eps": 1e-2},
    "a window everywhere": {**WINDOW, "max_window_layers": 0},
    "a window of one": {**WINDOW, "sliding_window": 1, "max_window_layers": 0},
    "a window in the last layer": {**WINDOW, "max_window_layers": 1},
    "mixed layers": {**WINDOW, "layer_types": ["sliding_attention", "full_attention"]},
    "another rope base": rope("default", rope_theta=123.0),
    "a rope type by its old name": {"rope_parameters": {"type": "linear", "rope_theta": 1e4, "factor": 2.0}},
    "linear rope": rope("linear", factor=2.0),
    "llama3 rope": rope("llama3", **LLAMA3),
    "yarn": rope("yarn", **YARN),
    "yarn with its own attention factor": rope("yarn", **YARN, attention_factor=1.7),
    "yarn with scales": rope("yarn", **YARN, mscale=0.7, mscale_all_dim=0.9, truncate=False),
    "granite's factors": {
        "embedding_multiplier": 3.0, "residual_multiplier": 0.4, "attention_multiplier": 0.2, "logits_scaling": 5.0,
    },
    "soft caps": {"final_logit_softcapping": 2.0, "attn_logit_softcapping": 2.0},
    "other families' settings": {
        "no_rope_layers": [1, 0], "query_pre_attn_scalar": 2, "logit_scale": 0.1, "use_qk_norm": True, "clip_qkv": 0.1,
        "attention_chunk_size": 4, "qk_layernorm": True, "scale_attn_by_inverse_layer_idx": True,
    },
    "split products of training": {"pretraining_tp": 2},
    "computed the slow way": {"attn_implementation": "eager"},
}  # fmt: skip
LEFT: dict[str, tuple[dict[str, object], str]] = {
    "dynamic rope": (rope("dynamic", factor=2.0), "(dynamic)"),
    "longrope": (rope("longrope", **LONG), "(longrope)"),
    "proportional rope": (rope("proportional", partial_rotary_factor=0.5), "(proportional)"),
    "partly turned heads": ({"partial_rotary_factor": 0.5}, "part of each head"),
    "another activation": ({"hidden_act": "gelu"}, "activation is gelu"),
    "another kind of layer": ({"layer_types": ["full_attention", "chunked_attention"]}, "kinds of layers"),
}  # fmt: skip
EVERY = {**COMPUTED, **{name: changes for name, (changes, _) in LEFT.items()}}
UNBUILT = {"another kind of layer"}


def made(family: str, changes: dict[str, object]) -> PreTrainedModel:
    """A model whose norms and biases are no longer at their first values."""
    model = fakes.model(family, sharpness=2.0, **changes)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() == 1:
                parameter.add_(0.3 * torch.randn_like(parameter))
    return model


def sequence_of(model: PreTrainedModel) -> SequenceModel:
    if why_not(model.config) or why_not_model(model):
        return CachedModel(model)
    return FusedModel(fuse(model), context=fakes.CONTEXT)


def in_parts(sequence: SequenceModel, ids: list[int]) -> Tensor:
    """Logits from the 20th id on, with wrong turns on the way."""
    sequence.prefill(torch.tensor(ids[:20]))
    found = []
    for start, end in ((20, 21), (21, 27), (27, 28), (28, 60)):
        found.append(sequence.forward(torch.tensor(ids[start:end])))
        sequence.forward(torch.tensor([5, 6, 7]))
        sequence.rollback(3)
    return torch.cat(found)


def assert_equals_modules(model: PreTrainedModel) -> None:
    ids = torch.randint(0, fakes.N_ENTRIES, (60,), generator=torch.Generator().manual_seed(0)).tolist()
    with torch.inference_mode():
        expected = model(input_ids=torch.tensor([ids]), use_cache=False).logits[0, 20:]
        found = in_parts(sequence_of(model), ids)
    assert (found - expected).abs().max() <= 1e-4 * expected.abs().max()


@pytest.mark.parametrize("family", FUSED)
@pytest.mark.parametrize("feature", sorted(set(EVERY) - UNBUILT))
def test_logits_equal_those_of_the_modules(family: str, feature: str) -> None:
    model = made(family, EVERY[feature])
    assert bool(why_not(model.config)) == (feature in LEFT)
    assert_equals_modules(model)


@pytest.mark.parametrize("family", FUSED)
@pytest.mark.parametrize("feature", LEFT)
def test_what_is_not_computed_is_left_to_the_modules_with_the_reason(family: str, feature: str) -> None:
    changes, reason = LEFT[feature]
    assert reason in why_not(fakes.config(family, **changes))


@pytest.mark.parametrize("family", FALLING_BACK)
def test_other_families_are_left_to_the_modules_and_roll_back_exactly(family: str) -> None:
    model = made(family, {})
    assert "no fused forward" in why_not(model.config)
    assert_equals_modules(model)


GEMMA3_LEFT: dict[str, tuple[dict[str, object], str]] = {
    "a cap of attention, which its modules ignore": ({"attn_logit_softcapping": 2.0}, "attn_logit_softcapping"),
    "tokens that see what follows": ({"use_bidirectional_attention": True}, "attend to later ones"),
    "another activation": ({"hidden_activation": "gelu"}, "activation is gelu"),
    "a changing rope": (
        {"rope_parameters": {"full_attention": {"rope_type": "dynamic", "rope_theta": 1e4, "factor": 2.0}}},
        "(dynamic)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", GEMMA3_LEFT)
def test_what_gemma_3_could_declare_beyond_its_forward_is_left_to_the_modules_with_the_reason(name: str) -> None:
    changes, reason = GEMMA3_LEFT[name]
    assert reason in why_not(fakes.config("gemma3_text", **changes))
    assert why_not(fakes.config("gemma3_text")) == ""


def test_norm_that_only_gemma_3_has_is_not_overlooked_in_another_family() -> None:
    model = fakes.model("llama")
    model.model.layers[0].pre_feedforward_layernorm = nn.RMSNorm(32)
    assert "pre_feedforward_layernorm" in why_not_model(model)
    assert why_not_model(fakes.model("gemma3_text")) == ""


class Adapted(nn.Linear):
    """A matrix that computes more than its weight says, as an adapter or a quantised one does."""


def test_model_whose_parts_are_not_those_of_its_family_is_left_to_the_modules() -> None:
    model = fakes.model("llama")
    assert why_not_model(model) == ""
    model.model.layers[1].mlp.up_proj.__class__ = Adapted
    assert "of the kind Adapted" in why_not_model(model)
    model = fakes.model("llama")
    model.model.layers[0].self_attn.sinks = nn.Parameter(torch.zeros(4))
    assert "layers.0.self_attn.sinks" in why_not_model(model)
    model = fakes.model("llama")
    model.model.norm.to(torch.float64)
    assert "several types" in why_not_model(model)


@pytest.mark.parametrize("family", (*FUSED, "gemma3_text"))
def test_setting_that_a_later_library_adds_is_left_to_the_modules_where_it_is_used(
    family: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = fakes.config(family, rms_norm_eps=0.5)
    assert why_not(config) == ""
    monkeypatch.setattr(families, "_KNOWN", families._KNOWN - {"rms_norm_eps"})
    assert "setting rms_norm_eps" in why_not(config)
    default = next(field.default for field in dataclasses.fields(config) if field.name == "rms_norm_eps")
    assert why_not(fakes.config(family, rms_norm_eps=default)) == ""


@pytest.mark.parametrize("window", [0, -4])
def test_window_that_holds_nothing_is_left_to_the_modules(window: int) -> None:
    assert "holds no position" in why_not(fakes.config("mistral", sliding_window=window))
