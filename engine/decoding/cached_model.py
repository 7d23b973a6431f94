"""A model with its key-value cache: forward over new ids, roll back rejected ones.

The only module that uses the transformers cache. Exact for any combination of configured and actual windows."""

import copy
import sys
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple, Protocol, Self, cast

import torch
from torch import Tensor
from torch.nn import Module, ModuleList
from transformers import DynamicCache, PreTrainedConfig, PreTrainedModel
from transformers.cache_utils import DynamicLayer, DynamicSlidingWindowLayer

from engine.decoding import tree_masks
from engine.decoding.drafting import FirstLayers, LastKv
from engine.decoding.layer_subset import layers_of, subset
from engine.decoding.token_tree import Tree
from engine.decoding.tree_masks import Masks

PREFILL_CHUNK = 512
# New ids up to so many are read as cheaply with their logits.
FEW_ROWS = 32
_FIRST_CAPACITY = 256


class _GrowingLayer(DynamicLayer):  # type: ignore[misc]
    """A layer that keeps every position and appends into spare capacity instead of copying all at every step.

    `keys` and `values` are views [B, H, n, D] of buffers that double when full; a rollback only shortens the views."""

    keys: Tensor
    values: Tensor
    _key_buffer: Tensor
    _value_buffer: Tensor

    def __init__(self, context: int | None, expected: int | None = None) -> None:
        super().__init__()
        self._context, self._expected = context, expected

    def update(
        self, key_states: Tensor, value_states: Tensor, *args: object, **kwargs: object
    ) -> tuple[Tensor, Tensor]:
        """Append the new states; returns all of them."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        n_cached = self.get_seq_length()
        n = n_cached + key_states.shape[-2]
        if not n_cached or n > self._key_buffer.shape[-2]:
            self._key_buffer = self._larger_buffer(self.keys, key_states, n)
            self._value_buffer = self._larger_buffer(self.values, value_states, n)
        self._key_buffer[..., n_cached:n, :] = key_states
        self._value_buffer[..., n_cached:n, :] = value_states
        self.keys, self.values = self._key_buffer[..., :n, :], self._value_buffer[..., :n, :]
        return self.keys, self.values

    def _larger_buffer(self, old: Tensor, new: Tensor, n: int) -> Tensor:
        """A buffer for 2n positions, at most what is expected or else the context, if that holds n; contains the old
        positions."""
        preferred = max(_FIRST_CAPACITY, 2 * n)
        most = self._expected if self._expected is not None and n <= self._expected else self._context
        capacity = preferred if most is None else max(n, min(preferred, most))
        buffer = new.new_empty((*new.shape[:-2], capacity, new.shape[-1]))
        if old.numel():
            buffer[..., : old.shape[-2], :] = old
        return buffer


def cache_for(model: PreTrainedModel, *, context: int | None = None, expected: int | None = None) -> DynamicCache:
    """An empty cache that drops only the positions a layer's modules never attend to.

    context: the most positions it will hold; None if unknown. expected: those for which it is allocated at first.
    A configuration may name a window that its modules ignore, or window other layers than they do. Keeping too many
    positions stays exact, since the modules mask what lies outside their windows."""
    cache = DynamicCache(config=model.config)
    # Sliding-window layers allow a rollback past the window only if they keep what slid out since the last crop.
    cache.activate_past_recording()
    windowed = _windowed_layers(model)
    for index, layer in enumerate(cache.layers):
        ignored = type(layer) is DynamicSlidingWindowLayer and index not in windowed
        if ignored or type(layer) is DynamicLayer:
            cache.layers[index] = _GrowingLayer(context, expected)
    return cache


def windows_of(config: PreTrainedConfig) -> tuple[int | None, ...]:
    """How many positions each layer attends to, according to the configuration; None means all."""
    return tuple(
        layer.sliding_window if type(layer) is DynamicSlidingWindowLayer else None
        for layer in DynamicCache(config=config).layers
    )


def _honoured_windows(model: PreTrainedModel) -> tuple[int | None, ...]:
    """How many positions the modules of each layer attend to; None means all.

    They may name a window themselves, or have the mask made that the configuration asks for; others ignore it."""
    makes_masks = hasattr(sys.modules[type(model).__module__], "create_sliding_window_causal_mask")
    windowed = _windowed_layers(model)
    return tuple(
        window if makes_masks or index in windowed else None for index, window in enumerate(windows_of(model.config))
    )


def _windowed_layers(model: PreTrainedModel) -> set[int]:
    """Indices of the layers whose attention module names a window."""
    modules = (module for module in model.modules() if getattr(module, "sliding_window", None) is not None)
    return {module.layer_idx for module in modules if isinstance(getattr(module, "layer_idx", None), int)}


class ReadTexts(NamedTuple):
    """What a model makes of whole texts. logits: [B, T, V] after every id, None where they were not asked for; keys,
    values: of the last layer, [B, T, H_kv, D] each, the keys rotated."""

    logits: Tensor | None
    keys: Tensor
    values: Tensor


def read_texts(model: PreTrainedModel, ids: Tensor, positions: Tensor, *, logits: bool) -> ReadTexts:
    """Read texts [B, T] whose ids stand at positions [T], ascending, for a model whose last layer keeps all of them."""
    cache = cache_for(model)
    output = model(
        input_ids=ids, position_ids=positions.expand_as(ids), cache=cache, use_cache=True,
        logits_to_keep=0 if logits else 1,
    )  # fmt: skip
    last = cache.layers[-1]
    return ReadTexts(output.logits if logits else None, last.keys.transpose(1, 2), last.values.transpose(1, 2))


class SequenceModel(Protocol):
    """One sequence through one model, as the decoding loop uses it; `length` ids are in the cache.

    hidden: [layers, n, hidden], output of the layers that were asked for, from the latest forward over n ids."""

    device: torch.device
    n_vocabulary: int
    length: int
    hidden: Tensor | None

    def reset(self) -> None:
        """Forget every id."""

    def expect(self, n: int) -> None:
        """Expect at most n ids from the next reset on, and allocate for no more as long as that holds."""

    def forward(self, ids: Tensor, *, tree: Tree | None = None) -> Tensor:
        """Logits [n, V] after each of the new ids [n], which join the cache; they follow each other unless they are a
        tree's."""

    def prefill(self, ids: Tensor) -> None:
        """Add ids [n] to the cache; what computing them takes grows with n."""

    def rollback(self, n: int) -> None:
        """Remove the last n ids from the cache, all of them added since the last rollback or prefill."""

    def keep(self, chosen: Tensor, n: int) -> None:
        """Of the last n ids, keep only those at `chosen` [k] int64, in that order; all n were added since the last
        rollback or prefill."""

    def last_kv(self) -> LastKv:
        """Keys and values of the last layer."""

    def first_layers(self, n: int) -> FirstLayers:
        """The first n layers, the last norm and the head over this very cache, until the next reset.

        What it adds must be rolled back before this model's next forward."""

    def bytes(self) -> int:
        """Memory the cache holds now."""


class _HiddenStates:
    """Records the output of some layers while a model runs."""

    def __init__(self, model: PreTrainedModel, indices: Sequence[int]) -> None:
        self._layers = {index: cast(ModuleList, layers_of(model))[index] for index in indices}
        self._outputs: dict[int, Tensor] = {}

    def __enter__(self) -> Self:
        self._hooks = [
            layer.register_forward_hook(partial(self._record, index)) for index, layer in self._layers.items()
        ]
        return self

    def __exit__(self, *exc: object) -> None:
        for hook in self._hooks:
            hook.remove()

    def stacked(self, device: torch.device) -> Tensor | None:
        """[layers, n, hidden] of the latest forward."""
        outputs = [self._outputs[index].to(device) for index in self._layers]
        return torch.stack(outputs) if outputs else None

    def _record(self, index: int, layer: Module, inputs: object, output: Tensor | tuple[Tensor, ...]) -> None:
        self._outputs[index] = (output if isinstance(output, Tensor) else output[0])[0]


class CachedModel:
    """One sequence through one model; `length` ids are in the cache, which never holds more than `context`.

    hidden_layers: layers, in ascending order, whose output of the latest forward over n ids is left in `hidden`,
    [layers, n, hidden]; requires a model whose layers `layers_of` finds."""

    def __init__(
        self, model: PreTrainedModel, *, context: int | None = None, hidden_layers: Sequence[int] = ()
    ) -> None:
        self.model = model
        self.hidden: Tensor | None = None
        self._context, self._hidden_layers = context, tuple(hidden_layers)
        self._expected: int | None = None
        self._windows = _honoured_windows(model)
        self.device: torch.device = model.get_input_embeddings().weight.device
        self.n_vocabulary = int(model.get_input_embeddings().weight.shape[0])
        self.reset()

    def reset(self) -> None:
        """Forget every id."""
        self._cache = cache_for(self.model, context=self._context, expected=self._expected)
        self.length = 0

    def expect(self, n: int) -> None:
        """Expect at most n ids from the next reset on, and allocate for no more as long as that holds."""
        self._expected = n

    def forward(self, ids: Tensor, *, tree: Tree | None = None) -> Tensor:
        """Logits after each of the new ids, which join the cache.

        ids: [n] int64 on `device`, n >= 1, a chain unless a tree is given. Returns [n, V] in the model's dtype."""
        return self._run(ids, n_kept=0, tree=tree)

    def _run(self, ids: Tensor, *, n_kept: int, tree: Tree | None = None) -> Tensor:
        valid_ids = ids.clamp_max(self.n_vocabulary - 1)
        as_tree = {} if tree is None else self._tree_arguments(tree)
        with _HiddenStates(self.model, self._hidden_layers) as states:
            output = self.model(
                input_ids=valid_ids.unsqueeze(0), cache=self._cache, use_cache=True, logits_to_keep=n_kept, **as_tree
            )
        self.hidden = states.stacked(self.device)
        self.length += ids.shape[0]
        logits: Tensor = output.logits[0]
        return logits

    def _tree_arguments(self, tree: Tree) -> dict[str, Tensor | Masks]:
        """How the modules are told of a tree: by positions, and by what each new id attends to."""
        positions = self.length - tree.n_cached + tree.new_depths
        read = tree_masks.masks(self._cache, self.model.config, self._windows, tree, self.model.dtype)
        return {"position_ids": positions.unsqueeze(0), "attention_mask": read}

    def prefill(self, ids: Tensor) -> None:
        """Add ids to the cache without computing all their logits.

        ids: [n] int64 on `device`; long prompts take several calls, since what computing them takes grows with n."""
        self._run(ids, n_kept=1)
        self._cache.crop(0)

    def rollback(self, n: int) -> None:
        """Remove the last n ids from the cache, all of them added since the last rollback or prefill."""
        self._cache.crop(-n)
        self.length -= n

    def keep(self, chosen: Tensor, n: int) -> None:
        """Of the last n ids, keep only those at `chosen` [k] int64, in that order; then roll back."""
        for layer in self._cache.layers:
            for states in (layer.keys, layer.values):
                new = states[..., -n:, :]
                new[..., : chosen.shape[0], :] = new.index_select(-2, chosen)
        self.rollback(n - chosen.shape[0])

    def last_kv(self) -> LastKv:
        """Keys and values of the last layer, which must keep every position."""
        last = self._cache.layers[-1]
        if not self.length:
            return LastKv(torch.empty(0, 1, 1, device=self.device), torch.empty(0, 1, 1, device=self.device), 0)
        assert type(last) is not DynamicSlidingWindowLayer
        return LastKv(last.keys[0].transpose(0, 1), last.values[0].transpose(0, 1), self.length)

    def first_layers(self, n: int) -> FirstLayers:
        """The first n layers, the last norm and the head over this very cache, until the next reset."""
        first = copy.copy(self)
        first.model, first._hidden_layers = subset(self.model, range(n)), ()
        first._cache = copy.copy(self._cache)
        first._cache.layers = self._cache.layers[:n]  # the layers themselves are shared
        return first

    def bytes(self) -> int:
        """Memory the cache holds now, spare capacity included."""
        return sum(
            tensor.untyped_storage().nbytes()
            for layer in self._cache.layers
            for tensor in (getattr(layer, "keys", None), getattr(layer, "values", None))
            if tensor is not None
        )
