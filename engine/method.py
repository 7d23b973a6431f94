"""What a method provides and receives: its description, its request, its configuration's bounds.

* imports neither Qt nor torch."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import msgspec

from engine.events import Event
from engine.settings import Request

if TYPE_CHECKING:
    from engine.runtime import RunContext


class Metric(msgspec.Struct, frozen=True):
    """A series that a method reports through `Measured` events of that name, a value a round; it gets a plot from this.

    title, unit: of the plot and its axis. help: what a good value is, in one sentence."""

    name: str
    title: str
    unit: str
    help: str


class MethodSpec(msgspec.Struct, frozen=True):
    """A method: how it is named, configured and run.

    help: what it does, in one sentence. paper: where it comes from, empty where from none. lossless: whether its text
    is distributed as the target's own. drafted: whether it needs a drafter. workspace: the one whose panels show its
    events."""

    name: str
    title: str
    help: str
    paper: str
    lossless: bool
    config: type[msgspec.Struct]
    run: "Callable[[msgspec.Struct, Request, RunContext], Iterator[Event]]"
    metrics: tuple[Metric, ...] = ()
    drafted: bool = True
    workspace: str = "decode"
