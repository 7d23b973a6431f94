"""A recorded run of any length, made from the rounds of a real one; a host that plays it back at a rate."""

import threading
import time
from collections.abc import Iterator
from queue import SimpleQueue

import msgspec

from app.state.run_record import RunRecord
from engine.commands import Command, Load, Run
from engine.events import Event, ModelLoaded, RoundFinished, RunFinished

_SLICE_S = 0.005


def lengthened(record: RunRecord, n_tokens: int) -> Iterator[Event]:
    """The run's rounds over and over, numbered on, until there are `n_tokens` new tokens."""
    rounds = [event for event in record.events if isinstance(event, RoundFinished)]
    assert rounds
    yield from record.events[: record.events.index(rounds[0])]
    number, n_emitted, at_s = 0, 0, 0.0
    while n_emitted < n_tokens:
        event = rounds[number % len(rounds)]
        at_s += (event.draft_ms + event.verify_ms + event.other_ms) / 1000
        yield msgspec.structs.replace(event, round=number, at_s=at_s)
        number, n_emitted = number + 1, n_emitted + len(event.emitted)
    yield RunFinished("length", n_emitted, at_s=at_s)


class RecordedHost:
    """Answers every run with recorded events, so many tokens a second, from a thread of its own."""

    def __init__(self, events: Iterator[Event], tokens_per_s: float) -> None:
        self.inbox: SimpleQueue[Event] = SimpleQueue()
        self._events = events
        self._rate = tokens_per_s
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._play, name="draftscope-recorded", daemon=True)

    def submit(self, command: Command) -> None:
        """Say that a pair is loaded; begin with the first run that is asked for."""
        if isinstance(command, Load):
            self.inbox.put(ModelLoaded(command.target, command.drafter, "cpu", "float32", 0, 0, 0, 0.0))
        elif isinstance(command, Run):
            self._thread.start()

    def cancel(self) -> None:
        """End early."""
        self._stopped.set()

    def close(self) -> bool:
        """End and wait."""
        self.cancel()
        if self._thread.ident is not None:
            self._thread.join()
        return True

    def _play(self) -> None:
        began, n_emitted = time.monotonic(), 0
        for event in self._events:
            if isinstance(event, RoundFinished):
                n_emitted += len(event.emitted)
                while not self._stopped.is_set() and n_emitted > self._rate * (time.monotonic() - began):
                    time.sleep(_SLICE_S)
            if self._stopped.is_set():
                return
            self.inbox.put(event)
