"""Makes a model of some layers of another one, sharing its weights, with the same embedding, last norm and head."""

import copy
from collections.abc import Sequence
from typing import cast

import torch
from torch.nn import Module, ModuleList
from transformers import PreTrainedConfig, PreTrainedModel


def layers_of(model: PreTrainedModel) -> ModuleList | None:
    """The decoder layers of a model in order; None where its modules do not identify them."""
    n_layers = model.config.get_text_config().num_hidden_layers
    lists = [module for module in model.modules() if isinstance(module, ModuleList) and len(module) == n_layers]
    return lists[0] if len(lists) == 1 else None


def why_no_subset(model: PreTrainedModel) -> str:
    """Why no model of some of its layers can be made; empty where one can."""
    if model.config.get_text_config() is not model.config:
        return "its language model is part of a larger one"
    if layers_of(model) is None:
        return "its modules do not tell which of them are its layers"
    if len({parameter.device for parameter in model.parameters()}) > 1:
        return "it is spread over several devices"
    return ""


def configured(config: PreTrainedConfig, layers: Sequence[int]) -> PreTrainedConfig:
    """The configuration with these layers only; whatever it lists by layer is listed for them."""
    smaller, n_layers = copy.deepcopy(config), int(config.num_hidden_layers)
    for name, value in vars(config).items():
        if isinstance(value, list | tuple) and len(value) == n_layers and not name.startswith("_"):
            setattr(smaller, name, [value[index] for index in layers])
    smaller.num_hidden_layers = len(layers)
    return smaller


def subset(model: PreTrainedModel, layers: Sequence[int]) -> PreTrainedModel:
    """The model with these of its layers, in this order; the model itself stays as it is.

    It must be one for which `why_no_subset` is empty. With a cache only the first layers can be used, since each layer
    knows its place in the cache."""
    own_layers = cast(ModuleList, layers_of(model))
    path = next(name for name, module in model.named_modules() if module is own_layers).split(".")
    config = configured(model.config, layers)
    smaller = parent = _shallow(model, config)
    for name in path[:-1]:
        child = _shallow(cast(Module, parent._modules[name]), config)
        parent._modules[name] = child
        parent = child
    parent._modules[path[-1]] = ModuleList([own_layers[index] for index in layers])
    return cast(PreTrainedModel, smaller)


def copied(model: PreTrainedModel, layers: Sequence[int]) -> PreTrainedModel:
    """A model of copies of these layers, of the embedding, the last norm and the head, in float32."""
    made = copy.deepcopy(subset(model, layers)).to(torch.float32)
    for place, layer in enumerate(cast(ModuleList, layers_of(made))):
        for module in layer.modules():
            if isinstance(getattr(module, "layer_idx", None), int):
                setattr(module, "layer_idx", place)  # noqa: B010 (a module's own attribute)
    return made.requires_grad_(True)


def _shallow(module: Module, config: PreTrainedConfig) -> Module:
    """A module with the same children, which can be replaced, and another configuration."""
    clone = copy.copy(module)
    clone._modules = dict(module._modules)
    if hasattr(clone, "config"):
        clone.config = config
    return clone
