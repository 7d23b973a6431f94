"""Runs a method on the loaded pair, from a prompt or from a token of an earlier run."""

from collections.abc import Iterator
from functools import partial
from threading import Event as Flag
from typing import TYPE_CHECKING

from engine import methods
from engine.commands import Fork, Run
from engine.errors import InputError
from engine.events import Event
from engine.method import MethodSpec
from engine.methods.drag.config import ReadingConfig
from engine.session.known_answers import with_known_answers
from engine.settings import Request, make_config

if TYPE_CHECKING:
    from engine.session.session import Session


def run(session: "Session", command: Run, cancelled: Flag) -> Iterator[Event]:
    """Run a method. Raises InputError before anything starts; see the method for its events."""
    spec = methods.find(command.method)
    config = make_config(spec.config, command.settings)
    context = session.context(cancelled)
    _refuse_without_drafter(session, spec)
    events = session.on_pair(context, partial(spec.run, config, command.request))
    if isinstance(config, ReadingConfig):
        return with_known_answers(events, config.index, config.pool)
    return events


def fork(session: "Session", command: Fork, cancelled: Flag) -> Iterator[Event]:
    """Run a method from the ids of an earlier run."""
    request = Request("", command.ids, command.forked_from, command.forked_at)
    return run(session, Run(command.method, command.settings, request), cancelled)


HANDLERS = {Run: run, Fork: fork}


def _refuse_without_drafter(session: "Session", spec: MethodSpec) -> None:
    if spec.drafted and session.drafter is None:
        raise InputError(f"{spec.title} needs a drafter", "load one, or choose plain decoding")
