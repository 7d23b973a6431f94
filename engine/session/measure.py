"""Measures for a host what the loaded pair costs, as the command line's benchmark does; models stay as they were."""

from collections.abc import Iterator
from threading import Event as Flag
from typing import TYPE_CHECKING

from engine.commands import Measure
from engine.errors import InputError
from engine.events import Event
from engine.machine.out_of_memory import memory_errors
from engine.measuring.scaling import Scales, bench
from engine.models.loading import refuse_other_tokenizer

if TYPE_CHECKING:
    from engine.session.session import Session

_SMALLER = "use a smaller model, or unload others"


def measure(session: "Session", command: Measure, cancelled: Flag) -> Iterator[Event]:
    """Yield progress and, after every point, all points so far.

    Raises InputError if there is no pair of two models of one tokenizer, or no room for a text."""
    pair = session.models
    if pair is None or pair.drafter is None:
        what = "no pair is loaded" if pair is None else f"{session.drafter_spec} is no drafter model"
        raise InputError(what, "choose a model as drafter in the setup: its steps are what is timed")
    refuse_other_tokenizer(pair.target, pair.drafter)
    max_context = max(1, pair.target.context - command.n_new)
    contexts = tuple(context for context in command.contexts if context <= max_context) or (max_context,)
    scales = Scales(contexts, command.gammas, command.batches, command.gamma, command.n_new, command.n_blocks)
    # The benchmark replaces the settings of transformers' generate while it runs.
    generation_config = pair.target.model.generation_config
    try:
        with memory_errors("the measurement", _SMALLER):
            yield from (event for event in bench(pair, scales, cancelled) if isinstance(event, Event))
    finally:
        pair.target.model.generation_config = generation_config


HANDLERS = {Measure: measure}
