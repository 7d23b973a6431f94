"""Computes the device memory that work takes besides weights and caches, from the configuration alone."""

import torch
from transformers import PreTrainedConfig

from engine.decoding.cached_model import PREFILL_CHUNK

# Rows of the feed-forward and of the hidden size that a layer holds at once for each id of a chunk; float32 rows of the
# vocabulary that a round holds for each position while it samples with top-p: tests/engine count them.
_FEED_FORWARD_ROWS, _HIDDEN_ROWS, _VOCABULARY_ROWS = 3, 4, 9
_N_POSITIONS = 9
_FLOAT32 = 4


def work_bytes(config: PreTrainedConfig, dtype: torch.dtype, device: torch.device) -> int:
    """The most memory that a chunk of a prompt, or a round of eight drafted tokens, takes while it is computed.

    On CUDA rounds are captured, and the memory of a graph is never used for other work: both count."""
    chunk_bytes, round_bytes = _chunk_bytes(config, dtype), _round_bytes(config)
    return chunk_bytes + round_bytes if device.type == "cuda" else max(chunk_bytes, round_bytes)


def _chunk_bytes(config: PreTrainedConfig, dtype: torch.dtype) -> int:
    text_config = config.get_text_config()
    hidden = int(text_config.hidden_size)
    # GPT-2 and its like omit the width of their feed-forward if it is four times the hidden size.
    feed_forward = int(
        getattr(text_config, "intermediate_size", None) or getattr(text_config, "n_inner", None) or 4 * hidden
    )
    return PREFILL_CHUNK * dtype.itemsize * (_FEED_FORWARD_ROWS * feed_forward + _HIDDEN_ROWS * hidden)


def _round_bytes(config: PreTrainedConfig) -> int:
    return _VOCABULARY_ROWS * _N_POSITIONS * _FLOAT32 * int(config.get_text_config().vocab_size)
