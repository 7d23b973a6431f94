"""The log of a training in its folder: every event goes through it into a file; knows no step.

* imports neither Qt nor torch."""

from collections.abc import Generator
from contextlib import closing
from pathlib import Path

from engine.errors import EngineError, InputError
from engine.events import Event, Refused, Warned, faults
from engine.runs import trace
from engine.runs.trace import TraceWriter

# A corpus may well be called training.jsonl, and the folder of a drafter may lie in that of its texts.
FILE_NAME = "training-log.jsonl"
# Beside it: the folder of all that is unfinished, and therein what the training was begun with.
WORK, BEGAN = "training", "began.json"
_WHAT = "the training's log"


def logged(path: Path, events: Generator[Event, None, None]) -> Generator[Event, None, None]:
    """Pass events on, each written first, after those of earlier attempts; also the fault that ends them.

    A disk that refuses ends the log, with one warning, and never the training."""
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
    """Whether the training of the log lies where its log does; a log may be a copy."""
    return (path.parent / WORK / BEGAN).is_file()


class _Log:
    """A file that is made with its first event, and given up at the first refusal of the disk."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer: TraceWriter | None = None
        self._given_up = False

    def add(self, event: Event) -> Generator[Event, None, None]:
        """Write an event; yields a warning where that came to an end."""
        if self._given_up:
            return
        try:
            self._writer = self._writer or _opened(self._path)
            self._writer.write(event)
        except EngineError as err:
            self.close()
            self._given_up = True
            yield Warned(err.message, err.hint)

    def close(self) -> None:
        """No more events."""
        if self._writer is not None:
            self._writer.close()


def _opened(path: Path) -> TraceWriter:
    """A writer after what is there; a file that cannot be read to its end is set aside, not added to."""
    writer = TraceWriter(path, append=True, what=_WHAT)
    if not path.stat().st_size or _whole(path):
        return writer
    writer.close()
    try:
        path.replace(path.with_name(f"{path.name}.damaged"))
    except OSError as err:
        raise EngineError(f"{_WHAT} {path} is damaged and cannot be moved ({err})", "move it by hand") from err
    return TraceWriter(path, what=_WHAT)


def _whole(path: Path) -> bool:
    try:
        found = trace.read(path)
    except InputError:
        return False
    return found.damage is None and found.of_training
