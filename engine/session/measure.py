"""Measures what a loaded pair costs, for a host: the bench of the commands, and the models left as they were."""

from collections.abc import Iterator
from threading import Event as Flag

from engine.commands import Measure
from engine.events import Event
from engine.machine.out_of_memory import memory_errors
from engine.measuring.scaling import Scales, bench
from engine.models.loading import Pair

_SMALLER = "use a smaller model, or unload others"


def measure(pair: Pair, asked: Measure, cancelled: Flag) -> Iterator[Event]:
    """Yield progress and, after every point, all there is so far. Raises InputError where no text has room."""
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
