"""What computing takes of a device's memory beside weights and caches; judges by configuration alone."""

import torch
from transformers import PreTrainedConfig

from engine.decoding.cached_model import PREFILL_CHUNK

# How many rows of the fed-forward and of the hidden size a layer holds at once for each id of a chunk; how many rows of
# the vocabulary in float32 a round holds for each position while it samples with top-p: tests/engine count them.
_FED_FORWARD_ROWS, _HIDDEN_ROWS, _VOCABULARY_ROWS = 3, 4, 9
_N_POSITIONS = 9
_FLOAT32 = 4


def work_bytes(config: PreTrainedConfig, dtype: torch.dtype, device: torch.device) -> int:
    """The most that a chunk of a prompt, or a round of eight drafted tokens, takes while it is computed.

    On CUDA rounds are captured, and the memory of a graph is never lent to other work: both count."""
    chunk, one_round = _chunk_bytes(config, dtype), _round_bytes(config)
    return chunk + one_round if device.type == "cuda" else max(chunk, one_round)


def _chunk_bytes(config: PreTrainedConfig, dtype: torch.dtype) -> int:
    text = config.get_text_config()
    hidden = int(text.hidden_size)
    # GPT-2 and its like leave out the width of their fed-forward where it is four times the hidden size.
    fed = int(getattr(text, "intermediate_size", None) or getattr(text, "n_inner", None) or 4 * hidden)
    return PREFILL_CHUNK * dtype.itemsize * (_FED_FORWARD_ROWS * fed + _HIDDEN_ROWS * hidden)


def _round_bytes(config: PreTrainedConfig) -> int:
    return _VOCABULARY_ROWS * _N_POSITIONS * _FLOAT32 * int(config.get_text_config().vocab_size)
