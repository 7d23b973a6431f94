"""Masks with which transformers' modules read the new ids of a tree, and why some modules cannot."""

from collections.abc import Sequence
from inspect import signature
from typing import NamedTuple, TypeAlias

import torch
from torch import Tensor
from transformers import DynamicCache, PreTrainedConfig, PreTrainedModel
from transformers.cache_utils import DynamicSlidingWindowLayer

from engine.decoding.token_tree import Tree

# One for all layers, or one for each kind of layer, as the modules take it.
Masks: TypeAlias = Tensor | dict[str, Tensor]
_FULL, _SLIDING = "full_attention", "sliding_attention"


class _Kind(NamedTuple):
    """A kind of layer: its name in a configuration, and how many positions it attends to; None means all."""

    name: str
    window: int | None


def masks(cache: DynamicCache, config: PreTrainedConfig, tree: Tree, dtype: torch.dtype) -> Masks:
    """What is added to the scores of the new ids of a tree after the ids in the cache, [1, 1, n, positions] each."""
    kinds: dict[_Kind, int] = {}
    for index, layer in enumerate(cache.layers):
        kinds.setdefault(_kind(layer, config, index), index)
    by_name = {kind.name: _mask(cache, index, kind.window, tree, dtype) for kind, index in kinds.items()}
    # Modules without kinds of layers take no mapping.
    return by_name if len({kind.window for kind in kinds}) > 1 else next(iter(by_name.values()))


def why_no_tree(model: PreTrainedModel) -> str:
    """Why these modules cannot read trees; empty where they can, as far as their kinds of layers and masks tell."""
    config = model.config
    if config.get_text_config() is not config:
        return "its language model is part of a larger one"
    unknown = set(getattr(config, "layer_types", None) or ()) - {_FULL, _SLIDING}
    if unknown:
        return f"it has layers of the kind {min(unknown)}"
    if "position_ids" not in signature(model.forward).parameters:
        return "its modules take no positions"
    if getattr(config, "_attn_implementation", None) not in ("sdpa", "eager"):
        return "its attention takes no masks"
    return ""


def _kind(layer: object, config: PreTrainedConfig, index: int) -> _Kind:
    window = layer.sliding_window if type(layer) is DynamicSlidingWindowLayer else None
    kinds: Sequence[str] = getattr(config, "layer_types", None) or ()
    named = kinds[index] if index < len(kinds) else _FULL
    return _Kind(named, window)


def _mask(cache: DynamicCache, index: int, window: int | None, tree: Tree, dtype: torch.dtype) -> Tensor:
    """The mask of a layer, which holds the last positions only where it has a window."""
    n, n_nodes = tree.seen.shape
    n_positions, first = cache.get_mask_sizes(n, index)
    start = cache.get_seq_length(index) - tree.n_cached
    n_before = n_positions - n_nodes
    visible = torch.cat([tree.seen.new_ones(n, n_before), tree.seen], 1)
    if window is not None:
        positions = torch.cat([torch.arange(first, first + n_before, device=tree.depths.device), start + tree.depths])
        visible = visible & (positions > start + tree.new_depths.unsqueeze(1) - window)
    hidden = torch.finfo(dtype).min
    return torch.zeros(visible.shape, dtype=dtype, device=visible.device).masked_fill_(~visible, hidden)[None, None]
