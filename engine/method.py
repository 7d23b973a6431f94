"""What a method declares about itself: its name, its configuration, its metrics and how it is run.

* imports neither Qt nor torch."""

from collections.abc import Callable, Generator, Iterator, Sequence
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from engine.events import Event
from engine.settings import Request

if TYPE_CHECKING:
    from engine.decoding.generation import Generation, GenerationEvent
    from engine.runtime import RunContext


class Metric(msgspec.Struct, frozen=True):
    """A series that a method reports through `Measured` events of that name, one value per round; it gets its own plot.

    title, unit: of the plot and its axis. help: what a good value is, in one sentence."""

    name: str
    title: str
    unit: str
    help: str


# One generation of a method from a prompt, and nothing beside it: its rounds, and last what it generated.
Decode: TypeAlias = (
    "Callable[[msgspec.Struct, Sequence[int], RunContext], Generator[GenerationEvent, None, Generation]]"
)


class MethodSpec(msgspec.Struct, frozen=True):
    """A method: how it is named, configured and run.

    help: what it does, in one sentence. paper: its source, empty if there is none. lossless: whether its text has the
    same distribution as the target's. drafted: whether it needs a drafter. workspace: the one whose panels show its
    events. decode: one generation, for comparisons; None where it cannot be a lane. captured: whether its rounds may
    run as CUDA graphs."""

    name: str
    title: str
    help: str
    paper: str
    lossless: bool
    config: type[msgspec.Struct]
    run: "Callable[[msgspec.Struct, Request, RunContext], Iterator[Event]]"
    metrics: tuple[Metric, ...] = ()
    drafted: bool = True
    decode: "Decode | None" = None
    captured: bool = True
    workspace: str = "decode"
