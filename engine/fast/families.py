"""Decides which models the fused forward computes exactly, and reads their shape."""

import dataclasses
import re
from typing import NamedTuple

from torch import Tensor, nn
from transformers import PreTrainedConfig, PreTrainedModel

_FAMILIES = ("llama", "mistral", "qwen2", "qwen3", "granite")
_WINDOWED_BY_TYPE = ("qwen2", "qwen3")
_FIXED_ROPES = ("default", "linear", "llama3", "yarn")
_LAYER_TYPES = {"full_attention", "sliding_attention"}
# Settings that these families' configurations declare: read below, or irrelevant to a forward. Any other, of a later
# transformers, may change the arithmetic.
_KNOWN = {
    "attention_bias", "attention_dropout", "attention_multiplier", "bos_token_id", "embedding_multiplier",
    "eos_token_id", "head_dim", "hidden_act", "hidden_size", "initializer_range", "intermediate_size", "layer_types",
    "logits_scaling", "max_position_embeddings", "max_window_layers", "mlp_bias", "num_attention_heads",
    "num_hidden_layers", "num_key_value_heads", "pad_token_id", "pretraining_tp", "residual_multiplier",
    "rms_norm_eps", "rope_parameters", "sliding_window", "tie_word_embeddings", "use_cache", "use_sliding_window",
    "vocab_size",
}  # fmt: skip
_WEIGHT = re.compile(
    r"lm_head\.weight|model\.(embed_tokens|norm)\.weight|model\.layers\.\d+\.("
    r"self_attn\.([qkvo]_proj\.(weight|bias)|[qk]_norm\.weight)|mlp\.(gate|up|down)_proj\.(weight|bias)|"
    r"(input|post_attention)_layernorm\.weight)"
)


class ModelShape(NamedTuple):
    """The numbers of a model besides its weights.

    windows: one entry per layer, how many positions its attention covers, its own included; None means all.
    attention_scale: factor of query times key. The three factors at the end are 1 outside Granite."""

    n_heads: int
    n_kv_heads: int
    head_size: int
    windows: tuple[int | None, ...]
    attention_scale: float
    inverse_frequencies: Tensor
    rope_scale: float
    embedding_factor: float
    residual_factor: float
    logits_divisor: float


def why_not(config: PreTrainedConfig) -> str:
    """Why a model of this configuration runs on transformers' modules; empty where the fused forward is exact."""
    if config.model_type not in _FAMILIES:
        return f"{config.model_type} models have no fused forward"
    if getattr(config, "quantization_config", None) is not None:
        return "its weights are quantised"
    if config.hidden_act != "silu":
        return f"its activation is {config.hidden_act}"
    if not set(getattr(config, "layer_types", None) or ()) <= _LAYER_TYPES:
        return "it mixes kinds of layers"
    if any(window is not None and window < 1 for window in _windows(config)):
        return "its window holds no position"
    return _why_not_setting(config) or _why_not_rope(config)


def _why_not_setting(config: PreTrainedConfig) -> str:
    """Name a setting that is neither in _KNOWN nor at its default; empty where there is none."""
    if not dataclasses.is_dataclass(config):
        return ""
    base = {field.name for field in dataclasses.fields(PreTrainedConfig)}
    for field in dataclasses.fields(config):
        if field.name not in _KNOWN | base and getattr(config, field.name, field.default) != field.default:
            return f"its setting {field.name} is not known to the fused forward"
    return ""


def _why_not_rope(config: PreTrainedConfig) -> str:
    rope = config.rope_parameters
    kind = rope.get("rope_type") if isinstance(rope, dict) else None
    if kind is None:
        return "its layers turn by different tables"
    if kind not in _FIXED_ROPES:
        return f"its rope scaling ({kind}) changes with the length"
    if rope.get("partial_rotary_factor", 1.0) != 1.0:
        return "only part of each head is turned"
    return ""


def why_not_model(model: PreTrainedModel) -> str:
    """Why a loaded model cannot be fused as it is, whatever its configuration says; empty where it can."""
    if len({parameter.device for parameter in model.parameters()}) > 1 or model.get_input_embeddings().weight.is_meta:
        return "it is spread over several devices"
    if len({parameter.dtype for parameter in model.parameters()}) > 1:
        return "its weights are of several types"
    unexpected = next((name for name, _ in model.named_parameters() if not _WEIGHT.fullmatch(name)), None)
    if unexpected is not None:
        return f"it has a weight that its family has not ({unexpected})"
    projections = (module for name, module in model.named_modules() if name.endswith(("_proj", "lm_head")))
    kind = next((type(module).__name__ for module in projections if type(module) is not nn.Linear), "")
    return f"its matrices are of the kind {kind}" if kind else ""


def shape_of(model: PreTrainedModel) -> ModelShape:
    """The shape of a model for which `why_not` is empty."""
    config, rotary = model.config, model.model.rotary_emb
    attention = model.model.layers[0].self_attn
    return ModelShape(
        n_heads=int(config.num_attention_heads),
        n_kv_heads=int(config.num_key_value_heads),
        head_size=int(attention.head_dim),
        windows=_windows(config),
        attention_scale=float(attention.scaling),
        inverse_frequencies=rotary.inv_freq,
        rope_scale=float(rotary.attention_scaling),
        embedding_factor=_granite(config, "embedding_multiplier"),
        residual_factor=_granite(config, "residual_multiplier"),
        logits_divisor=_granite(config, "logits_scaling"),
    )


def _windows(config: PreTrainedConfig) -> tuple[int | None, ...]:
    """How many positions each layer of these families attends to; None means all.

    Mistral's window applies to every layer, Qwen's to layers of the sliding type; other modules ignore a window."""
    window = getattr(config, "sliding_window", None)
    if config.model_type == "mistral":
        return (window,) * int(config.num_hidden_layers)
    if config.model_type in _WINDOWED_BY_TYPE:
        return tuple(window if kind == "sliding_attention" else None for kind in config.layer_types)
    return (None,) * int(config.num_hidden_layers)


def _granite(config: PreTrainedConfig, name: str) -> float:
    """A factor of Granite models; other modules ignore it even if their configuration has it."""
    return float(getattr(config, name)) if config.model_type == "granite" else 1.0
