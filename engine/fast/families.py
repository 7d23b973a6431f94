"""Decides which models the fused forward computes exactly, and reads their shape."""

import dataclasses
import re
from typing import Literal, NamedTuple, TypeAlias

from torch import Tensor, nn
from transformers import PreTrainedConfig, PreTrainedModel

Activation: TypeAlias = Literal["silu", "gelu_tanh"]
GEMMA3 = "gemma3_text"
_FAMILIES = ("llama", "mistral", "qwen2", "qwen3", "granite", GEMMA3)
_WINDOWED_BY_TYPE = ("qwen2", "qwen3", GEMMA3)
_FIXED_ROPES = ("default", "linear", "llama3", "yarn")
_LAYER_TYPES = {"full_attention", "sliding_attention"}
# Settings that these families' configurations declare: read below, or irrelevant to a forward. Any other, of a later
# transformers, may change the arithmetic.
_KNOWN = {
    "attention_bias", "attention_dropout", "attention_multiplier", "bos_token_id", "embedding_multiplier",
    "eos_token_id", "final_logit_softcapping", "head_dim", "hidden_act", "hidden_activation", "hidden_size",
    "initializer_range", "intermediate_size", "layer_types", "logits_scaling", "max_position_embeddings",
    "max_window_layers", "mlp_bias", "num_attention_heads", "num_hidden_layers", "num_key_value_heads", "pad_token_id",
    "pretraining_tp", "query_pre_attn_scalar", "residual_multiplier", "rms_norm_eps", "rope_parameters",
    "sliding_window", "tie_word_embeddings", "use_bidirectional_attention", "use_cache", "use_sliding_window",
    "vocab_size",
}  # fmt: skip
_WEIGHT = re.compile(
    r"lm_head\.weight|model\.(embed_tokens|norm)\.weight|model\.layers\.\d+\.("
    r"self_attn\.([qkvo]_proj\.(weight|bias)|[qk]_norm\.weight)|mlp\.(gate|up|down)_proj\.(weight|bias)|"
    r"(input|post_attention)_layernorm\.weight)"
)
_WEIGHT_OF_GEMMA3 = re.compile(_WEIGHT.pattern + r"|model\.layers\.\d+\.(pre|post)_feedforward_layernorm\.weight")


class Rope(NamedTuple):
    """How some layers rotate: by angles of position times inverse_frequencies [D / 2].

    scale: factor of sines and cosines."""

    inverse_frequencies: Tensor
    scale: float


class ModelShape(NamedTuple):
    """The numbers of a model besides its weights.

    windows: one entry per layer, how many positions its attention covers, its own included; None means all.
    attention_scale: factor of query times key. rope_of_layer: one entry per layer, which of `ropes` it rotates by.
    embedding_factor is 1 outside Granite and Gemma 3, the two that follow outside Granite. logits_cap: logits l become
    cap tanh(l / cap), None where they stay as they are."""

    n_heads: int
    n_kv_heads: int
    head_size: int
    windows: tuple[int | None, ...]
    attention_scale: float
    ropes: tuple[Rope, ...]
    rope_of_layer: tuple[int, ...]
    embedding_factor: float
    residual_factor: float
    logits_divisor: float
    activation: Activation = "silu"
    logits_cap: float | None = None


def why_not(config: PreTrainedConfig) -> str:
    """Why a model of this configuration runs on transformers' modules; empty where the fused forward is exact."""
    if config.model_type not in _FAMILIES:
        return f"{config.model_type} models have no fused forward"
    if getattr(config, "quantization_config", None) is not None:
        return "its weights are quantised"
    activation, computed = _activation(config)
    if activation != computed:
        return f"its activation is {activation}"
    if not set(getattr(config, "layer_types", None) or ()) <= _LAYER_TYPES:
        return "it mixes kinds of layers"
    if any(window is not None and window < 1 for window in windows(config)):
        return "its window holds no position"
    if config.model_type == GEMMA3 and config.use_bidirectional_attention:
        return "its tokens attend to later ones"
    return _why_not_setting(config) or next(filter(None, map(why_not_rope, rope_settings(config))), "")


def _activation(config: PreTrainedConfig) -> tuple[str, str]:
    """The activation of a model of these families, and the one that is computed for its family."""
    if config.model_type == GEMMA3:
        return config.hidden_activation, "gelu_pytorch_tanh"
    return config.hidden_act, "silu"


def rope_settings(config: PreTrainedConfig) -> list[object]:
    """The settings of each rope of a model of these families: Gemma 3 has one for each kind of its layers."""
    rope = config.rope_parameters
    if config.model_type != GEMMA3 or not isinstance(rope, dict):
        return [rope]
    return [rope.get(kind) for kind in _kinds_of_layers(config)]


def _kinds_of_layers(config: PreTrainedConfig) -> list[str]:
    """The kinds of layers that differ in their rope, in a fixed order."""
    return sorted(set(_rope_kinds(config)))


def _rope_kinds(config: PreTrainedConfig) -> list[str]:
    """One entry a layer; all of one kind but in Gemma 3."""
    return list(config.layer_types) if config.model_type == GEMMA3 else [""] * int(config.num_hidden_layers)


def _why_not_setting(config: PreTrainedConfig) -> str:
    """Name a setting that is neither in _KNOWN nor at its default; empty where there is none."""
    if not dataclasses.is_dataclass(config):
        return ""
    base = {field.name for field in dataclasses.fields(PreTrainedConfig)}
    for field in dataclasses.fields(config):
        if field.name not in _KNOWN | base and getattr(config, field.name, field.default) != field.default:
            return f"its setting {field.name} is not known to the fused forward"
    return ""


def why_not_rope(rope: object) -> str:
    """Why these settings of a rope cannot be computed as one table for every length; empty where they can."""
    kind = rope.get("rope_type") if isinstance(rope, dict) else None
    if kind is None:
        return "its layers turn by different tables"
    if kind not in _FIXED_ROPES:
        return f"its rope scaling ({kind}) changes with the length"
    if isinstance(rope, dict) and rope.get("partial_rotary_factor", 1.0) != 1.0:
        return "only part of each head is turned"
    return ""


def why_not_model(model: PreTrainedModel) -> str:
    """Why a loaded model cannot be fused as it is, whatever its configuration says; empty where it can."""
    if len({parameter.device for parameter in model.parameters()}) > 1 or model.get_input_embeddings().weight.is_meta:
        return "it is spread over several devices"
    if len({parameter.dtype for parameter in model.parameters()}) > 1:
        return "its weights are of several types"
    pattern = _WEIGHT_OF_GEMMA3 if model.config.model_type == GEMMA3 else _WEIGHT
    unexpected = next((name for name, _ in model.named_parameters() if not pattern.fullmatch(name)), None)
    if unexpected is not None:
        return f"it has a weight that its family has not ({unexpected})"
    projections = (module for name, module in model.named_modules() if name.endswith(("_proj", "lm_head")))
    kind = next((type(module).__name__ for module in projections if type(module) is not nn.Linear), "")
    return f"its matrices are of the kind {kind}" if kind else ""


def shape_of(model: PreTrainedModel) -> ModelShape:
    """The shape of a model for which `why_not` is empty."""
    config, attention = model.config, model.model.layers[0].self_attn
    is_gemma3 = config.model_type == GEMMA3
    kinds = _kinds_of_layers(config)
    return ModelShape(
        n_heads=int(config.num_attention_heads),
        n_kv_heads=int(config.num_key_value_heads),
        head_size=int(attention.head_dim),
        windows=windows(config),
        attention_scale=float(attention.scaling),
        ropes=tuple(_rope(model, f"{kind}_" if is_gemma3 else "") for kind in kinds),
        rope_of_layer=tuple(kinds.index(kind) for kind in _rope_kinds(config)),
        embedding_factor=_embedding_factor(model),
        residual_factor=_granite(config, "residual_multiplier"),
        logits_divisor=_granite(config, "logits_scaling"),
        activation="gelu_tanh" if is_gemma3 else "silu",
        logits_cap=config.final_logit_softcapping if is_gemma3 else None,
    )


def _rope(model: PreTrainedModel, prefix: str) -> Rope:
    rotary = model.model.rotary_emb
    return Rope(getattr(rotary, f"{prefix}inv_freq"), float(getattr(rotary, f"{prefix}attention_scaling")))


def _embedding_factor(model: PreTrainedModel) -> float:
    """Gemma 3 rounds its factor to the type of its weights."""
    embedding = model.get_input_embeddings()
    if model.config.model_type == GEMMA3:
        return float(embedding.embed_scale.to(embedding.weight.dtype))
    return _granite(model.config, "embedding_multiplier")


def windows(config: PreTrainedConfig) -> tuple[int | None, ...]:
    """How many positions each layer of these families attends to; None means all.

    Mistral's window applies to every layer, that of Qwen and Gemma to layers of the sliding type; other modules ignore
    a window."""
    window = getattr(config, "sliding_window", None)
    if config.model_type == "mistral":
        return (window,) * int(config.num_hidden_layers)
    if config.model_type in _WINDOWED_BY_TYPE:
        return tuple(window if kind == "sliding_attention" else None for kind in config.layer_types)
    return (None,) * int(config.num_hidden_layers)


def _granite(config: PreTrainedConfig, name: str) -> float:
    """A factor of Granite models; other modules ignore it even if their configuration has it."""
    return float(getattr(config, name)) if config.model_type == "granite" else 1.0
