"""Makes the built-in target several times as costly: between its layers stand copies that compute all, change nothing.

What a copy would write into the residual stream is multiplied by zero, so that text, states and probabilities are those
of the built-in target bit for bit, and only times and work differ. With a built-in drafter and the built-in gate that
is a timing pair whose target costs far more, over real text."""

from copy import deepcopy

import torch
from torch import nn
from transformers import PreTrainedConfig, PreTrainedModel

_WRITES = ("o_proj", "down_proj")


def deepen_configuration(config: PreTrainedConfig, times: int) -> PreTrainedConfig:
    """The configuration with so many times as many layers, for models whose layers are all alike."""
    deeper = deepcopy(config)
    deeper.num_hidden_layers = times * config.num_hidden_layers
    return deeper


@torch.no_grad()
def deepen(model: PreTrainedModel, times: int) -> PreTrainedModel:
    """The model, each of its layers followed by times - 1 copies without effect."""
    layers = nn.ModuleList()
    for layer in model.model.layers:
        layers.append(layer)
        for _ in range(times - 1):
            layers.append(_without_effect(layer))
    for place, layer in enumerate(layers):
        layer.self_attn.layer_idx = place  # type: ignore[union-attr]
    model.model.layers = layers
    model.config = model.model.config = deepen_configuration(model.config, times)
    return model


def _without_effect(layer: nn.Module) -> nn.Module:
    """A copy of a layer that computes as much and adds zero."""
    copy = deepcopy(layer)
    for name, weight in copy.named_parameters():
        if any(part in name for part in _WRITES):
            weight.zero_()
    return copy
