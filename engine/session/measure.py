"""Measures what a loaded pair costs, for a host: the bench of the commands, and the models left as they were."""

from collections.abc import Iterator
from threading import Event as Flag
from typing import TYPE_CHECKING

from engine.commands import Measure
from engine.errors import InputError
from engine.events import Event
from engine.machine.out_of_memory import memory_errors
from engine.measuring.scaling import Scales, bench

if TYPE_CHECKING:
    from engine.session.session import Session

_SMALLER = "use a smaller model, or unload others"


def measure(session: "Session", asked: Measure, cancelled: Flag) -> Iterator[Event]:
    """Yield progress and, after every point, all there is so far.

    Raises InputError where there is no pair of two models, or no room for a text."""
    pair = session.models
    if pair is None or pair.drafter is None:
        what = "no pair is loaded" if pair is None else f"{session.drafter_spec} is no drafter model"
        raise InputError(what, "choose a model as drafter in the setup: its steps are what is timed")
    room = max(1, pair.target.context - asked.n_new)
    contexts = tuple(one for one in asked.contexts if one <= room) or (room,)
    scales = Scales(contexts, asked.gammas, asked.batches, asked.gamma, asked.n_new, asked.n_blocks)
    # transformers' generate is given settings of its own for the time being.
    kept = pair.target.model.generation_config
    try:
        with memory_errors("the measurement", _SMALLER):
            yield from (item for item in bench(pair, scales, cancelled) if isinstance(item, Event))
    finally:
        pair.target.model.generation_config = kept


HANDLERS = {Measure: measure}
