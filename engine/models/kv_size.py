"""Computes how long a sequence through a model can get and how large its cache is, from the configuration alone."""

import torch
from transformers import PreTrainedConfig

from engine.decoding import cached_model
from engine.errors import ModelError
from engine.fast import families, kv_cache
from engine.models.pair_names import RuntimeChoice

_DEFAULT_CONTEXT = 2048
# Their modules declare no window, so that the cache keeps every position even if the configuration has one.
_WITHOUT_WINDOW = ("llama", "mistral", "granite")


def kv_bytes(config: PreTrainedConfig, dtype: torch.dtype, runtime: RuntimeChoice, *, context: int) -> int:
    """Size of a cache of `context` ids: keys and values of every layer, and what else the runtime keeps per id.

    The fused forward keeps every position; the modules keep at most a layer's window."""
    text_config = config.get_text_config()
    if not getattr(text_config, "num_attention_heads", None):
        raise ModelError(
            f"a {config.model_type} model has no attention heads", "use a model with attention in every layer"
        )
    n_heads = getattr(text_config, "num_key_value_heads", None) or text_config.num_attention_heads
    head = getattr(text_config, "head_dim", None) or text_config.hidden_size // text_config.num_attention_heads
    if runtime != "modules" and not families.why_not(config):
        n_layers = text_config.num_hidden_layers
        n_ropes = len(families.rope_settings(config))
        n_bytes = kv_cache.n_bytes(
            n_layers, n_heads, head, n_ropes=n_ropes, n_positions=context, itemsize=dtype.itemsize
        )
        return int(n_bytes)
    windows = (
        (None,) * text_config.num_hidden_layers
        if config.model_type in _WITHOUT_WINDOW
        else cached_model.windows_of(config)
    )
    n_kept = sum(context if window is None else min(context, max(0, window - 1)) for window in windows)
    return int(2 * n_heads * head * n_kept * dtype.itemsize)


def context_of(config: PreTrainedConfig) -> int:
    """The most ids that a model is given.

    Past the original length longrope uses another table, also for positions read before: the cache would then depend on
    how many ids were verified at once. So the context ends there."""
    rope = getattr(config, "rope_parameters", None)
    kinds = [part for part in (rope, *rope.values()) if isinstance(part, dict)] if isinstance(rope, dict) else []
    reaches = [part.get("original_max_position_embeddings") for part in kinds if part.get("rope_type") == "longrope"]
    limits = [getattr(config, "max_position_embeddings", None), *reaches]
    return int(min(filter(None, limits), default=_DEFAULT_CONTEXT))
