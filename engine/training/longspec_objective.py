"""What training a LongSpec block minimises: the loss of a batch, at drawn positions and with a drawn lag.

Anchor-offset positions: in short texts the first few keep theirs, as attention sinks, and all others move by one random
offset, so that large positions are trained too. Flash noisy: position t sees the target's keys up to t - j, since they
lag behind while drafting. Source: arXiv:2502.17421, section 3.2, appendix G and algorithm 2."""

from collections.abc import Callable
from random import Random
from typing import NamedTuple, TypeAlias

import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from engine.decoding.cached_model import ReadTexts, read_texts
from engine.longspec.block import LongspecBlock, turns_of
from engine.longspec.target_fit import rope_of
from engine.longspec.whole_text import lagged, windowed
from engine.models.loading import LoadedModel
from engine.training import objectives
from engine.training.loop import Objective
from engine.training.rows import TrainingBatch
from engine.training.step_memory import most_tokens

# paper differs: the released code draws 0 to 4 sinks, and offsets only texts of at most 1200 tokens.
_MOST_SINKS, _LONGEST_OFFSET = 4, 1200
_FARTHEST, _SPARED = 30_000, 1000
_MOST_LAG = 4
_TINY = torch.finfo(torch.float32).tiny

Distance: TypeAlias = Callable[[Tensor, Tensor, Tensor], Tensor]


class LongspecSwitches(NamedTuple):
    """Which parts of the training are on; each can be left out to see what it brings. The loss is the sum of those that
    are on: at least one of cross_entropy, on the text, and distillation, a distance from the target's distribution."""

    anchor_offset: bool = True
    noisy: bool = True
    cross_entropy: bool = True
    distillation: bool = True


class TextDraw(NamedTuple):
    """How the texts of a batch are read: n_sinks positions keep theirs, all others move by `offset`; lag: how far the
    target's keys lag behind, 1 where nothing is drawn."""

    n_sinks: int = 0
    offset: int = 0
    lag: int = 1

    def positions(self, length: int, device: torch.device) -> Tensor:
        """Where each of so many ids stands: [length] int64."""
        places = torch.arange(length, device=device)
        return places + self.offset * (places >= self.n_sinks)


def drawn(rng: Random, length: int, *, context: int, switches: LongspecSwitches) -> TextDraw:
    """Draw how texts of a length are read; no position reaches the context."""
    n_sinks, lag = rng.randint(0, _MOST_SINKS), rng.randint(1, _MOST_LAG)
    offset = rng.randint(0, max(min(_FARTHEST, context - _SPARED) - length, 0))
    if not switches.anchor_offset or length > _LONGEST_OFFSET:
        n_sinks = offset = 0
    return TextDraw(n_sinks, offset, lag if switches.noisy else 1)


def objective(
    block: LongspecBlock,
    target: LoadedModel,
    switches: LongspecSwitches,
    *,
    distance: Distance = objectives.forward_kl,
    seed: int,
) -> Objective:
    """The loss to minimise. What it draws follows from the seed and the ids of the batch, so that a resumed training
    draws the same."""
    assert switches.cross_entropy or switches.distillation

    def loss(batch: TrainingBatch) -> Tensor:
        rng = Random(f"{seed}/{int(batch.ids.sum())}")  # sync: one a part
        draw = drawn(rng, batch.ids.shape[1], context=target.context, switches=switches)
        return loss_of(block, target, batch, draw, switches=switches, distance=distance)

    return loss


def loss_of(
    block: LongspecBlock,
    target: LoadedModel,
    batch: TrainingBatch,
    draw: TextDraw,
    *,
    switches: LongspecSwitches,
    distance: Distance = objectives.forward_kl,
) -> Tensor:
    """The loss of a batch, in nats, with a gradient for the block alone."""
    positions = draw.positions(batch.ids.shape[1], target.device)
    with torch.no_grad():
        read = read_texts(target.model, batch.ids, positions, logits=switches.distillation)
    hidden = _hidden(block, target, batch.ids, read, positions, lag=draw.lag)
    next_ids = functional.pad(batch.ids[:, 1:], (0, 1))

    def part(hidden: Tensor, first: int, end: int) -> Tensor:
        """The loss of some positions, summed with their weights."""
        rows, losses = slice(first, end), list[Tensor]()
        logits, weights = _logits(target, hidden), batch.next_weights[:, rows]
        if switches.cross_entropy:
            ids = next_ids[:, rows].flatten()
            each = functional.cross_entropy(logits.float().flatten(0, 1), ids, reduction="none")
            losses.append((each * weights.flatten()).sum())
        if switches.distillation:
            assert read.logits is not None
            losses.append(distance(logits, read.logits[:, rows], weights) * weights.sum())
        return torch.stack(losses).sum()

    return _in_parts(part, hidden, target.n_vocabulary) / batch.next_weights.sum().clamp_min(_TINY)


def _in_parts(part: Callable[[Tensor, int, int], Tensor], hidden: Tensor, n_vocabulary: int) -> Tensor:
    """The sum of the losses of all positions of hidden states [B, T, H].

    Logits of many positions times a large vocabulary take more memory than all else: beyond a bound they are computed
    for some positions at a time, and again on the way back."""
    n, length = max(1, most_tokens(n_vocabulary) // hidden.shape[0]), hidden.shape[1]
    if length <= n:
        return part(hidden, 0, length)
    starts = range(0, length, n)
    parts = [checkpoint(part, hidden[:, i : i + n], i, min(i + n, length), use_reentrant=False) for i in starts]
    return torch.stack(parts).sum()


def draft_logits(
    block: LongspecBlock, target: LoadedModel, ids: Tensor, read: ReadTexts, *, lag: int, first: int = 0
) -> Tensor:
    """A drafter's logits [B, T - first, V] after the ids of texts [B, T] from the one at `first` on, where the target
    has read the texts at ordinary positions."""
    begin = max(0, first - block.shape.window)
    begin = begin if begin >= lag else 0
    positions = torch.arange(begin, ids.shape[1], device=ids.device)
    hidden = _hidden(block, target, ids[:, begin:], read, positions, lag=lag)
    return _logits(target, hidden[:, first - begin :])


def _hidden(
    block: LongspecBlock, target: LoadedModel, ids: Tensor, read: ReadTexts, positions: Tensor, *, lag: int
) -> Tensor:
    """What the target's head is to read, [B, T, H], after the last ids [B, T] of the texts that the target has read."""
    model, dtype = target.model, block.input_layernorm.weight.dtype
    with torch.no_grad():
        embedded = model.get_input_embeddings()(ids).to(dtype)
    turns = turns_of(rope_of(model), positions, dtype)
    cross = lagged(read.keys.to(dtype), read.values.to(dtype), lag)
    hidden: Tensor = block(embedded, turns, windowed(block.shape.window), cross)
    return hidden


def _logits(target: LoadedModel, hidden: Tensor) -> Tensor:
    head = target.model.get_output_embeddings()
    logits: Tensor = head(hidden.to(head.weight.dtype))
    return logits
