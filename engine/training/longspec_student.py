"""A LongSpec block as a model in training: its first weights, and the whole-text forward by which it is scored."""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from engine.decoding.cached_model import ReadTexts, read_texts
from engine.longspec import target_fit
from engine.longspec.block import LongspecBlock
from engine.longspec.files import unfit
from engine.longspec.shape import FINAL_NORM, WINDOW
from engine.models.loading import LoadedModel
from engine.training.longspec_objective import draft_logits

_SCORED_LAG = 1
_SPREAD = 0.02
_MOST_READ = 64


class Logits(NamedTuple):
    """Logits [B, T, V], under the name that models give them."""

    logits: Tensor


def new_block(target: LoadedModel, *, seed: int, window: int = WINDOW) -> LongspecBlock:
    """A block with random weights for a target, in float32 on its device. Raises InputError for an unfit target.

    Its output projections begin at zero and its last norm as the target's: it first passes on the embedding, as each
    addition adds nothing."""
    config = target.model.config
    reason = target_fit.why_not(config) or target_fit.why_not_model(target.model)
    if reason:
        raise unfit(target.spec, reason)
    rng = torch.Generator().manual_seed(seed)
    block = LongspecBlock(target_fit.new_shape(config, window=window))
    with torch.no_grad():
        for name, weight in block.named_parameters():
            if name == FINAL_NORM:
                weight.copy_(_last_gains(target.model, weight))
            elif name.endswith("bias") or "o_proj" in name or "down_proj" in name:
                weight.zero_()
            elif "norm" not in name:
                weight.copy_(_SPREAD * torch.randn(weight.shape, generator=rng))
    return block.to(target.device).eval()


def _last_gains(model: PreTrainedModel, weight: Tensor) -> Tensor:
    """What the target's last norm multiplies a normalised vector with, however it stores that; ones where it has no
    such norm."""
    norm, ones = getattr(model.base_model, "norm", None), torch.ones_like(weight)
    if norm is None:
        return ones
    gains: Tensor = norm(ones.to(model.device, model.dtype)).float().cpu()
    return gains if gains.shape == ones.shape and bool(gains.isfinite().all()) and bool(gains.any()) else ones


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
        self._readings: dict[bytes, ReadTexts] = {}

    def forward(self, input_ids: Tensor, *, use_cache: bool = False, logits_to_keep: int = 0) -> Logits:
        """Logits after every id of texts [B, T], or after the last logits_to_keep of them."""
        assert not use_cache
        read, first = self._read(input_ids), input_ids.shape[1] - logits_to_keep if logits_to_keep else 0
        return Logits(draft_logits(self.block, self._target, input_ids, read, lag=_SCORED_LAG, first=first))

    @torch.no_grad()
    def _read(self, ids: Tensor) -> ReadTexts:
        """What the target reads in texts, kept: the same few are scored again and again."""
        key = ids.cpu().numpy().tobytes()  # sync: once a scored text
        if key not in self._readings:
            if len(self._readings) == _MOST_READ:
                self._readings.clear()
            positions = torch.arange(ids.shape[1], device=ids.device)
            self._readings[key] = read_texts(self._target.model, ids, positions, logits=False)
        return self._readings[key]
