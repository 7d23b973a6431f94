"""One run as the window keeps it: its events, and its summary now and after any earlier event."""

from array import array
from bisect import bisect_right
from collections.abc import Iterable
from pathlib import Path

from app.state.round_tree import tree_of
from engine.events import Event, RoundFinished, RunStarted
from engine.runs.summary import Summary, fold

_CHECKPOINT_EVERY = 256


class RunRecord:
    """Grows by `add`. number: counts the runs of this session from 1; source: the file it was read from.

    ids: the tokens of the text so far, the prompt's first."""

    def __init__(self, number: int, *, source: Path | None = None) -> None:
        self.number = number
        self.source = source
        self.saved: Path | None = None
        self.events: list[Event] = []
        self.summary = Summary()
        # The summary before every 256th event, so that any earlier one is at most 255 folds away.
        self._checkpoints: list[Summary] = []
        self.ids = array("q")
        self._rounds: dict[int, int] = {}
        # For each round: where its tokens begin in `ids`, and the index of its event.
        self._starts = array("q")
        self._indices = array("q")

    @property
    def started(self) -> RunStarted | None:
        """How the run began."""
        first = self.events[0] if self.events else None
        return first if isinstance(first, RunStarted) else None

    @property
    def ended(self) -> bool:
        """Whether no more events will come."""
        return self.summary.state != "running"

    def add(self, event: Event) -> None:
        """Append an event."""
        if len(self.events) % _CHECKPOINT_EVERY == 0:
            self._checkpoints.append(self.summary)
        if isinstance(event, RoundFinished):
            self._rounds.setdefault(event.round, len(self.events))
            self._starts.append(len(self.ids))
            self._indices.append(len(self.events))
            self.ids.extend(event.emitted)
        elif isinstance(event, RunStarted):
            self.ids.extend(event.prompt_ids)
        self.events.append(event)
        self.summary = fold(self.summary, event)

    def round(self, number: int) -> RoundFinished | None:
        """The round of that number."""
        index = self._rounds.get(number)
        event = None if index is None else self.events[index]
        return event if isinstance(event, RoundFinished) else None

    def round_at(self, place: int) -> RoundFinished:
        """The round of that place, 0 first or, below 0, counted from the last."""
        event = self.events[self._indices[place]]
        assert isinstance(event, RoundFinished)
        return event

    @property
    def last_round(self) -> int:
        """Number of events up to the end of the last round."""
        return self._indices[-1] + 1 if self._indices else len(self.events)

    def event_after(self, n_rounds: int) -> int:
        """Number of events up to the end of `n_rounds` rounds; all events for all rounds."""
        if n_rounds >= len(self._indices):
            return len(self.events)
        return self._indices[n_rounds - 1] + 1 if n_rounds > 0 else self._indices[0]

    def piece(self, position: int) -> str:
        """The text of one token of `ids`, as shown."""
        index = bisect_right(self._starts, position) - 1
        if index < 0:
            pieces = () if self.started is None else self.started.prompt_pieces
            return pieces[position] if position < len(pieces) else ""
        event = self.events[self._indices[index]]
        assert isinstance(event, RoundFinished)
        texts = [event.proposed[node].text for node in tree_of(event).path]
        texts += [event.last.text] if event.last is not None else []
        offset = position - self._starts[index]
        return texts[offset] if offset < len(texts) else ""

    def add_all(self, events: Iterable[Event]) -> None:
        """Append events up to the end of the run; events that a file holds after it belong to no run."""
        for event in events:
            if self.events and self.ended:
                return
            self.add(event)

    def settle(self) -> None:
        """Compute what needs every timed block on the thread that read them: a panel would hold the window for it."""
        _ = self.summary.measured_speedup, self.summary.disturbances, self.summary.costs

    def summary_at(self, n_events: int) -> Summary:
        """The summary after the first `n_events` events."""
        if n_events >= len(self.events):
            return self.summary
        first = n_events // _CHECKPOINT_EVERY
        summary = self._checkpoints[first]
        for event in self.events[first * _CHECKPOINT_EVERY : n_events]:
            summary = fold(summary, event)
        return summary
