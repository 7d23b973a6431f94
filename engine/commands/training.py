"""Commands that train: drafters, and gates.

* imports neither Qt nor torch."""

from collections.abc import Mapping
from typing import ClassVar, Literal, TypeAlias

from engine.commands.order import Order
from engine.events import Event, GateRowsCollected, GateTrained, Setting, TrainingFinished, WorkKind

# What a continued built-in target learns; empty: what the training that is resumed teaches, or retrieval.
Taught: TypeAlias = Literal["", "retrieval", "demonstrations", "own-words", "unlikelihood"]


class Train(Order, frozen=True, tag=True):
    """Train a drafter for a target on the text in `data` (empty: none) into the folder `out`; `settings` are the
    fields of DrafterConfig."""

    can_be_held: ClassVar[bool] = True
    last: ClassVar[tuple[type[Event], ...]] = (TrainingFinished,)
    ends_itself: ClassVar[bool] = True
    patience_s: ClassVar[float] = 30.0  # it writes a checkpoint first
    after_stop: ClassVar[str] = "resume it; if it had not begun, start it again"
    doing: ClassVar[str] = "training"
    under_way: ClassVar[str] = "a drafter is being trained"
    kept_as: ClassVar[WorkKind | Literal[""]] = "training"

    target: str
    data: str
    out: str
    settings: Mapping[str, Setting]
    device: str = "auto"
    dtype: str = "auto"
    resume: bool = False


class CollectGateRows(Order, frozen=True, tag=True):
    """Label drafted tokens of the loaded pair, for a gate to learn from. prompts: a set as in Compare; n_prompts: how
    many documents; n_new: tokens drafted along each; out: the folder of the rows. settings: those of
    GenerationConfig."""

    needs_pair: ClassVar[bool] = True
    last: ClassVar[tuple[type[Event], ...]] = (GateRowsCollected,)
    ends_itself: ClassVar[bool] = True
    after_stop: ClassVar[str] = "start it again: it goes on with the next document"
    doing: ClassVar[str] = "collecting"
    under_way: ClassVar[str] = "drafted tokens are being labelled"
    kept_as: ClassVar[WorkKind | Literal[""]] = "measurement"

    out: str
    prompts: str = "builtin"
    n_prompts: int = 400
    n_new: int = 40
    settings: Mapping[str, Setting] = {}


class TrainGate(Order, frozen=True, tag=True):
    """Train a gate on the rows in a folder. out: the gate's own folder; settings: those of GateTrainingConfig."""

    last: ClassVar[tuple[type[Event], ...]] = (GateTrained,)
    after_stop: ClassVar[str] = "nothing was written; start it again"
    doing: ClassVar[str] = "training"
    under_way: ClassVar[str] = "a gate is being trained"
    kept_as: ClassVar[WorkKind | Literal[""]] = "training"

    rows: str
    out: str
    settings: Mapping[str, Setting] = {}
