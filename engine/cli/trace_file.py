"""The file that a command saves its run to."""

from pathlib import Path

from engine.cli.output import Output
from engine.errors import EngineError, InputError
from engine.events import Event, RunStarted
from engine.runs.trace import TraceWriter


class TraceFile:
    """Written from the start of the run on; where the disk refuses, the run goes on without one, and says so."""

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
        """No more events."""
        if self._writer is not None:
            self._writer.close()
