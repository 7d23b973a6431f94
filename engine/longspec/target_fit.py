"""Decides which targets a LongSpec block can draft for, and which block fits which target.

Source of the needs: its cross-attention reads every key of the target's last layer, turned as its own queries are."""

import sys

import torch
from torch import Tensor
from transformers import PreTrainedConfig, PreTrainedModel

from engine.decoding.cached_model import windows_of
from engine.fast import families
from engine.fast.families import Rope
from engine.longspec.shape import WINDOW, LongspecShape
from engine.models.kv_size import context_of

# Their modules ignore a window that their configuration may name.
_WITHOUT_WINDOW = ("llama", "granite")
_FULL = "full_attention"


def why_not(config: PreTrainedConfig) -> str:
    """Why a target of this configuration can have no LongSpec drafter; empty where it can."""
    if config.get_text_config() is not config:
        return "its language model is part of a larger one"
    if getattr(config, "kv_lora_rank", None):
        return "it keeps compressed keys and values"
    window = last_window(config)
    if window is not None and window < context_of(config):
        return f"its last layer attends to the last {window} tokens only, and a LongSpec drafter reads all of them"
    if not all((getattr(config, "no_rope_layers", None) or [1])[-1:]):
        return "its last layer does not turn its keys by their positions"
    rope = last_rope(config)
    return "it has no rotary positions" if rope is None else families.why_not_rope(rope)


def last_window(config: PreTrainedConfig) -> int | None:
    """How many positions the last layer attends to; None means all."""
    if config.model_type in _WITHOUT_WINDOW:
        return None
    if config.model_type == "mistral":
        return families.windows(config)[-1]
    return windows_of(config)[-1]


def last_rope(config: PreTrainedConfig) -> object:
    """The settings of the rope by which the last layer turns; None where it has none."""
    rope = getattr(config, "rope_parameters", None)
    return rope.get(_FULL, rope) if isinstance(rope, dict) else None


def why_not_model(model: PreTrainedModel) -> str:
    """Why a loaded target of a fitting configuration can have no LongSpec drafter; empty where it can."""
    frequencies = _frequencies(model)
    if frequencies is None or 2 * len(frequencies) != shape_of(model.config).head_size:
        return "its modules do not tell how they turn keys"
    rotate_half = getattr(sys.modules[type(model).__module__], "rotate_half", None)
    if rotate_half is None or rotate_half(torch.arange(4.0)).tolist() != [-2.0, -3.0, 0.0, 1.0]:
        return "it turns neighbouring numbers of its keys, not their halves"
    return ""


def rope_of(model: PreTrainedModel) -> Rope:
    """The rope of the last layer of a target for which `why_not_model` is empty."""
    frequencies, rotary = _frequencies(model), model.base_model.rotary_emb
    assert frequencies is not None
    scale = getattr(rotary, f"{_FULL}_attention_scaling", None)
    return Rope(frequencies, float(rotary.attention_scaling if scale is None else scale))


def _frequencies(model: PreTrainedModel) -> Tensor | None:
    rotary = getattr(model.base_model, "rotary_emb", None)
    own = getattr(rotary, f"{_FULL}_inv_freq", None)
    frequencies = getattr(rotary, "inv_freq", None) if own is None else own
    return frequencies if isinstance(frequencies, Tensor) else None


def shape_of(config: PreTrainedConfig, *, window: int = WINDOW) -> LongspecShape:
    """The block for a target: its sizes, those of its feed-forward included."""
    n_heads, hidden = int(config.num_attention_heads), int(config.hidden_size)
    return LongspecShape(
        hidden=hidden,
        n_heads=n_heads,
        n_kv_heads=int(getattr(config, "num_key_value_heads", None) or n_heads),
        head_size=int(getattr(config, "head_dim", None) or hidden // n_heads),
        feed_forward=int(getattr(config, "intermediate_size", None) or 4 * hidden),
        epsilon=float(getattr(config, "rms_norm_eps", None) or 1e-6),
        window=window,
    )


def new_shape(config: PreTrainedConfig, *, window: int = WINDOW) -> LongspecShape:
    """The block that is trained for a target: with a norm before the head."""
    return shape_of(config, window=window)._replace(final_norm=True)


def why_other(shape: LongspecShape, config: PreTrainedConfig) -> str:
    """What a block has otherwise than a target of this configuration needs; empty where it fits."""
    needed = shape_of(config)
    for words, has, needs in (
        ("hidden size", shape.hidden, needed.hidden),
        ("attention heads", shape.n_heads, needed.n_heads),
        ("key heads", shape.n_kv_heads, needed.n_kv_heads),
        ("head size", shape.head_size, needed.head_size),
    ):
        if has != needs:
            return f"{words} {has}, where the target has {needs}"
    return ""
