"""Reads and writes a gate: a safetensors file whose metadata names the pair that it was trained for.

A gate reads the states of one drafter and answers for one target. It is refused for any other pair, with the command
that trains one."""

from pathlib import Path
from typing import NamedTuple

import msgspec
import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from engine.errors import EngineError, InputError, ModelError
from engine.machine.file_kinds import refuse_irregular
from engine.models.loading import LoadedModel
from engine.sprinter import cards
from engine.sprinter.cards import AGAIN, AUTO, CARD, FILE_NAME, GateCard, GatedPair, GateShape, Q
from engine.sprinter.gate import Q_ALONE, Gate, GateWeights


class StoredGate(NamedTuple):
    """A gate and its card, None for the one that is the drafter's own probability. name: as it was asked for."""

    name: str
    gate: Gate
    card: GateCard | None


class PairGate(NamedTuple):
    """A gate opened for a pair, and the drafter whose states it reads."""

    drafter: LoadedModel
    stored: StoredGate


def as_bytes(gate: Gate, card: GateCard) -> bytes:
    """The file of a gate."""
    assert gate.weights is not None
    named = {name: value.contiguous() for name, value in gate.weights._asdict().items() if value is not None}
    raw: bytes = save(named, {CARD: msgspec.json.encode(card).decode()})
    return raw


def read(path: Path) -> StoredGate:
    """Read a gate's file, or the one in a folder. Raises InputError where there is none, ModelError for another."""
    path = path / FILE_NAME if path.is_dir() else path
    refuse_irregular(path, "name the folder of a gate", most_bytes=cards.MOST_BYTES)
    try:
        raw = path.read_bytes()
    except (OSError, ValueError) as err:
        raise cards.no_gate(path) from err
    try:
        card = cards.parse_card(raw)
        tensors = {name: tensor.float() for name, tensor in load(raw).items()}
    except (SafetensorError, ValueError, KeyError, TypeError, RecursionError) as err:
        raise cards.damaged(path, err) from err
    cards.refuse_impossible(path, card)
    return StoredGate(str(path.parent), Gate(card.shape, _weights(path, card.shape, tensors)), card)


def _weights(path: Path, shape: GateShape, tensors: dict[str, Tensor]) -> GateWeights:
    """The tensors, if they are those of the shape and finite. Raises ModelError."""
    sizes: dict[str, tuple[int, ...]] = {"out": (shape.hidden or shape.n_inputs,), "bias": (1,)}
    if shape.hidden:
        sizes |= {"layer": (shape.hidden, shape.n_inputs), "offsets": (shape.hidden,)}
    for name, size in sizes.items():
        if name not in tensors or tuple(tensors[name].shape) != size:
            raise ModelError(f"{path}: {name} is missing or of another shape than {size}", AGAIN)
        if not torch.isfinite(tensors[name]).all():
            raise ModelError(f"{path}: {name} holds numbers that are not finite", AGAIN)
    return GateWeights(tensors["out"], tensors["bias"], tensors.get("layer"), tensors.get("offsets"))


def open_gate(name: str, target: LoadedModel, drafter: LoadedModel) -> StoredGate:
    """The gate of a name for a pair: auto, builtin, q, or a folder. Raises InputError, ModelError.

    auto: one that was trained for this pair, and where there is none the drafter's own probability."""
    if name == Q:
        return StoredGate(Q, Q_ALONE, None)
    pair = GatedPair.of(target.spec, drafter.spec)
    if name == AUTO:
        return _own(pair, drafter) or StoredGate(Q, Q_ALONE, None)
    stored = read(cards.named_folder(name))
    _refuse_other_pair(stored, pair, drafter, name)
    return stored._replace(name=name)


def fit_drafter(model: LoadedModel | None, spec: str, target: LoadedModel) -> LoadedModel:
    """The drafter's model, whose states a gate reads. Raises InputError where there is none, or of other ids."""
    if model is None:
        raise InputError(f"{spec} is no model, and a gate reads a model's states", "choose a model as drafter")
    if model.drafts_through == "text":
        reason = f"{model.spec} has another tokenizer than {target.spec}"
        raise InputError(f"{reason}, and a gate needs drafts in the target's own tokens", "choose another drafter")
    return model


def open_for_pair(name: str, target: LoadedModel, drafter: LoadedModel) -> PairGate:
    """A gate for all generations of a pair, opened once. Raises InputError, ModelError."""
    return PairGate(drafter, open_gate(name, target, drafter))


def _own(pair: GatedPair, drafter: LoadedModel) -> StoredGate | None:
    """The newest gate for a pair among the user's, or the built-in one."""
    for path in cards.candidates():
        try:
            stored = read(path)
            _refuse_other_pair(stored, pair, drafter, str(path))
        except EngineError:
            continue
        return stored
    return None


def _refuse_other_pair(stored: StoredGate, pair: GatedPair, drafter: LoadedModel, name: str) -> None:
    """Raises InputError where a gate was trained for other models, or reads other states than the drafter has."""
    card = stored.card
    assert card is not None
    cards.refuse_other_pair(card, pair, name)
    width = int(drafter.model.get_input_embeddings().weight.shape[-1])
    reads_model = "hidden" in card.inputs or "embedding" in card.inputs
    if reads_model and card.width != width:
        raise InputError(
            f"the gate {name} reads states of {card.width} numbers, and {drafter.spec} has {width}",
            cards.way_out(pair.target, pair.drafter),
        )
