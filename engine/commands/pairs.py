"""Commands that load a pair and run a method on it.

* imports neither Qt nor torch."""

from collections.abc import Mapping
from typing import ClassVar

from engine.commands.order import Order, RunOrder
from engine.events import Event, ModelLoaded, ModelUnloaded, Setting
from engine.settings import Request


class Load(Order, frozen=True, tag=True):
    """Load a pair; `target` and `drafter` are SPECs as on the command line."""

    last: ClassVar[tuple[type[Event], ...]] = (ModelLoaded,)
    doing: ClassVar[str] = "loading"

    target: str = "builtin"
    drafter: str = "builtin"
    device: str = "auto"
    drafter_device: str = "auto"
    dtype: str = "auto"
    runtime: str = "auto"
    quantize: str = "none"


class Unload(Order, frozen=True, tag=True):
    """Release the models."""

    last: ClassVar[tuple[type[Event], ...]] = (ModelUnloaded,)


class Run(RunOrder, frozen=True, tag=True):
    """Run a method on the loaded pair; paused: pause it after its first `n_free` rounds."""

    method: str
    settings: Mapping[str, Setting]
    request: Request
    paused: bool = False
    n_free: int = 0


class Fork(RunOrder, frozen=True, tag=True):
    """Continue from a token of an earlier run with other settings; `ids` are its prompt and tokens up to there."""

    method: str
    settings: Mapping[str, Setting]
    ids: tuple[int, ...]
    forked_from: str
    forked_at: int


class Pause(Order, frozen=True, tag=True):
    """Pause the run after its current round, the training after its current step."""


class Step(Order, frozen=True, tag=True):
    """Let a paused run make one round."""


class Resume(Order, frozen=True, tag=True):
    """Let a paused run or training continue."""
