"""The file that a command saves its run to."""

from pathlib import Path

from engine.cli.output import Output
from engine.errors import EngineError, InputError
from engine.events import Event, RunStarted
from engine.runs.trace import TraceWriter


class TraceFile:
    """Trace of a run, written from its start; if writing fails, the run continues without it and a note says why."""

    def __init__(self, path: Path | None, output: Output) -> None:
        """path: None where nothing is saved. Raises InputError where it exists already."""
        if path is not None and path.exists():
            raise InputError(f"{path} exists already", "name a new file for the run")
        self._path, self._output = path, output
        self._writer: TraceWriter | None = None

    def take(self, event: Event) -> None:
        """Append an event."""
        try:
            if self._path is not None and isinstance(event, RunStarted):
                self._writer = TraceWriter(self._path)
            if self._writer is not None:
                self._writer.write(event)
        except EngineError as err:
            self._writer = None
            self._output.note(str(err))

    def close(self) -> None:
        """Close the file; no more events follow."""
        if self._writer is not None:
            self._writer.close()
