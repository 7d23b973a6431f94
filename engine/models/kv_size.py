"""How long a sequence through a model may get, and what its cache then takes; judges by configuration alone."""

from typing import Literal, TypeAlias

import torch
from transformers import PreTrainedConfig

from engine.decoding import cached_model
from engine.errors import ModelError
from engine.fast import families, kv_cache

RuntimeChoice: TypeAlias = Literal["auto", "fused", "fused-eager", "modules"]
_DEFAULT_CONTEXT = 2048
# Their modules name no window of their own, so that the cache keeps what a configuration's window leaves out.
_KEEPING = ("llama", "mistral", "granite")


def kv_bytes(config: PreTrainedConfig, dtype: torch.dtype, runtime: RuntimeChoice, *, context: int) -> int:
    """Size of a cache of `context` ids: keys and values of every layer, and what else the runtime keeps an id.

    The fused forward keeps every position; the modules keep no more than a layer's window."""
    text = config.get_text_config()
    if not getattr(text, "num_attention_heads", None):
        raise ModelError(
            f"a {config.model_type} model has no attention heads", "use a model with attention in every layer"
        )
    n_heads = getattr(text, "num_key_value_heads", None) or text.num_attention_heads
    head = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
    if runtime != "modules" and not families.why_not(config):
        n_layers = text.num_hidden_layers
        return int(kv_cache.n_bytes(n_layers, n_heads, head, n_positions=context, itemsize=dtype.itemsize))
    windows = (None,) * text.num_hidden_layers if config.model_type in _KEEPING else cached_model.windows_of(config)
    n_kept = sum(context if window is None else min(context, max(0, window - 1)) for window in windows)
    return int(2 * n_heads * head * n_kept * dtype.itemsize)


def context_of(config: PreTrainedConfig) -> int:
    """How many ids a model is given at most.

    Past the original length longrope turns by another table, also what is looked at again: what the cache holds would
    depend on how many ids were verified at once. It ends there."""
    rope = getattr(config, "rope_parameters", None)
    kinds = [part for part in (rope, *rope.values()) if isinstance(part, dict)] if isinstance(rope, dict) else []
    reaches = [part.get("original_max_position_embeddings") for part in kinds if part.get("rope_type") == "longrope"]
    found = [getattr(config, "max_position_embeddings", None), *reaches]
    return int(min(filter(None, found), default=_DEFAULT_CONTEXT))
