"""One run as the window keeps it: its events, its summary now and at any earlier event; knows no widget."""

from collections.abc import Iterable
from pathlib import Path

from engine.events import Event, RunStarted
from engine.summary import Summary, fold

_MARK_EVERY = 256


class RunRecord:
    """Grows by `add`. number: its place among the runs of this session, from 1; source: the file it was read from."""

    def __init__(self, number: int, *, source: Path | None = None) -> None:
        self.number = number
        self.source = source
        self.saved: Path | None = None
        self.events: list[Event] = []
        self.summary = Summary()
        # The summary before every 256th event, so that no earlier one is more than 255 folds away.
        self._marks: list[Summary] = []

    @property
    def started(self) -> RunStarted | None:
        """How the run began."""
        first = self.events[0] if self.events else None
        return first if isinstance(first, RunStarted) else None

    @property
    def ended(self) -> bool:
        """Whether nothing more will come."""
        return self.summary.state != "running"

    def add(self, event: Event) -> None:
        """Append an event."""
        if len(self.events) % _MARK_EVERY == 0:
            self._marks.append(self.summary)
        self.events.append(event)
        self.summary = fold(self.summary, event)

    def add_all(self, events: Iterable[Event]) -> None:
        """Append events up to the end of the run; what a file holds after it belongs to no run."""
        for event in events:
            if self.events and self.ended:
                return
            self.add(event)

    def summary_at(self, n_events: int) -> Summary:
        """The summary after the first `n_events` events."""
        if n_events >= len(self.events):
            return self.summary
        first = n_events // _MARK_EVERY
        summary = self._marks[first]
        for event in self.events[first * _MARK_EVERY : n_events]:
            summary = fold(summary, event)
        return summary
