"""A LongSpec block as a model in training: its first weights, and the whole-text forward by which it is scored."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from engine.decoding.cached_model import read_texts
from engine.longspec import target_fit
from engine.longspec.block import LongspecBlock
from engine.longspec.files import unfit
from engine.longspec.shape import WINDOW
from engine.models.loading import LoadedModel
from engine.training.longspec_objective import draft_logits

_SCORED_LAG = 1
_SPREAD = 0.02


class Logits(NamedTuple):
    """Logits [B, T, V], under the name that models give them."""

    logits: Tensor


def new_block(target: LoadedModel, *, seed: int, window: int = WINDOW) -> LongspecBlock:
    """A block with random weights for a target, in float32 on its device. Raises InputError for an unfit target.

    Its output projections begin at zero: it first passes on the embedding, as each addition adds nothing."""
    config = target.model.config
    reason = target_fit.why_not(config) or target_fit.why_not_model(target.model)
    if reason:
        raise unfit(target.spec, reason)
    rng = torch.Generator().manual_seed(seed)
    block = LongspecBlock(target_fit.shape_of(config, window=window))
    with torch.no_grad():
        for name, weight in block.named_parameters():
            if name.endswith("bias") or "o_proj" in name or "down_proj" in name:
                weight.zero_()
            elif "norm" not in name:
                weight.copy_(_SPREAD * torch.randn(weight.shape, generator=rng))
    return block.to(target.device).eval()


def published(model: nn.Module) -> nn.Module:
    """What is written of a model in training: of a LongSpec student the block."""
    return model.block if isinstance(model, LongspecStudent) else model


class LongspecStudent(nn.Module):
    """The block with its target behind it, called as a causal language model is, to be scored on held-out texts.

    Each position sees the target's keys up to the one before it, as the first drafted token of a round does."""

    def __init__(self, block: LongspecBlock, target: LoadedModel) -> None:
        super().__init__()
        self.block = block
        self._target = target

    def forward(self, input_ids: Tensor, *, use_cache: bool = False) -> Logits:
        """Logits after every id of texts [B, T]."""
        assert not use_cache
        positions = torch.arange(input_ids.shape[1], device=input_ids.device)
        with torch.no_grad():
            read = read_texts(self._target.model, input_ids, positions, logits=False)
        return Logits(draft_logits(self.block, self._target, input_ids, read, positions, lag=_SCORED_LAG))
