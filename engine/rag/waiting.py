"""Waits while another program makes what is needed here too, such as an index or a pool of demonstrations.

* imports neither Qt nor torch."""

import time
from collections.abc import Callable, Generator
from typing import TypeVar

from engine.errors import InUse
from engine.events import Event, Progressed, Warned

_EVERY_S = 0.3
Result = TypeVar("Result")


def no_stop() -> None:
    """Go on: for work that is stopped between its events."""


def when_free(
    make: Callable[[], Generator[Event, None, Result]], checkpoint: Callable[[], None] = no_stop
) -> Generator[Event, None, Result]:
    """Yield the events of `make` and return its value; begin it again for as long as another program is in its way.

    checkpoint: raises Cancelled once the user asked to stop; called after every event."""
    started, waits = time.monotonic(), False
    while True:
        try:
            return (yield from _checked(make(), checkpoint))
        except InUse as err:
            reason = err.message
        if not waits:
            yield Warned(reason, "it is waited for; a stop ends the waiting and loses nothing")
        waits = True
        checkpoint()
        waited_s = time.monotonic() - started
        yield Progressed("waiting", waited_s, 0, "s", waited_s)
        time.sleep(_EVERY_S)


def _checked(steps: Generator[Event, None, Result], checkpoint: Callable[[], None]) -> Generator[Event, None, Result]:
    """Yield events and return a value; a stop is noticed after each event."""
    try:
        while True:
            yield next(steps)
            checkpoint()
    except StopIteration as end:
        result: Result = end.value
        return result
    finally:
        steps.close()
