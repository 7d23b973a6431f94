"""Decides what a drafter's first weights are and how large that makes it: the target's own layers, a model in a folder,
or new ones; reads configurations alone."""

from typing import NamedTuple

import torch
from transformers import AutoModelForCausalLM, PreTrainedConfig, PreTrainedModel

from engine.decoding.layer_subset import configured, layers_of
from engine.errors import InputError
from engine.longspec import files, target_fit
from engine.longspec import shape as longspec_shape
from engine.longspec.shape import LongspecShape
from engine.models import checkpoint_folder, checks
from engine.models.checkpoint_folder import Checkpoint
from engine.training import drafter_shape
from engine.training.drafter_config import ChosenStart, DrafterConfig
from engine.training.drafter_shape import DrafterShape, DrafterSize

# Left open, a drafter keeps own layers of a target that is deep, and of whose step the head, which stays, is so little
# that the drafter's step costs at most this share.
_DEEP_FROM, _MOST_OWN_COST = 12, 0.25
_OWN_SHARE = 1 / 8


class Start(NamedTuple):
    """What a drafter starts from and its size. shape: of a new one."""

    name: ChosenStart
    size: DrafterSize
    shape: DrafterShape | None = None


def start_of(target: PreTrainedConfig, settings: DrafterConfig, *, n_vocabulary: int) -> Start:
    """The start that the settings name or, left open, that fits the target. Raises InputError, ModelError."""
    name = _chosen(target, settings)
    if name == "new":
        shape = drafter_shape.derive(target, settings, n_vocabulary=n_vocabulary)
        return Start(name, shape.size, shape)
    if name == "longspec":
        return Start(name, _longspec_size(target, settings, n_vocabulary))
    if settings.width:
        reason = f"width = {settings.width}: layers that exist have their own width"
        raise InputError(reason, "leave the width open, or start with new weights")
    return Start(name, _own_size(target, settings) if name == "own-layers" else _folder_size(settings))


def _chosen(target: PreTrainedConfig, settings: DrafterConfig) -> ChosenStart:
    if settings.start != "auto":
        return settings.start
    has_own_shape = settings.width or settings.embed
    if has_own_shape or not has_own_layers(target, least=_DEEP_FROM):
        return "new"
    parts, n_layers = parts_of(target), int(target.num_hidden_layers)
    rest = parts.rest - parts.table * (parts.n_tables - 1)
    cost = (rest + n_own_layers(target, settings) * parts.layer) / (rest + n_layers * parts.layer)
    return "own-layers" if cost <= _MOST_OWN_COST else "new"


def _longspec_size(target: PreTrainedConfig, settings: DrafterConfig, n_vocabulary: int) -> DrafterSize:
    """The size of a LongSpec block for the target, whose head each token is multiplied with as well."""
    reason = target_fit.why_not(target)
    if reason:
        raise InputError(f"the target can have no LongSpec drafter: {reason}", "train another drafter, or target")
    if settings.width or settings.layers > 1:
        raise InputError("a LongSpec drafter is one block of the target's width", "leave layers and width open")
    if settings.embed:
        reason = "a LongSpec drafter always reads the target's embeddings, and has none of its own"
        raise InputError(reason, "do without that choice")
    n = longspec_shape.n_parameters(_longspec_shape(target, settings))
    width = int(target.hidden_size)
    return DrafterSize(1, width, n_vocabulary, n, n, n + n_vocabulary * width)


def _longspec_shape(target: PreTrainedConfig, settings: DrafterConfig) -> LongspecShape:
    """The shape of a new block, or of the one in a folder. Raises InputError where that does not fit."""
    folder = settings.start_folder.strip()
    if not folder:
        return target_fit.new_shape(target, window=settings.window)
    shape = files.check(folder).shape
    reason = target_fit.why_other(shape, target)
    if reason:
        raise InputError(f"{folder} is a LongSpec drafter of another target: {reason}", "begin with another, or anew")
    if shape.window != settings.window:
        reason = f"window = {settings.window}: the LongSpec drafter in {folder} has {shape.window}"
        raise InputError(reason, f"use --window {shape.window}")
    return shape


def has_own_layers(target: PreTrainedConfig, *, least: int = 2) -> bool:
    """Whether it has so many layers that can be told apart."""
    return target.get_text_config() is target and int(target.num_hidden_layers) >= least


def n_own_layers(target: PreTrainedConfig, settings: DrafterConfig) -> int:
    """How many of its layers a drafter keeps: as configured, or one in eight."""
    return settings.layers or max(1, round(_OWN_SHARE * int(target.num_hidden_layers)))


def _own_size(target: PreTrainedConfig, settings: DrafterConfig) -> DrafterSize:
    if not has_own_layers(target):
        reason = f"a {target.model_type} model has no layers that can be left out"
        raise InputError(reason, "start with new weights")
    layers, n_layers = n_own_layers(target, settings), int(target.num_hidden_layers)
    if layers >= n_layers:
        raise InputError(f"layers = {layers}: the target has {n_layers}", "keep fewer of them")
    return own_size(target, layers)


def own_size(target: PreTrainedConfig, layers: int) -> DrafterSize:
    """The size of a drafter of so many of the target's layers; embedding and head stay as they are."""
    return _size(target, layers, trains_embedding=False)


def other_model(settings: DrafterConfig) -> Checkpoint:
    """The model in the folder to start from. Raises InputError, ModelError."""
    if not settings.start_folder.strip():
        raise InputError("there is no folder to start from", "name the folder of a model with the target's tokenizer")
    return checkpoint_folder.inspect(settings.start_folder.strip(), drafter=True)


def _folder_size(settings: DrafterConfig) -> DrafterSize:
    config = checks.configuration(other_model(settings))
    n_layers = int(config.get_text_config().num_hidden_layers)
    if settings.layers not in (0, n_layers):
        reason = f"layers = {settings.layers}: the model in {settings.start_folder} has {n_layers}"
        raise InputError(reason, "leave the layers open, or start with new weights")
    return _size(config, n_layers, trains_embedding=True)


def _size(config: PreTrainedConfig, layers: int, *, trains_embedding: bool) -> DrafterSize:
    text, parts = config.get_text_config(), parts_of(config)
    n, n_tables = parts.rest + layers * parts.layer, parts.table * parts.n_tables
    return DrafterSize(
        layers=layers,
        width=int(text.hidden_size),
        n_vocabulary=int(text.vocab_size),
        n_parameters=n,
        n_trained=n if trains_embedding else n - n_tables,
        n_multiplied=n - n_tables + parts.table,
    )


class ModelParts(NamedTuple):
    """Numbers of weights: of a layer, on average; of all else; of the embedding. n_tables: 2 where the head has a table
    of its own, 1 where it shares that of the embedding."""

    layer: int
    rest: int
    table: int
    n_tables: int


def parts_of(config: PreTrainedConfig) -> ModelParts:
    """Count the weights of a model with one that holds no memory, of few layers where that is enough."""
    n_layers = int(config.get_text_config().num_hidden_layers)
    is_plain = config.get_text_config() is config and n_layers > 1
    few = _weightless(configured(config, (0, n_layers - 1)) if is_plain else config)
    table, head = few.get_input_embeddings().weight, few.get_output_embeddings().weight
    own_layers = layers_of(few) or ()
    in_layers = sum(p.numel() for layer in own_layers for p in layer.parameters())
    n = sum(p.numel() for p in few.parameters())
    return ModelParts(
        in_layers // max(1, len(own_layers)), n - in_layers, int(table.numel()), 1 if head is table else 2
    )


def _weightless(config: PreTrainedConfig) -> PreTrainedModel:
    with torch.device("meta"):
        model: PreTrainedModel = AutoModelForCausalLM.from_config(config)
    model.tie_weights()
    return model
