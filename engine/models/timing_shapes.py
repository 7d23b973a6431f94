"""Sizes of the models in timing pairs: those of published models, without their weights.

* imports neither Qt nor torch. A SPEC is `timing:NAME`, as a drafter also `timing:NAME@ALPHA`. Context is cut to 32,768
positions, which a step's time does not depend on; a tied head is kept apart from its embedding, of which a step reads
one row only: the same bytes are read, a little more memory is held. `timing:builtin-xN` is the built-in target with N
times as many layers, whose text is the built-in target's: see `deepened`."""

import re
from typing import NamedTuple

from engine.errors import InputError

_PREFIX = "timing:"
_DEEPENED = re.compile(r"timing:builtin-x([0-9]{1,4})")
_MOST_TIMES = 64
_CONTEXT = 32_768
_DEFAULT_ALPHA = 0.8
_EMBEDDING_AND_HEAD = 2
_CUT = frozenset({"llama-70b"})


class Family(NamedTuple):
    """What pairs of one vocabulary share. n_words: number of ids the text is made of; larger ids are padding."""

    name: str
    model_type: str
    n_words: int
    epsilon: float
    rope: dict[str, object]


class TimingShape(NamedTuple):
    """The sizes of a model."""

    family: Family
    hidden: int
    n_layers: int
    n_heads: int
    n_kv_heads: int
    intermediate: int
    n_vocabulary: int


_LLAMA_ROPE: dict[str, object] = {
    "rope_type": "llama3", "rope_theta": 500_000.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
    "original_max_position_embeddings": 8192, "factor": 8.0,
}  # fmt: skip
_QWEN = Family("qwen2.5", "qwen2", 151_665, 1e-6, {"rope_type": "default", "rope_theta": 1_000_000.0})
_LLAMA = Family("llama-3", "llama", 128_256, 1e-5, _LLAMA_ROPE)
_TINY = Family("tiny", "qwen2", 2_000, 1e-6, {"rope_type": "default", "rope_theta": 10_000.0})
SHAPES = {
    "qwen2.5-32b": TimingShape(_QWEN, 5120, 64, 40, 8, 27648, 152_064),
    "qwen2.5-7b": TimingShape(_QWEN, 3584, 28, 28, 4, 18944, 152_064),
    "qwen2.5-1.5b": TimingShape(_QWEN, 1536, 28, 12, 2, 8960, 151_936),
    "qwen2.5-0.5b": TimingShape(_QWEN, 896, 24, 14, 2, 4864, 151_936),
    "llama-70b": TimingShape(_LLAMA, 8192, 80, 64, 8, 28672, 128_256),
    "llama-3.1-8b": TimingShape(_LLAMA, 4096, 32, 32, 8, 14336, 128_256),
    "llama-3.2-1b": TimingShape(_LLAMA, 2048, 16, 32, 8, 8192, 128_256),
    "tiny": TimingShape(_TINY, 128, 4, 4, 2, 384, 2_048),
    "tiny-draft": TimingShape(_TINY, 64, 1, 4, 2, 192, 2_016),
}  # fmt: skip


class Timing(NamedTuple):
    """A model to create. agreement: share of its transitions that are those of the shared table."""

    name: str
    shape: TimingShape
    agreement: float

    def note(self) -> str:
        """The note that is attached to everything generated with it."""
        n_layers = SHAPES[self.name].n_layers
        cut = "" if self.shape.n_layers == n_layers else f", {self.shape.n_layers} of {n_layers} layers"
        return f"timing pair: random weights in the shape of {self.name}{cut}; the text means nothing"


def times_as_deep(spec: str) -> int:
    """How many times as many layers as the built-in target a SPEC names; 1 for all other models.

    Raises InputError for a number that cannot be."""
    match = _DEEPENED.fullmatch(spec)
    if match is None:
        return 1
    if not 2 <= int(match[1]) <= _MOST_TIMES:
        raise InputError(f"{spec}: from 2 to {_MOST_TIMES} times as many layers", f"use {_PREFIX}builtin-x8")
    return int(match[1])


def deepened_note(times: int) -> str:
    """The note that is attached to everything generated with a deepened target."""
    return (
        f"timing pair: the built-in target with {times} times as many layers, of which only its own change anything; "
        "the text is the built-in target's, the times are not"
    )


def is_timing(spec: str) -> bool:
    """Whether a SPEC names a model of random weights."""
    return spec.startswith(_PREFIX)


def parse(spec: str, *, drafter: bool) -> Timing:
    """The model a SPEC names. Raises InputError: an unknown model, a bad alpha, or an alpha for a target."""
    name, separator, alpha = spec.removeprefix(_PREFIX).partition("@")
    if name not in SHAPES:
        raise InputError(
            f"there is no timing pair {spec!r}", f"use timing: and one of {', '.join((*SHAPES, 'builtin-x8'))}"
        )
    if separator and not drafter:
        raise InputError(f"{spec}: alpha is the drafter's to choose", f"use {_PREFIX}{name}")
    agreement = (_alpha(spec, alpha) if separator else _DEFAULT_ALPHA) if drafter else 1.0
    return Timing(name, SHAPES[name], agreement)


def _alpha(spec: str, text: str) -> float:
    try:
        alpha = float(text)
    except ValueError:
        alpha = -1.0
    if not 0.0 <= alpha <= 1.0:
        raise InputError(f"{spec}: alpha is no number from 0 to 1", "write for instance timing:qwen2.5-0.5b@0.8")
    return alpha


def configuration(shape: TimingShape) -> dict[str, object]:
    """What a checkpoint of this shape would have in its config.json."""
    return {
        "model_type": shape.family.model_type,
        "hidden_size": shape.hidden,
        "num_hidden_layers": shape.n_layers,
        "num_attention_heads": shape.n_heads,
        "num_key_value_heads": shape.n_kv_heads,
        "intermediate_size": shape.intermediate,
        "vocab_size": shape.n_vocabulary,
        "max_position_embeddings": _CONTEXT,
        "rms_norm_eps": shape.family.epsilon,
        "rope_parameters": dict(shape.family.rope),
        "tie_word_embeddings": False,
        "bos_token_id": None,
        "eos_token_id": None,
        "pad_token_id": None,
    }


def n_parameters(shape: TimingShape) -> int:
    """Number of weights of a model of this shape."""
    return _EMBEDDING_AND_HEAD * shape.n_vocabulary * shape.hidden + shape.hidden + shape.n_layers * layer_size(shape)


def layer_size(shape: TimingShape) -> int:
    """Number of weights of one layer: attention, Qwen's biases, feed-forward, two norms."""
    d, n_kv = shape.hidden, shape.n_kv_heads * shape.hidden // shape.n_heads
    biases = d + 2 * n_kv if shape.family.model_type == "qwen2" else 0
    return 2 * d * d + 2 * d * n_kv + biases + 3 * d * shape.intermediate + 2 * d


def may_be_cut(timing: Timing) -> bool:
    """Whether it is meant to fill a device, with as many of its layers as fit."""
    return timing.name in _CUT


def cut_to(timing: Timing, n_parameters_at_most: int) -> Timing:
    """The same model with as many of its layers as fit. Raises InputError if not even one does."""
    shape = timing.shape
    spare = n_parameters_at_most - (n_parameters(shape) - shape.n_layers * layer_size(shape))
    n_layers = min(shape.n_layers, spare // layer_size(shape))
    if n_layers < 1:
        reason = f"not one layer of {_PREFIX}{timing.name} fits what memory is free"
        raise InputError(reason, "use a smaller timing pair, or free memory")
    return timing._replace(shape=shape._replace(n_layers=n_layers))
