"""What a method provides and receives: its description, its request, its configuration's bounds.

* imports neither Qt nor torch."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Literal, TypeAlias

import msgspec

from engine.events import Event
from engine.settings import Request

if TYPE_CHECKING:
    from engine.runtime import RunContext

Workspace: TypeAlias = Literal["decode", "rag"]


class Metric(msgspec.Struct, frozen=True):
    """A series a method reports through `Measured`; it gets a plot from this."""

    name: str
    unit: str
    help: str


class MethodSpec(msgspec.Struct, frozen=True):
    """A method: how it is named, configured and run. workspace: the one whose panels show its events."""

    name: str
    title: str
    paper: str
    lossless: bool
    config: type[msgspec.Struct]
    run: "Callable[[msgspec.Struct, Request, RunContext], Iterator[Event]]"
    metrics: tuple[Metric, ...] = ()
    drafted: bool = True
    workspace: Workspace = "decode"
