"""Passes a run's events to the outbox and, where runs are saved, writes them to the run's file.

* imports neither Qt nor torch."""

from pathlib import Path
from typing import Protocol

from engine.errors import EngineError
from engine.events import Event, Refused, RoundFinished, RunFinished, RunStarted
from engine.runs.trace import FILE_NAME, TraceWriter


class Outbox(Protocol):
    """Takes events: a queue, or a pipe to another process."""

    def put(self, event: Event, /) -> object:
        """Take one event."""


def run_file(runs: Path, started: RunStarted) -> Path:
    """The file that a run is saved to."""
    stamp = started.started_utc.replace(":", "").replace("-", "")
    return runs / f"{stamp}-{started.method}-{started.run_id}" / FILE_NAME


class RunLog:
    """Passes one run's events to the outbox and, where runs are saved, to the run's file."""

    def __init__(self, runs: Path | None, outbox: Outbox) -> None:
        self.started = False
        self.at_s = 0.0
        self._n_tokens = 0
        self._runs = runs
        self._outbox = outbox
        self._writer: TraceWriter | None = None

    def add(self, event: Event) -> None:
        """Save one event and pass it on."""
        if isinstance(event, RunStarted):
            self.started = True
            # Passed on first, so that a refusal to save comes after the start of the run.
            self._outbox.put(event)
            self._open(event)
        if isinstance(event, RoundFinished):
            self._n_tokens += len(event.emitted)
        self.at_s = getattr(event, "at_s", self.at_s)
        self._write(event)
        if not isinstance(event, RunStarted):
            self._outbox.put(event)

    def cancelled(self) -> RunFinished:
        """The last event of a stopped run."""
        return RunFinished("cancelled", self._n_tokens, at_s=self.at_s)

    def close(self) -> None:
        """Close the file; no more events follow."""
        if self._writer is not None:
            self._writer.close()

    def _open(self, event: RunStarted) -> None:
        if self._runs is None:
            return
        try:
            self._writer = TraceWriter(run_file(self._runs, event))
        except EngineError as err:
            self._outbox.put(Refused("save", err.message, err.hint))

    def _write(self, event: Event) -> None:
        if self._writer is None:
            return
        try:
            self._writer.write(event)
        except EngineError as err:
            self._writer.close()
            self._writer = None
            self._outbox.put(Refused("save", err.message, err.hint))
