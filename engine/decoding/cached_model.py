"""A model with its key-value cache: forward over new ids, roll back rejected ones.

The one place that knows the transformers cache. Exact whatever window a configuration names and the modules keep."""

from collections.abc import Sequence
from functools import partial
from typing import Protocol, Self, cast

import torch
from torch import Tensor
from torch.nn import Module, ModuleList
from transformers import DynamicCache, PreTrainedConfig, PreTrainedModel
from transformers.cache_utils import DynamicLayer, DynamicSlidingWindowLayer

from engine.decoding.drafting import LastKv

PREFILL_CHUNK = 512
_FIRST_CAPACITY = 256


class _GrowingLayer(DynamicLayer):  # type: ignore[misc]
    """A layer that keeps every position and writes into spare room instead of copying everything at every step.

    `keys` and `values` are views [B, H, n, D] of buffers that double when full; a rollback only shortens the views."""

    keys: Tensor
    values: Tensor
    _key_buffer: Tensor
    _value_buffer: Tensor

    def __init__(self, context: int | None) -> None:
        super().__init__()
        self._context = context

    def update(
        self, key_states: Tensor, value_states: Tensor, *args: object, **kwargs: object
    ) -> tuple[Tensor, Tensor]:
        """Append the new states; returns all of them."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        held = self.get_seq_length()
        n = held + key_states.shape[-2]
        if not held or n > self._key_buffer.shape[-2]:
            self._key_buffer = self._grown(self.keys, key_states, n)
            self._value_buffer = self._grown(self.values, value_states, n)
        self._key_buffer[..., held:n, :] = key_states
        self._value_buffer[..., held:n, :] = value_states
        self.keys, self.values = self._key_buffer[..., :n, :], self._value_buffer[..., :n, :]
        return self.keys, self.values

    def _grown(self, old: Tensor, new: Tensor, n: int) -> Tensor:
        """A buffer with room for twice n positions, up to the context where that is long enough; holds the old ones."""
        wanted = max(_FIRST_CAPACITY, 2 * n)
        capacity = wanted if self._context is None else max(n, min(wanted, self._context))
        buffer = new.new_empty((*new.shape[:-2], capacity, new.shape[-1]))
        if old.numel():
            buffer[..., : old.shape[-2], :] = old
        return buffer


def cache_for(model: PreTrainedModel, *, context: int | None = None) -> DynamicCache:
    """An empty cache that forgets only what the modules of a layer say they never look back on.

    context: as many positions as it will hold at most; None where that is not known.
    A configuration may name a window that its modules ignore, or window other layers than they do. A layer that keeps
    too much is exact, since the modules mask what their windows leave out."""
    cache = DynamicCache(config=model.config)
    # Sliding-window layers only allow a rollback past the window if they keep what slid out since the last crop.
    cache.activate_past_recording()
    windowed = _windowed_layers(model)
    for index, layer in enumerate(cache.layers):
        ignored = type(layer) is DynamicSlidingWindowLayer and index not in windowed
        if ignored or type(layer) is DynamicLayer:
            cache.layers[index] = _GrowingLayer(context)
    return cache


def windows_of(config: PreTrainedConfig) -> tuple[int | None, ...]:
    """On how many positions each layer looks back, as far as the configuration tells; None is all of them."""
    return tuple(
        layer.sliding_window if type(layer) is DynamicSlidingWindowLayer else None
        for layer in DynamicCache(config=config).layers
    )


def _windowed_layers(model: PreTrainedModel) -> set[int]:
    """The layers whose attention names a window of its own."""
    modules = (part for part in model.modules() if getattr(part, "sliding_window", None) is not None)
    return {part.layer_idx for part in modules if isinstance(getattr(part, "layer_idx", None), int)}


class SequenceModel(Protocol):
    """One sequence through one model: what the loop needs of a runtime; `length` ids are in the cache.

    hidden: [layers, n, hidden], the output of the layers it was asked to keep, of the latest forward over n ids."""

    device: torch.device
    n_vocabulary: int
    length: int
    hidden: Tensor | None

    def reset(self) -> None:
        """Forget every id."""

    def forward(self, ids: Tensor) -> Tensor:
        """Logits [n, V] after each of the new ids [n], which join the cache."""

    def prefill(self, ids: Tensor) -> None:
        """Put ids [n] into the cache; n <= PREFILL_CHUNK."""

    def rollback(self, n: int) -> None:
        """Take the last n ids out of the cache, of those added since the last rollback or prefill."""

    def last_kv(self) -> LastKv:
        """Keys and values of the last layer."""

    def bytes(self) -> int:
        """Memory the cache holds now."""


def layers_of(model: PreTrainedModel) -> ModuleList | None:
    """The layers of a model in their order; None where its modules do not tell which they are."""
    n_layers = model.config.get_text_config().num_hidden_layers
    lists = [part for part in model.modules() if isinstance(part, ModuleList) and len(part) == n_layers]
    return lists[0] if len(lists) == 1 else None


class _HiddenStates:
    """Keeps the output of some layers while a model runs."""

    def __init__(self, model: PreTrainedModel, numbers: Sequence[int]) -> None:
        self._layers = {number: cast(ModuleList, layers_of(model))[number] for number in numbers}
        self._outputs: dict[int, Tensor] = {}

    def __enter__(self) -> Self:
        self._hooks = [layer.register_forward_hook(partial(self._keep, at)) for at, layer in self._layers.items()]
        return self

    def __exit__(self, *exc: object) -> None:
        for hook in self._hooks:
            hook.remove()

    def stacked(self, device: torch.device) -> Tensor | None:
        """[layers, n, hidden] of the latest forward."""
        outputs = [self._outputs[at].to(device) for at in self._layers]
        return torch.stack(outputs) if outputs else None

    def _keep(self, at: int, layer: Module, given: object, output: Tensor | tuple[Tensor, ...]) -> None:
        self._outputs[at] = (output if isinstance(output, Tensor) else output[0])[0]


class CachedModel:
    """One sequence through one model; `length` ids are in the cache, which is given no more than `context`.

    hidden_layers: layers, in ascending order, whose output of the latest forward over n ids is left in `hidden`,
    [layers, n, hidden]; only of a model that `layers_of` knows the layers of."""

    def __init__(
        self, model: PreTrainedModel, *, context: int | None = None, hidden_layers: Sequence[int] = ()
    ) -> None:
        self.model = model
        self.hidden: Tensor | None = None
        self._context, self._hidden_layers = context, tuple(hidden_layers)
        self.device: torch.device = model.get_input_embeddings().weight.device
        self.n_vocabulary = int(model.get_input_embeddings().weight.shape[0])
        self.reset()

    def reset(self) -> None:
        """Forget every id."""
        self._cache = cache_for(self.model, context=self._context)
        self.length = 0

    def forward(self, ids: Tensor) -> Tensor:
        """Logits after each of the new ids, which join the cache.

        ids: [n] int64 on `device`, n >= 1. Returns [n, V] in the model's dtype."""
        return self._run(ids, n_kept=0)

    def _run(self, ids: Tensor, *, n_kept: int) -> Tensor:
        known = ids.clamp_max(self.n_vocabulary - 1)
        with _HiddenStates(self.model, self._hidden_layers) as states:
            output = self.model(
                input_ids=known.unsqueeze(0), past_key_values=self._cache, use_cache=True, logits_to_keep=n_kept
            )
        self.hidden = states.stacked(self.device)
        self.length += ids.shape[0]
        logits: Tensor = output.logits[0]
        return logits

    def prefill(self, ids: Tensor) -> None:
        """Put ids into the cache without keeping their logits.

        ids: [n] int64 on `device`, n <= `PREFILL_CHUNK`; longer prompts in several calls."""
        self._run(ids, n_kept=1)
        self._cache.crop(0)

    def rollback(self, n: int) -> None:
        """Take the last n ids out of the cache, of those added since the last rollback or prefill."""
        self._cache.crop(-n)
        self.length -= n

    def last_kv(self) -> LastKv:
        """Keys and values of the last layer, which must keep every position."""
        last = self._cache.layers[-1]
        if not self.length:
            return LastKv(torch.empty(0, 1, 1, device=self.device), torch.empty(0, 1, 1, device=self.device), 0)
        assert type(last) is not DynamicSlidingWindowLayer
        return LastKv(last.keys[0].transpose(0, 1), last.values[0].transpose(0, 1), self.length)

    def bytes(self) -> int:
        """Memory the cache holds now, its spare room included."""
        return sum(
            tensor.untyped_storage().nbytes()
            for layer in self._cache.layers
            for tensor in (getattr(layer, "keys", None), getattr(layer, "values", None))
            if tensor is not None
        )
