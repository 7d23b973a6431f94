"""The card of a gate: what it reads, which pair it was trained for, and its shares on held-out documents.

* imports neither Qt nor torch, so that the window reads a gate's figures without loading its weights."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, NamedTuple, Self

import msgspec
from msgspec import Meta

from engine.errors import EngineError, InputError, ModelError
from engine.events import GateConfusion, GateInput, GateLabel, ReliabilityBin
from engine.machine import paths
from engine.machine.file_kinds import refuse_irregular
from engine.models import checkpoint_folder
from engine.models.hashes import model_hash
from engine.statistics import Interval

FILE_NAME = "gate.safetensors"
BUILTIN, AUTO, Q = "builtin", "auto", "q"
CARD = "draftscope_gate"
AGAIN = "train it again with draftscope sprinter train"
MOST_BYTES = 1 << 26
_LENGTH_BYTES, _LONGEST_SPEC = 8, 120
# Shares are differences of sums, which may miss 0 and 1 by their rounding.
_ROUNDING = 1e-6
_Width = Annotated[int, Meta(ge=0, le=1 << 16)]


class GateShape(NamedTuple):
    """What a gate reads and how large it is. width: of the state. hidden: of a layer before its output, 0 for none."""

    width: int
    inputs: tuple[GateInput, ...] = ("hidden", "log_q")
    hidden: int = 0

    @property
    def n_inputs(self) -> int:
        """How many numbers it reads."""
        n_states = ("hidden" in self.inputs) + ("embedding" in self.inputs)
        return self.width * n_states + ("log_q" in self.inputs)

    @property
    def n_parameters(self) -> int:
        """How many numbers it is made of."""
        if not self.hidden:
            return self.n_inputs + 1
        return self.hidden * (self.n_inputs + 1) + self.hidden + 1


class GateCard(msgspec.Struct, frozen=True):
    """Where a gate comes from. target, drafter: SPECs; the hashes are of their files, empty for models without files.

    n_rows, n_documents, auc, q_auc, confusions, auc_ci, reliability: of the held-out documents. Cards written before
    the last two were kept have none."""

    target: str
    target_hash: str
    drafter: str
    drafter_hash: str
    inputs: tuple[GateInput, ...]
    width: _Width
    hidden: Annotated[int, Meta(ge=0, le=4096)]
    label: GateLabel
    n_rows: Annotated[int, Meta(ge=0, le=1 << 53)]
    n_documents: Annotated[int, Meta(ge=0, le=1 << 53)]
    auc: float
    q_auc: float
    confusions: tuple[GateConfusion, ...]
    made_utc: str = ""
    settings: tuple[tuple[str, str], ...] = ()
    auc_ci: Interval | None = None
    reliability: tuple[ReliabilityBin, ...] = ()

    @property
    def shape(self) -> GateShape:
        """What the gate reads and how large it is."""
        return GateShape(self.width, self.inputs, self.hidden)


class GatedPair(NamedTuple):
    """The models that a gate is to serve: SPECs, and hashes of their files, empty for models without files."""

    target: str
    target_hash: str
    drafter: str
    drafter_hash: str

    @classmethod
    def of(cls, target: str, drafter: str) -> Self:
        """The pair of two SPECs; reads both ends of the files."""
        return cls(target, model_hash(target), drafter, model_hash(drafter, drafter=True))


class FoundCard(NamedTuple):
    """A card and the folder of its gate."""

    folder: Path
    card: GateCard


def card_of(name: str, target: str, drafter: str) -> FoundCard | None:
    """The card of the gate that `open_gate` would open for a pair of SPECs; None for the drafter's own probability.

    Raises InputError, ModelError as `open_gate`."""
    if name == Q:
        return None
    pair = GatedPair.of(target, drafter)
    if name == AUTO:
        return next(_own(pair), None)
    folder = named_folder(name)
    card = read_card(folder)
    refuse_other_pair(card, pair, name)
    return FoundCard(folder, card)


def _own(pair: GatedPair) -> Iterator[FoundCard]:
    for path in candidates():
        try:
            card = read_card(path)
            refuse_other_pair(card, pair, str(path))
        except EngineError:
            continue
        yield FoundCard(path if path.is_dir() else path.parent, card)


def named_folder(name: str) -> Path:
    """The folder that a name of a gate stands for. Raises InputError for what is no path."""
    try:
        return builtin_path() if name == BUILTIN else Path(name).expanduser()
    except RuntimeError as err:
        raise no_gate(Path(name)) from err


def builtin_path() -> Path:
    """The folder of the gate for the built-in pair."""
    return checkpoint_folder.builtin_folder("gate")


def candidates() -> Iterator[Path]:
    """Where the gate of a pair is looked for: among the user's, the newest first, then the built-in one."""
    try:
        own = sorted(paths.gates().glob(f"*/{FILE_NAME}"), key=lambda path: -path.stat().st_mtime_ns)
    except OSError:
        own = []
    yield from own
    yield builtin_path()


def read_card(path: Path) -> GateCard:
    """Read the card of a gate's file, or of the one in a folder, and none of its weights.

    Raises InputError where there is none, ModelError for another file."""
    path = path / FILE_NAME if path.is_dir() else path
    refuse_irregular(path, "name the folder of a gate", most_bytes=MOST_BYTES)
    try:
        with path.open("rb") as file:
            length = file.read(_LENGTH_BYTES)
            raw = length + file.read(min(MOST_BYTES, int.from_bytes(length, "little")))
    except (OSError, ValueError) as err:
        raise no_gate(path) from err
    try:
        card = parse_card(raw)
    except (ValueError, KeyError, TypeError, RecursionError) as err:
        raise damaged(path, err) from err
    refuse_impossible(path, card)
    return card


def no_gate(path: Path) -> InputError:
    """The refusal of a path without a gate."""
    return InputError(f"there is no gate at {path}", "train one with draftscope sprinter train")


def damaged(path: Path, err: Exception) -> ModelError:
    """The refusal of a file that is no gate."""
    return ModelError(f"{path} is no gate, or is damaged ({str(err)[:120]})", AGAIN)


def parse_card(raw: bytes) -> GateCard:
    """The card in a file's header. Raises ValueError, KeyError."""
    length = int.from_bytes(raw[:_LENGTH_BYTES], "little")
    header = msgspec.json.decode(raw[_LENGTH_BYTES : _LENGTH_BYTES + length], type=dict[str, object])
    metadata = msgspec.convert(header["__metadata__"], dict[str, str])
    return msgspec.json.decode(metadata[CARD], type=GateCard)


def refuse_impossible(path: Path, card: GateCard) -> None:
    """Raises ModelError for a gate that reads nothing, or whose figures are in no order or are no shares."""
    thresholds = [each.threshold for each in card.confusions]
    if not card.inputs or len(set(card.inputs)) < len(card.inputs):
        raise ModelError(f"{path}: it reads nothing, or one thing twice", AGAIN)
    if not thresholds or thresholds != sorted(thresholds):
        raise ModelError(f"{path}: its figures are not in order of their thresholds", AGAIN)
    shares = [card.auc, card.q_auc, *(card.auc_ci or ())]
    shares += (share for at in card.confusions for share in msgspec.structs.astuple(at))
    shares += (share for each in card.reliability for share in (each.predicted, each.observed))
    if not all(-_ROUNDING <= share <= 1 + _ROUNDING for share in shares) or any(b.n < 1 for b in card.reliability):
        raise ModelError(f"{path}: its figures are no shares from 0 to 1", AGAIN)


def refuse_other_pair(card: GateCard, pair: GatedPair, name: str) -> None:
    """Raises InputError where a gate was trained for other models."""
    roles = (
        ("target", card.target, card.target_hash, pair.target, pair.target_hash),
        ("drafter", card.drafter, card.drafter_hash, pair.drafter, pair.drafter_hash),
    )
    for role, spec, digest, own_spec, own_digest in roles:
        if digest != own_digest or (not digest and spec != own_spec):
            whose = f"the gate {name} was trained for the {role} {spec[:_LONGEST_SPEC]}"
            raise InputError(f"{whose}, and the files of {own_spec} differ from it", way_out(pair.target, pair.drafter))


def way_out(target: str, drafter: str) -> str:
    """What to do where a gate belongs to another pair."""
    return f"retrain: draftscope sprinter train --target {target} --drafter {drafter}, or use --gate q"
