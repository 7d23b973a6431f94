"""One run as the window keeps it: its events, its summary now and at any earlier event; knows no widget."""

from array import array
from bisect import bisect_right
from collections.abc import Iterable
from pathlib import Path

from engine.events import Event, RoundFinished, RunStarted
from engine.runs.summary import Summary, fold

_MARK_EVERY = 256


class RunRecord:
    """Grows by `add`. number: its place among the runs of this session, from 1; source: the file it was read from.

    ids: the tokens of the text so far, the prompt's first."""

    def __init__(self, number: int, *, source: Path | None = None) -> None:
        self.number = number
        self.source = source
        self.saved: Path | None = None
        self.events: list[Event] = []
        self.summary = Summary()
        # The summary before every 256th event, so that no earlier one is more than 255 folds away.
        self._marks: list[Summary] = []
        self.ids = array("q")
        self._rounds: dict[int, int] = {}
        # Where each round's tokens begin in `ids`, and its event.
        self._starts = array("q")
        self._indices = array("q")

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

    @property
    def last_round(self) -> int:
        """How many events there are up to the end of the last round."""
        return self._indices[-1] + 1 if self._indices else len(self.events)

    def event_after(self, n_rounds: int) -> int:
        """How many events there are up to the end of that many rounds; all of them for all rounds."""
        if n_rounds >= len(self._indices):
            return len(self.events)
        return self._indices[n_rounds - 1] + 1 if n_rounds > 0 else self._indices[0]

    def piece(self, place: int) -> str:
        """The text of one token of `ids`, as it is shown."""
        at = bisect_right(self._starts, place) - 1
        if at < 0:
            pieces = () if self.started is None else self.started.prompt_pieces
            return pieces[place] if place < len(pieces) else ""
        event = self.events[self._indices[at]]
        assert isinstance(event, RoundFinished)
        texts = [token.text for token in event.proposed if token.fate == "accepted"]
        texts += [event.last.text] if event.last is not None else []
        within = place - self._starts[at]
        return texts[within] if within < len(texts) else ""

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
