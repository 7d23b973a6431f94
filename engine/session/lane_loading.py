"""Loads one target and several drafters beside it, for work that brings its own models."""

from collections.abc import Generator, Iterator
from contextlib import closing
from threading import Event as Flag
from typing import TYPE_CHECKING, NamedTuple, TypeVar, cast

from msgspec.structs import replace

from engine import drafters
from engine.commands import Load, OwnModels
from engine.decoding.drafting import Drafter
from engine.events import Event
from engine.models import loading
from engine.models.loading import LoadedModel
from engine.runtime import Cancelled
from engine.session.pairs import plan_of

if TYPE_CHECKING:
    from engine.session.session import Session

T = TypeVar("T")


class LoadedDrafter(NamedTuple):
    """A drafter in memory, and the target as its lanes use it. model: its model, None where it has none."""

    target: LoadedModel
    drafter: Drafter
    model: LoadedModel | None


def load_of(command: OwnModels) -> Load:
    """The command that loads the target alone."""
    return Load(
        command.target, drafters.NONE, command.device, command.drafter_device, command.dtype, command.runtime,
        command.quantize,
    )  # fmt: skip


def loaded_target(session: "Session", pair: Load, cancelled: Flag) -> Generator[Event, None, LoadedModel]:
    """Load the target of a pair, unless it is in memory. Raises Cancelled once the flag is set."""
    if session.loaded is None or replace(session.loaded, drafter=drafters.NONE) != pair:
        yield from until_stopped(session.do(pair), cancelled)
    assert session.target is not None
    return session.target


def loaded_drafter(session: "Session", pair: Load) -> Generator[Event, None, LoadedDrafter]:
    """Load the drafter of a pair beside the target in memory; the one in memory is used again. Raises EngineError."""
    target = session.target
    assert target is not None
    if pair == session.loaded and session.drafter is not None:
        model = None if session.models is None else session.models.drafter
        return LoadedDrafter(loading.with_own_graphs(target), session.drafter, model)
    model = None
    if drafters.find(pair.drafter).needs_model:
        model = yield from loading.load_drafter(plan_of(pair, measure=False))
    return LoadedDrafter(loading.with_own_graphs(target), drafters.build(pair.drafter, target, model), model)


def until_stopped(steps: "Iterator[Event] | Generator[Event, None, T]", cancelled: Flag) -> Generator[Event, None, T]:
    """Pass on the events of a load and return what it does; raises Cancelled once the flag is set."""
    with closing(cast(Generator[Event, None, T], steps)) as events:
        while True:
            if cancelled.is_set():
                raise Cancelled
            try:
                event = next(events)
            except StopIteration as end:
                return cast(T, end.value)
            yield event
