"""Repeats the rounds of a real run to any length, and plays them back as a host at a given rate."""

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
    """Repeat the run's rounds, numbered continuously, until there are `n_tokens` new tokens."""
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
    """Answers a run with recorded events at a given rate in tokens a second, from its own thread."""

    def __init__(self, events: Iterator[Event], tokens_per_s: float) -> None:
        self.inbox: SimpleQueue[Event] = SimpleQueue()
        self._events = events
        self._rate = tokens_per_s
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._play, name="draftscope-recorded", daemon=True)

    def submit(self, command: Command) -> None:
        """Report any pair as loaded; start to play at a run."""
        if isinstance(command, Load):
            self.inbox.put(ModelLoaded(command.target, command.drafter, "cpu", "float32", 0, 0, 0, 0.0))
        elif isinstance(command, Run):
            self._thread.start()

    def cancel(self) -> None:
        """Stop early."""
        self._stopped.set()

    def close(self) -> bool:
        """Stop and wait for the thread to end."""
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
