"""Reads and writes a gate: a safetensors file whose metadata names the pair that it was trained for.

A gate reads the states of one drafter and answers for one target. It is refused for any other pair, with the command
that trains one."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import msgspec
import torch
from msgspec import Meta
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from engine.errors import EngineError, InputError, ModelError
from engine.events import GateConfusion, GateInput, GateLabel
from engine.machine import paths
from engine.machine.file_kinds import refuse_irregular
from engine.models import checkpoint_folder
from engine.models.hashes import model_hash
from engine.models.loading import LoadedModel
from engine.sprinter.gate import Q_ALONE, Gate, GateShape, GateWeights

FILE_NAME = "gate.safetensors"
BUILTIN, AUTO, Q = "builtin", "auto", "q"
_CARD = "draftscope_gate"
_AGAIN = "train it again with draftscope sprinter train"
_MOST_BYTES = 1 << 26
_LENGTH_BYTES = 8
_LONGEST_SPEC = 120
_Width = Annotated[int, Meta(ge=0, le=1 << 16)]


class GateCard(msgspec.Struct, frozen=True):
    """Where a gate comes from. target, drafter: SPECs; the hashes are of their files, empty for models without files.

    n_rows, n_documents, auc, q_auc, confusions: of the held-out documents."""

    target: str
    target_hash: str
    drafter: str
    drafter_hash: str
    inputs: tuple[GateInput, ...]
    width: _Width
    hidden: Annotated[int, Meta(ge=0, le=4096)]
    label: GateLabel
    n_rows: int
    n_documents: int
    auc: float
    q_auc: float
    confusions: tuple[GateConfusion, ...]
    made_utc: str = ""
    settings: tuple[tuple[str, str], ...] = ()

    @property
    def shape(self) -> GateShape:
        """What the gate reads and how large it is."""
        return GateShape(self.width, self.inputs, self.hidden)


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
    raw: bytes = save(named, {_CARD: msgspec.json.encode(card).decode()})
    return raw


def read(path: Path) -> StoredGate:
    """Read a gate's file, or the one in a folder. Raises InputError where there is none, ModelError for another."""
    path = path / FILE_NAME if path.is_dir() else path
    refuse_irregular(path, "name the folder of a gate", most_bytes=_MOST_BYTES)
    try:
        raw = path.read_bytes()
    except (OSError, ValueError) as err:
        raise InputError(f"there is no gate at {path}", "train one with draftscope sprinter train") from err
    try:
        card = _card(raw)
        tensors = {name: tensor.float() for name, tensor in load(raw).items()}
    except (SafetensorError, ValueError, KeyError, TypeError) as err:
        raise ModelError(f"{path} is no gate, or is damaged ({str(err)[:120]})", _AGAIN) from err
    _refuse_impossible(path, card)
    return StoredGate(str(path.parent), Gate(card.shape, _weights(path, card.shape, tensors)), card)


def _card(raw: bytes) -> GateCard:
    """The card in a file's header. Raises ValueError, KeyError."""
    length = int.from_bytes(raw[:_LENGTH_BYTES], "little")
    header = msgspec.json.decode(raw[_LENGTH_BYTES : _LENGTH_BYTES + length], type=dict[str, object])
    metadata = msgspec.convert(header["__metadata__"], dict[str, str])
    return msgspec.json.decode(metadata[_CARD], type=GateCard)


def _refuse_impossible(path: Path, card: GateCard) -> None:
    """Raises ModelError for a gate that reads nothing, or whose figures are in no order."""
    thresholds = [each.threshold for each in card.confusions]
    if not card.inputs or len(set(card.inputs)) < len(card.inputs):
        raise ModelError(f"{path}: it reads nothing, or one thing twice", _AGAIN)
    if not thresholds or thresholds != sorted(thresholds):
        raise ModelError(f"{path}: its figures are not in order of their thresholds", _AGAIN)


def _weights(path: Path, shape: GateShape, tensors: dict[str, Tensor]) -> GateWeights:
    """The tensors, if they are those of the shape and finite. Raises ModelError."""
    sizes: dict[str, tuple[int, ...]] = {"out": (shape.hidden or shape.n_inputs,), "bias": (1,)}
    if shape.hidden:
        sizes |= {"layer": (shape.hidden, shape.n_inputs), "offsets": (shape.hidden,)}
    for name, size in sizes.items():
        if name not in tensors or tuple(tensors[name].shape) != size:
            raise ModelError(f"{path}: {name} is missing or of another shape than {size}", _AGAIN)
        if not torch.isfinite(tensors[name]).all():
            raise ModelError(f"{path}: {name} holds numbers that are not finite", _AGAIN)
    return GateWeights(tensors["out"], tensors["bias"], tensors.get("layer"), tensors.get("offsets"))


def open_gate(name: str, target: LoadedModel, drafter: LoadedModel) -> StoredGate:
    """The gate of a name for a pair: auto, builtin, q, or a folder. Raises InputError, ModelError.

    auto: one that was trained for this pair, and where there is none the drafter's own probability."""
    if name == Q:
        return StoredGate(Q, Q_ALONE, None)
    if name == AUTO:
        return _own(target, drafter) or StoredGate(Q, Q_ALONE, None)
    stored = read(builtin_path() if name == BUILTIN else Path(name).expanduser())
    _refuse_other_pair(stored, target, drafter, name)
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


def builtin_path() -> Path:
    """The folder of the gate for the built-in pair."""
    return checkpoint_folder.builtin_folder("gate")


def _own(target: LoadedModel, drafter: LoadedModel) -> StoredGate | None:
    """The newest gate for a pair among the user's, or the built-in one."""
    for path in _candidates():
        try:
            stored = read(path)
            _refuse_other_pair(stored, target, drafter, str(path))
        except EngineError:
            continue
        return stored
    return None


def _candidates() -> Iterator[Path]:
    try:
        own = sorted(paths.gates().glob(f"*/{FILE_NAME}"), key=lambda path: -path.stat().st_mtime_ns)
    except OSError:
        own = []
    yield from own
    yield builtin_path()


def _refuse_other_pair(stored: StoredGate, target: LoadedModel, drafter: LoadedModel, name: str) -> None:
    """Raises InputError where a gate was trained for other models."""
    card = stored.card
    assert card is not None
    way_out = f"retrain: draftscope sprinter train --target {target.spec} --drafter {drafter.spec}, or use --gate q"
    roles: tuple[tuple[Literal["target", "drafter"], str, str, str, str], ...] = (
        ("target", card.target, card.target_hash, target.spec, model_hash(target.spec)),
        ("drafter", card.drafter, card.drafter_hash, drafter.spec, model_hash(drafter.spec, drafter=True)),
    )
    for role, spec, digest, own_spec, own_digest in roles:
        if digest != own_digest or (not digest and spec != own_spec):
            whose = f"the gate {name} was trained for the {role} {spec[:_LONGEST_SPEC]}"
            reason = f"{whose}, and the files of {own_spec} differ from it"
            raise InputError(reason, way_out)
    width = int(drafter.model.get_input_embeddings().weight.shape[-1])
    reads_model = "hidden" in card.inputs or "embedding" in card.inputs
    if reads_model and card.width != width:
        raise InputError(
            f"the gate {name} reads states of {card.width} numbers, and {drafter.spec} has {width}", way_out
        )
