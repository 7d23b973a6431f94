"""Refuses sizes in a configuration that its weights cannot have, before any work grows with them.

* imports neither Qt nor torch."""

import re
from collections.abc import Iterator, Mapping

from engine.errors import ModelError
from engine.models.safetensors_header import TensorCounts

_AGAIN = "download the checkpoint again"
_LAYERS = re.compile(r"^(?:num|n)_(?:\w+_)?layers?$|^n_layers?$|^num_layers$")
_EXPERTS = re.compile(r"^(?:num|n)_(?:\w+_)?experts$")
# Each of these is the length of a weight, or divides one.
_WIDTHS = re.compile(
    r"^(?:hidden_size|n_embd|d_model|(?:\w+_)?intermediate_size|ffn_dim|n_inner|d_ff|vocab_size|head_dim|"
    r"(?:num|n)_(?:\w+_)?heads?|n_head|word_embed_proj_dim)$"
)
# The deepest models have below two hundred layers; a layer has at least one tensor.
_MOST_LAYERS = 1000
_MOST_LAYER_EXPERTS = 200_000
# Packed weights hold several numbers in each that is counted.
_PACKED = 8
_LARGEST = 2**53
# Tables of names are made for each.
_MOST_LABELS = 100_000
_MOST_STOP_TOKENS = 1024
_LARGEST_ID = 2**31
_TOKENS = ("eos_token_id", "bos_token_id", "pad_token_id")


def refuse_absurd(spec: str, config: Mapping[str, object], counts: TensorCounts) -> None:
    """Raises ModelError for sizes in config.json that weights of so many tensors and parameters cannot have."""
    n_layers = n_experts = 1
    for name, value in _numbers(config):
        if isinstance(value, int) and abs(value) > _LARGEST:
            raise _impossible(spec, name, value, "no model has that")
        if _LAYERS.match(name):
            _refuse_layers(spec, name, value, counts)
            n_layers = max(n_layers, int(value))
        elif _EXPERTS.match(name):
            if not 0 <= value <= _MOST_LAYER_EXPERTS:  # as NaN is not
                raise _impossible(spec, name, value, "no model has that")
            n_experts = max(n_experts, int(value))
        elif _WIDTHS.match(name) and value > _PACKED * max(1, counts.n_parameters):
            raise _impossible(spec, name, value, f"the weights have {counts.n_parameters:,} numbers")
        elif name == "num_labels" and value > _MOST_LABELS:
            raise _impossible(spec, name, value, "no model has that")
    if n_layers * n_experts > _MOST_LAYER_EXPERTS:
        raise ModelError(f"{spec}: config.json says {n_layers:,} layers of {n_experts:,} experts", _AGAIN)


def _refuse_layers(spec: str, name: str, value: float, counts: TensorCounts) -> None:
    if not 0 <= value <= _MOST_LAYERS:  # as NaN is not
        raise _impossible(spec, name, value, f"at most {_MOST_LAYERS:,} can be loaded")
    if value > max(1, counts.n_tensors):
        raise _impossible(spec, name, value, f"the weights have {counts.n_tensors:,} tensors")


def _impossible(spec: str, name: str, value: float, why: str) -> ModelError:
    shown = f"{value:,}" if abs(value) <= _LARGEST else "a number of many digits"
    return ModelError(f"{spec}: config.json says {name} = {shown}; {why}", _AGAIN)


def _numbers(config: Mapping[str, object]) -> Iterator[tuple[str, float]]:
    """Each number of a configuration and of those inside it, with its name; lists of numbers are none of these."""
    for name, value in config.items():
        if isinstance(value, Mapping):
            yield from _numbers(value)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield name, value


def refuse_odd_tokens(where: str, config: Mapping[str, object]) -> None:
    """Raises ModelError for special tokens that are no ids; where: the file. Only the end of text may be several."""
    for name in _TOKENS:
        value = config.get(name)
        several = value if isinstance(value, list) and name == "eos_token_id" else [value]
        if value is not None and not all(_is_id(token) for token in several):
            raise ModelError(f"{where} says {name} = {repr(value)[:80]}, which is no token id", _AGAIN)
        if len(several) > _MOST_STOP_TOKENS:
            raise ModelError(f"{where} says {len(several):,} tokens that end a text", _AGAIN)


def _is_id(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < _LARGEST_ID
