"""What a method declares about itself: its name, its configuration, its metrics and how it is run.

* imports neither Qt nor torch."""

from collections.abc import Callable, Generator, Iterator, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, TypeAlias, cast

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
# A run of a method: its events, from the start to the end.
Run: TypeAlias = "Callable[[msgspec.Struct, Request, RunContext], Iterator[Event]]"


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
    run: "Run"
    metrics: tuple[Metric, ...] = ()
    drafted: bool = True
    decode: "Decode | None" = None
    captured: bool = True
    workspace: str = "decode"


def run_in(package: str) -> "Run":
    """The function `run` of the module `run` in a method's package, imported when it is first called: describing a
    method must not load torch."""

    def run(config: msgspec.Struct, request: Request, runtime: "RunContext") -> Iterator[Event]:
        return cast("Run", import_module(f"{package}.run").run)(config, request, runtime)

    return run
