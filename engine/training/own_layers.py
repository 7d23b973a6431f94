"""Tries which of a target's own layers make the best untrained drafter, on text that the target wrote.

Source of keeping the layers that change their input most: arXiv:2403.03853, section 3 (block influence)."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import Module, functional
from transformers import PreTrainedModel

from engine.decoding import layer_subset
from engine.decoding.layer_subset import layers_of
from engine.errors import InputError
from engine.events import LayersTried, OwnLayers, Progressed
from engine.models.loading import LoadedModel
from engine.training import held_out

MOST_TEXTS = 8


class OwnChoice(NamedTuple):
    """A way to choose layers, and the layers it chooses, in order."""

    name: str
    layers: tuple[int, ...]


def refuse_unsplittable(target: LoadedModel) -> None:
    """Raise InputError for a target of whose layers no drafter can be made."""
    reason = layer_subset.why_no_subset(target.model)
    if not reason and target.quantize != "none":
        reason = "its weights are quantised"
    if reason:
        raise InputError(f"no drafter can be made of layers of {target.spec}: {reason}", "start with new weights")


def choices(n_layers: int, n_kept: int, influences: Sequence[float]) -> tuple[OwnChoice, ...]:
    """The ways to keep some layers; equal ones once. influences: how much each layer changes its input."""
    ranked = sorted(range(n_layers), key=lambda index: -influences[index])
    n_first = (n_kept + 1) // 2
    candidates = (
        OwnChoice("those that change most", tuple(sorted(ranked[:n_kept]))),
        OwnChoice("both ends", (*range(n_first), *range(n_layers - (n_kept - n_first), n_layers))),
        OwnChoice("first", tuple(range(n_kept))),
        OwnChoice("first, and the last", (*range(n_kept - 1), n_layers - 1)),
        OwnChoice("evenly spaced", _spaced(n_layers, n_kept)),
    )
    by_layers: dict[tuple[int, ...], OwnChoice] = {}
    for choice in candidates:
        by_layers.setdefault(choice.layers, choice)
    return tuple(by_layers.values())


def tried(target: LoadedModel, documents: Sequence[Sequence[int]], n_kept: int) -> Iterator[Progressed | LayersTried]:
    """Yield progress and, last, the held-out alpha of each choice, untrained, on a sample of the target's text."""
    sample = yield from held_out.writing(target, documents[:MOST_TEXTS])
    layers = layers_of(target.model)
    assert layers is not None
    candidates = choices(len(layers), n_kept, influences(target.model, sample.texts))
    rows: list[OwnLayers] = []
    for choice in candidates:
        agreement = sample.agreement(layer_subset.subset(target.model, choice.layers))
        rows.append(OwnLayers(choice.name, choice.layers, agreement.alpha))
        yield Progressed("measuring", len(rows), len(candidates), "choices of layers")
    best = max(rows, key=lambda row: row.alpha)
    yield LayersTried(tuple(rows), best.layers, sum(agreement.counted))


@torch.no_grad()
def influences(model: PreTrainedModel, texts: Sequence[Sequence[int]]) -> list[float]:
    """How much each layer changes its input: the mean over tokens of 1 - cosine."""
    layers = layers_of(model)
    assert layers is not None
    totals = [0.0] * len(layers)
    hooks = [layer.register_forward_hook(partial(_add_change, totals, place)) for place, layer in enumerate(layers)]
    try:
        for ids in texts:
            model(input_ids=torch.tensor([list(ids)], device=model.device), use_cache=False)
    finally:
        for hook in hooks:
            hook.remove()
    return [total / max(1, len(texts)) for total in totals]


def _add_change(
    totals: list[float], place: int, layer: Module, inputs: tuple[Tensor, ...], output: Tensor | tuple[Tensor, ...]
) -> None:
    """A forward hook that adds how much a layer changed its input."""
    hidden = output if isinstance(output, Tensor) else output[0]
    same = functional.cosine_similarity(inputs[0].float(), hidden.float(), dim=-1)
    totals[place] += float((1 - same).mean())  # sync: once a layer and text, before training


def _spaced(n_layers: int, n_kept: int) -> tuple[int, ...]:
    """Layers spread evenly from the first to the last."""
    return tuple(round(i * (n_layers - 1) / max(1, n_kept - 1)) for i in range(n_kept))
