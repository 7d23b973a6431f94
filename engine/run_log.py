"""One run's way out of the engine: each event to the inbox and, where runs are saved, to its file.

* imports neither Qt nor torch."""

from pathlib import Path
from queue import SimpleQueue

from engine.errors import EngineError
from engine.events import Event, Refused, RoundFinished, RunFinished, RunStarted
from engine.trace import FILE_NAME, TraceWriter


class RunLog:
    """One run's way out: to the inbox and, where runs are saved, to its file."""

    def __init__(self, runs: Path | None, inbox: "SimpleQueue[Event]") -> None:
        self.started = False
        self.at_s = 0.0
        self._n_tokens = 0
        self._runs = runs
        self._inbox = inbox
        self._writer: TraceWriter | None = None

    def add(self, event: Event) -> None:
        """Save and hand on one event."""
        if isinstance(event, RunStarted):
            self.started = True
            # First, so that what is said about its file comes after the start of the run.
            self._inbox.put(event)
            self._open(event)
        if isinstance(event, RoundFinished):
            self._n_tokens += len(event.emitted)
        self.at_s = getattr(event, "at_s", self.at_s)
        self._write(event)
        if not isinstance(event, RunStarted):
            self._inbox.put(event)

    def cancelled(self) -> RunFinished:
        """The end of a stopped run."""
        return RunFinished("cancelled", self._n_tokens, at_s=self.at_s)

    def close(self) -> None:
        """No more events."""
        if self._writer is not None:
            self._writer.close()

    def _open(self, event: RunStarted) -> None:
        if self._runs is None:
            return
        stamp = event.started_utc.replace(":", "").replace("-", "")
        try:
            self._writer = TraceWriter(self._runs / f"{stamp}-{event.method}-{event.run_id}" / FILE_NAME)
        except EngineError as err:
            self._inbox.put(Refused("save", err.message, err.hint))

    def _write(self, event: Event) -> None:
        if self._writer is None:
            return
        try:
            self._writer.write(event)
        except EngineError as err:
            self._writer.close()
            self._writer = None
            self._inbox.put(Refused("save", err.message, err.hint))
