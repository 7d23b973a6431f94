"""Chooses the shape of a drafter for a target: shallow, since drafting time grows with the number of layers."""

from typing import NamedTuple

from transformers import LlamaConfig, PreTrainedConfig

from engine.errors import InputError
from engine.training.drafter_config import DrafterConfig

_SHALLOW_UP_TO = 8
_WIDTH_SHARE, _NARROWEST, _WIDEST, _WIDTH_STEP = 0.375, 64, 1024, 32
_HEAD, _WIDE_HEAD, _WIDE_FROM = 32, 64, 512
_BASE_RATE, _BASE_WIDTH, _TRAINED_RATE, _LEAST_RATE = 4e-3, 96, 2e-3, 3e-4
_DEFAULT_BASE, _DEFAULT_CONTEXT = 10_000.0, 2048


class DrafterSize(NamedTuple):
    """How large a drafter is. n_trained: the weights that training changes; n_multiplied: those that a token is
    multiplied with."""

    layers: int
    width: int
    n_vocabulary: int
    n_parameters: int
    n_trained: int
    n_multiplied: int


class DrafterShape(NamedTuple):
    """The sizes of a new drafter; its vocabulary is the target's, and embedding and head share one table."""

    layers: int
    width: int
    mlp: int
    heads: int
    n_vocabulary: int

    @property
    def n_parameters(self) -> int:
        """Number of weights, the shared table counted once."""
        per_layer = 4 * self.width**2 + 3 * self.width * self.mlp + 2 * self.width
        return self.n_vocabulary * self.width + self.layers * per_layer + self.width

    @property
    def size(self) -> DrafterSize:
        """How large it is; every weight is trained, and the shared table counts as head: a look-up is no product."""
        n = self.n_parameters
        return DrafterSize(self.layers, self.width, self.n_vocabulary, n, n, n)


def derive(config: PreTrainedConfig, settings: DrafterConfig, *, n_vocabulary: int) -> DrafterShape:
    """The configured shape; open sizes follow from the target: one layer for targets of up to eight layers, else two,
    and about three eighths of its width, which at these sizes costs hardly any time.

    Raises InputError for a width that is not a multiple of 32 or does not fit the target's embeddings."""
    text = config.get_text_config()
    layers = settings.layers or (1 if text.num_hidden_layers <= _SHALLOW_UP_TO else 2)
    width = settings.width or (text.hidden_size if settings.embed else _fitting_width(text.hidden_size))
    if width % _WIDTH_STEP:
        raise InputError(f"width = {width}: must be a multiple of {_WIDTH_STEP}", "use 0 to fit it to the target")
    if settings.embed and width != text.hidden_size:
        reason = f"width = {width}: the target's embeddings have {text.hidden_size} numbers a token"
        raise InputError(reason, "leave the width open, or begin with random weights")
    head = _WIDE_HEAD if width >= _WIDE_FROM and width % _WIDE_HEAD == 0 else _HEAD
    return DrafterShape(layers, width, _rounded(8 * width / 3), width // head, n_vocabulary)


def peak_rate(settings: DrafterConfig, width: int, *, share_of_rows: float, is_new: bool = True) -> float:
    """The learning rate: as configured, or proportional to the square root of the rows per step over the width.

    share_of_rows: rows per step over the number of rows that keeps the device busy. is_new: the first weights are
    random; weights that were trained before bear a lower rate."""
    base = _BASE_RATE if is_new else _TRAINED_RATE
    fitting = base * (share_of_rows * _BASE_WIDTH / width) ** 0.5 if is_new else base * share_of_rows**0.5
    return settings.rate or max(_LEAST_RATE, min(base, fitting))


def llama_config(shape: DrafterShape, target: PreTrainedConfig) -> LlamaConfig:
    """The drafter's configuration: rotary base, context and special tokens of the target."""
    text = target.get_text_config()
    return LlamaConfig(
        vocab_size=shape.n_vocabulary,
        hidden_size=shape.width,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.heads,
        intermediate_size=shape.mlp,
        max_position_embeddings=int(getattr(text, "max_position_embeddings", None) or _DEFAULT_CONTEXT),
        tie_word_embeddings=True,
        rope_parameters={"rope_type": "default", "rope_theta": _rotary_base(text)},
        bos_token_id=text.bos_token_id,
        eos_token_id=text.eos_token_id,
        pad_token_id=None,
    )


def _fitting_width(target_width: int) -> int:
    return max(_NARROWEST, min(_WIDEST, _rounded(_WIDTH_SHARE * target_width)))


def _rounded(size: float) -> int:
    return max(_WIDTH_STEP, _WIDTH_STEP * round(size / _WIDTH_STEP))


def _rotary_base(text: PreTrainedConfig) -> float:
    """The rotary base; where kinds of layers differ, that of the layers with full attention."""
    parameters = getattr(text, "rope_parameters", None) or {}
    kinds = [parameters, *(kind for kind in parameters.values() if isinstance(kind, dict))]
    bases = [kind["rope_theta"] for kind in kinds if isinstance(kind.get("rope_theta"), int | float)]
    return float(max(bases, default=getattr(text, "rope_theta", None) or _DEFAULT_BASE))
