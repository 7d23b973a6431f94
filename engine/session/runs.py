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
from engine.settings import Request, make_config

if TYPE_CHECKING:
    from engine.session.session import Session


def run(session: "Session", asked: Run, cancelled: Flag) -> Iterator[Event]:
    """Run a method. Raises InputError before anything starts; see the method for its events."""
    spec = methods.find(asked.method)
    config = make_config(spec.config, asked.settings)
    context = session.context(cancelled)
    _refuse_without_drafter(session, spec)
    return session.on_pair(context, partial(spec.run, config, asked.request))


def fork(session: "Session", asked: Fork, cancelled: Flag) -> Iterator[Event]:
    """Run a method from the ids of an earlier run."""
    request = Request("", asked.ids, asked.forked_from, asked.forked_at)
    return run(session, Run(asked.method, asked.settings, request), cancelled)


HANDLERS = {Run: run, Fork: fork}


def _refuse_without_drafter(session: "Session", spec: MethodSpec) -> None:
    if spec.drafted and session.drafter is None:
        raise InputError(f"{spec.title} needs a drafter", "load one, or choose plain decoding")
