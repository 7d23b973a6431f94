"""The runs of this session: which one is live, which one is shown and how much of it is visible."""

from collections.abc import Sequence
from pathlib import Path

from app.state.run_record import RunRecord
from engine.events import Event
from engine.runs.summary import Summary

MAX_PAST_TOKENS = 300_000
_EMPTY = Summary()


class RunHistory:
    """Keeps the newest runs up to a total of tokens, and up to `most` runs if that is given; one of them is on show.

    epoch: rises whenever what is shown no longer continues what was shown before, so that panels start over."""

    def __init__(self, *, most: int | None = None) -> None:
        self._most = most
        self.records: list[RunRecord] = []
        self.live: RunRecord | None = None
        self.shown: RunRecord | None = None
        self.epoch = 0
        self.n_dropped = 0
        self._last_number = 0
        self._position: int | None = None
        self._cached_summary: tuple[int, int, Summary] = (0, 0, _EMPTY)

    @property
    def summary(self) -> Summary:
        """The summary of what is visible."""
        if self.shown is None:
            return _EMPTY
        if self._position is None:
            return self.shown.summary
        key = (self.shown.number, self._position)
        if self._cached_summary[:2] != key:
            self._cached_summary = (*key, self.shown.summary_at(self._position))
        return self._cached_summary[2]

    @property
    def live_summary(self) -> Summary:
        """The summary of the live run, or else of what is visible."""
        return self.summary if self.live is None else self.live.summary

    @property
    def n_visible(self) -> int:
        """How many events of the shown run are visible."""
        if self.shown is None:
            return 0
        return len(self.shown.events) if self._position is None else self._position

    @property
    def at_end(self) -> bool:
        """Whether all of the shown run is visible, including events still to come."""
        return self._position is None

    def events(self, first: int, limit: int) -> Sequence[Event]:
        """At most `limit` visible events, starting at index `first`."""
        return [] if self.shown is None else self.shown.events[first : min(first + limit, self.n_visible)]

    def begin(self, *, live: bool, source: Path | None = None) -> RunRecord:
        """Begin a run and show it."""
        self._last_number += 1
        record = RunRecord(self._last_number, source=source)
        self.put(record, live=live)
        return record

    def put(self, record: RunRecord, *, live: bool = False) -> None:
        """Add a run and show it; drop the oldest beyond the limits."""
        self._last_number = max(self._last_number, record.number)
        self.records.append(record)
        self.live = record if live else self.live
        self.show(record)
        self._drop_oldest()

    def next_number(self) -> int:
        """The number that the next run gets."""
        return self._last_number + 1

    def end_live(self) -> None:
        """Record that the live run has ended."""
        self.live = None

    def show(self, record: RunRecord) -> None:
        """Show a run to its end."""
        if record is self.shown and self._position is None:
            return
        self.shown, self._position = record, None
        self.epoch += 1

    def seek(self, n_events: int) -> None:
        """Make `n_events` events of the shown run visible; at all of them, later events become visible too."""
        if self.shown is None:
            return
        if n_events < self.n_visible:
            self.epoch += 1
        to_end = n_events >= len(self.shown.events) and self.shown is not self.live
        self._position = None if to_end else max(0, min(n_events, len(self.shown.events)))

    @property
    def _too_many(self) -> bool:
        if self._most is not None and len(self.records) > self._most:
            return True
        return sum(record.summary.n_emitted for record in self.records) > MAX_PAST_TOKENS

    def _drop_oldest(self) -> None:
        """Drop runs beyond the limits; the newest and the live one always stay."""
        while len(self.records) > 1 and self._too_many:
            oldest = next(record for record in self.records if record is not self.live)
            if oldest is self.records[-1]:
                return
            self.records.remove(oldest)
            self.n_dropped += 1
