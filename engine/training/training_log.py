"""Writes every event of a training to a log file in its folder.

* imports neither Qt nor torch."""

from collections.abc import Generator
from contextlib import closing
from pathlib import Path

from engine.errors import EngineError, InputError
from engine.events import Event, Refused, Warned, faults
from engine.runs import trace
from engine.runs.trace import TraceWriter

# Not training.jsonl: a corpus may have that name, and the folder of a drafter may lie inside that of its texts.
FILE_NAME = "training-log.jsonl"
# Beside it lies the folder of everything unfinished; it holds the record of what the training began with.
WORK, BEGAN = "training", "began.json"
_WHAT = "the training's log"


def logged(path: Path, events: Generator[Event, None, None]) -> Generator[Event, None, None]:
    """Write each event to the log, after those of earlier attempts, then pass it on; log a fault that ends them, too.

    If the disk refuses, the log ends with one warning; the training continues."""
    log = _Log(path)
    try:
        with closing(events):
            for event in events:
                yield from log.add(event)
                yield event
    except EngineError as err:
        yield from log.add(Refused("train", err.message, err.hint))
        raise
    except Exception as err:
        yield from log.add(faults.refused("train", err))
        raise
    finally:
        log.close()


def can_go_on_beside(path: Path) -> bool:
    """Whether the log lies beside its training, so that this can be resumed; the log may be a copy elsewhere."""
    return (path.parent / WORK / BEGAN).is_file()


class _Log:
    """A log file that is created with its first event and abandoned when the disk first refuses."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer: TraceWriter | None = None
        self._abandoned = False

    def add(self, event: Event) -> Generator[Event, None, None]:
        """Write an event; yields a warning if the log is abandoned."""
        if self._abandoned:
            return
        try:
            self._writer = self._writer or _open_writer(self._path)
            self._writer.write(event)
        except EngineError as err:
            self.close()
            self._abandoned = True
            yield Warned(err.message, err.hint)

    def close(self) -> None:
        """Close the file."""
        if self._writer is not None:
            self._writer.close()


def _open_writer(path: Path) -> TraceWriter:
    """A writer that appends to the file; one that cannot be read to its end is moved aside and replaced."""
    writer = TraceWriter(path, append=True, what=_WHAT)
    if not path.stat().st_size or _is_complete(path):
        return writer
    writer.close()
    try:
        path.replace(path.with_name(f"{path.name}.damaged"))
    except OSError as err:
        raise EngineError(f"{_WHAT} {path} is damaged and cannot be moved ({err})", "move it by hand") from err
    return TraceWriter(path, what=_WHAT)


def _is_complete(path: Path) -> bool:
    try:
        log = trace.read(path)
    except InputError:
        return False
    return log.damage is None and log.of_training
