"""What a command keeps: its work among the runs unless --no-save is given, and in the file that --trace names."""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Literal, NamedTuple

from engine.cli.output import Output, Value
from engine.cli.outside_causes import outside_cause
from engine.errors import EngineError, InputError
from engine.events import Event, Measured, Refused, WorkEnded
from engine.machine import paths
from engine.runs.run_log import RunLog, Start
from engine.runs.trace import TraceWriter


class Saving(NamedTuple):
    """What the options say. no_save: keep nothing among the runs. trace: a further file, None for none."""

    no_save: bool = False
    trace: Path | None = None


class KeptLog:
    """Takes the events of one piece of work. If writing fails, the work continues without it and a note says why.

    As a context manager it notes in the log what ended the work early, and closes it."""

    def __init__(self, saving: Saving, output: Output) -> None:
        """Raises InputError where the file exists already."""
        if saving.trace is not None and saving.trace.exists():
            raise InputError(f"{saving.trace} exists already", "name a new file for the run")
        self.run_id: str | None = None
        self._path, self._output = saving.trace, output
        self._writer: TraceWriter | None = None
        self._log = RunLog(None if saving.no_save else paths.runs(), self)

    def __enter__(self) -> "KeptLog":
        return self

    def __exit__(self, kind: type[BaseException] | None, err: BaseException | None, at: TracebackType | None) -> None:
        if err is not None:
            self._cut_short_by(err)
        self.close()

    @property
    def started(self) -> bool:
        """Whether the start of the work was taken."""
        return self._log.started

    def take(self, event: Event) -> None:
        """Save an event."""
        event = self._log.timed(event)
        self._log.add(event)
        if self._log.path is not None:
            self.run_id = self._log.path.parent.name
        self._write(event)

    def put(self, event: Event, /) -> None:
        """Print why the log cannot be written; this is where the log passes its events on to."""
        if isinstance(event, Refused) and event.what == "save":
            self._output.note(f"{event.reason}; {event.hint}")

    def take_figures(self, fields: Mapping[str, Value]) -> None:
        """Keep the numbers of a summary, parts of a field under "field part"; they are the end of the work."""
        for name, value in _numbers("", fields):
            self.take(Measured(name, value, 0))
        self.finished()

    def finished(self) -> None:
        """Note that work without a last event of its own has ended as it should."""
        self._log.ended()
        self._write(self._log.timed(WorkEnded("finished")))

    def stopped(self) -> None:
        """Note that the user stopped the work."""
        self._cut_short("stopped", "stopped by the user", "start it again")

    def close(self) -> None:
        """Close the files; no more events follow."""
        self._log.close()
        if self._writer is not None:
            self._writer.close()

    def _cut_short_by(self, err: BaseException) -> None:
        """Note what ended the work early."""
        cause = outside_cause(err)
        if isinstance(err, EngineError):
            self._cut_short("failed", err.message, err.hint)
        elif isinstance(err, KeyboardInterrupt | GeneratorExit | SystemExit):
            self.stopped()
        elif cause is not None:
            self._cut_short("failed", *cause)
        else:
            self._cut_short("failed", f"{type(err).__name__}: {err}", "this is a defect: please report it")

    def _cut_short(self, state: Literal["stopped", "failed"], why: str, hint: str) -> None:
        """Note, where no run says it itself, that the work ended before its last event."""
        self._log.cut_short(state, why, hint)
        if not self._log.is_run:
            self._write(self._log.timed(WorkEnded(state, why, hint)))

    def _write(self, event: Event) -> None:
        """Write an event to the file that was named, from the start of the work on."""
        try:
            if self._path is not None and isinstance(event, Start) and self._writer is None:
                self._writer = TraceWriter(self._path)
            if self._writer is not None:
                self._writer.write(event)
        except EngineError as err:
            self._path = self._writer = None
            self._output.note(str(err))


def _numbers(prefix: str, value: Value) -> Iterator[tuple[str, float]]:
    if isinstance(value, Mapping):
        for name, part in value.items():
            yield from _numbers(f"{prefix} {name}".strip(), part)
    elif isinstance(value, list | tuple):
        for number, part in enumerate(value, 1):
            yield from _numbers(f"{prefix} {number}", part)
    elif isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        yield prefix, float(value)
