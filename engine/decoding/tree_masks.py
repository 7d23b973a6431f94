"""Masks with which transformers' modules read the new ids of a tree, and why some modules cannot."""

from collections.abc import Sequence
from inspect import signature
from typing import TypeAlias

import torch
from torch import Tensor
from transformers import DynamicCache, PreTrainedConfig, PreTrainedModel

from engine.decoding.token_tree import Tree

# One for all layers, or one for each kind of layer, as the modules take it.
Masks: TypeAlias = Tensor | dict[str, Tensor]
_FULL, _SLIDING = "full_attention", "sliding_attention"


def masks(
    cache: DynamicCache, config: PreTrainedConfig, windows: Sequence[int | None], tree: Tree, dtype: torch.dtype
) -> Masks:
    """What is added to the scores of the new ids of a tree after the ids in the cache, [1, 1, n, positions] each.

    windows: one entry a layer, how many positions its modules attend to; None means all."""
    kinds: Sequence[str] = getattr(config, "layer_types", None) or [_FULL] * len(cache.layers)
    firsts = {windows[index]: index for index in reversed(range(len(cache.layers)))}
    by_window = {window: _mask(cache, index, window, tree, dtype) for window, index in firsts.items()}
    # Modules without kinds of layers take no mapping.
    if len(by_window) == 1:
        return next(iter(by_window.values()))
    return {kinds[index]: by_window[window] for window, index in firsts.items()}


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
