"""Files of runs and trainings: an event a line as JSON, written as it happens, read up to the damage if there is any.

* imports neither Qt nor torch."""

from collections.abc import Iterator
from os import SEEK_END
from pathlib import Path
from threading import Event as Flag
from typing import BinaryIO, NamedTuple

import msgspec

from engine.errors import EngineError, InputError
from engine.events import (
    SCHEMA,
    AnyEvent,
    Candidate,
    CheckpointSaved,
    Event,
    LastToken,
    Measured,
    Progressed,
    ProposedToken,
    RoundFinished,
    RunStarted,
    TrainingEstimated,
    TrainingFinished,
    TrainingStarted,
)

FILE_NAME = "trace.jsonl"
_MAX_LINE_BYTES = 16 * 2**20
_MAX_FILE_BYTES = 2**31
_LARGEST = 2**53
_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(AnyEvent)


class Trace(NamedTuple):
    """What a file held. damage: where and why reading stopped early, None for a whole file."""

    events: tuple[Event, ...]
    damage: str | None

    @property
    def of_training(self) -> bool:
        """Whether it is of a training; otherwise it is of a run."""
        return isinstance(self.events[0], TrainingEstimated)


class TraceWriter:
    """Appends events to a file, each on disk before the next happens. what: whose events they are, in words."""

    def __init__(self, path: Path, *, append: bool = False, what: str = "the run") -> None:
        """append: goes on with a file that is there. Raises EngineError where the file cannot be made."""
        self.path = path
        self._what = what
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file: BinaryIO = _whole_lines(path) if append and path.exists() else path.open("xb")
        except OSError as err:
            raise EngineError(
                f"{what} cannot be saved to {path} ({err})", "free the disk or choose another folder"
            ) from err

    def write(self, event: Event) -> None:
        """Append one event; progress reports are not kept. Raises EngineError where the disk refuses."""
        if isinstance(event, Progressed):
            return
        try:
            self._file.write(_encoder.encode(event) + b"\n")
            self._file.flush()
        except OSError as err:
            raise EngineError(
                f"{self._what} is no longer saved to {self.path} ({err})", f"free disk space; {self._what} goes on"
            ) from err

    def close(self) -> None:
        """Close the file; what a full disk still refuses is lost, and was reported by `write`."""
        try:
            self._file.close()
        except OSError:
            return


def _whole_lines(path: Path) -> BinaryIO:
    """A file to append to, without the line that was not finished: readers would stop there."""
    file = path.open("r+b")
    size = file.seek(0, SEEK_END)
    tail_at = file.seek(max(0, size - _MAX_LINE_BYTES))
    file.truncate(tail_at + file.read().rfind(b"\n") + 1)
    file.seek(0, SEEK_END)
    return file


class FileJob:
    """What a long read or write and its watcher share: how far it is of how much, and whether to stop."""

    def __init__(self) -> None:
        self.cancelled = Flag()
        self.done = 0
        self.total = 0


def read(path: Path, job: FileJob | None = None) -> Trace:
    """Read the file of a run or a training; `job` counts its bytes and can stop it.

    Raises InputError: no such file, neither of the two, made by a newer version, or larger than 2 GiB. Raises
    EngineError where it was stopped."""
    try:
        n_bytes = path.stat().st_size
        if n_bytes > _MAX_FILE_BYTES:
            raise InputError(
                f"{path} has {n_bytes / 2**30:.1f} GiB, more than the 2 GiB a run may have", "open another"
            )
        with path.open("rb") as file:
            job = job or FileJob()
            job.total = n_bytes
            return _collect(path, _lines(file, job))
    except OSError as err:
        raise InputError(f"{path} cannot be opened ({err.strerror})", "check the path") from err


def _lines(file: BinaryIO, job: FileJob) -> Iterator[bytes]:
    while line := file.readline(_MAX_LINE_BYTES + 1):
        job.done += len(line)
        if job.cancelled.is_set():
            raise EngineError("the file was not opened: stopped by you", "open it again")
        yield line


class SharedTokens:
    """Makes tokens of the same id share its number and text: a long run repeats few, and each copy takes memory."""

    def __init__(self) -> None:
        self._ids: dict[int, int] = {}
        self._texts: dict[str, str] = {}

    def share(self, event: Event) -> None:
        """Replace what an event repeats by the first of its kind."""
        if not isinstance(event, RoundFinished):
            return
        for token in event.proposed:
            self._share_token(token)
        if event.last is not None:
            self._share_token(event.last)

    def _share_token(self, token: ProposedToken | LastToken) -> None:
        self._replace(token)
        for candidate in token.top_p:
            self._replace(candidate)
        for candidate in token.top_q:
            self._replace(candidate)

    def _replace(self, entry: ProposedToken | LastToken | Candidate) -> None:
        """Frozen structs are otherwise never written to: an equal value takes the place of an equal one."""
        msgspec.structs.force_setattr(entry, "id", self._ids.setdefault(entry.id, entry.id))
        msgspec.structs.force_setattr(entry, "text", self._texts.setdefault(entry.text, entry.text))


def _collect(path: Path, lines: Iterator[bytes]) -> Trace:
    events: list[Event] = []
    shared = SharedTokens()
    damage: str | None = None
    for number, line in enumerate(lines, 1):
        reason = _reason_to_stop(line)
        if reason is None:
            try:
                event = _decoder.decode(line)
                reason = _impossible(event)
                if reason is None:
                    shared.share(event)
                    events.append(event)
                    continue
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as err:
                reason = str(err)
        damage = f"line {number} of {path.name}: {reason}"
        break
    _check_start(path, events, damage)
    return Trace(tuple(events), damage)


def _reason_to_stop(line: bytes) -> str | None:
    if len(line) > _MAX_LINE_BYTES:
        return f"longer than {_MAX_LINE_BYTES // 2**20} MiB"
    return None if line.endswith(b"\n") else "the last line was not finished"


def _impossible(event: Event) -> str | None:
    """Why an event cannot be true: a number beyond what any run has, which would only break what shows it."""
    numbers: list[int | float]
    if isinstance(event, RoundFinished):
        numbers = [event.round, *event.emitted]
    elif isinstance(event, RunStarted):
        numbers = [*event.prompt_ids, *(value for _, value in event.settings if isinstance(value, int))]
    elif isinstance(event, Measured | TrainingStarted | TrainingEstimated | TrainingFinished | CheckpointSaved):
        numbers = [value for value in msgspec.structs.astuple(event) if isinstance(value, int | float)]
    else:
        return None
    largest = max(map(abs, numbers), default=0)
    return None if largest <= _LARGEST else "a number larger than any run has"


def _check_start(path: Path, events: list[Event], damage: str | None) -> None:
    first = events[0] if events else None
    if not isinstance(first, RunStarted | TrainingEstimated):
        reason = damage or "it does not begin with RunStarted or TrainingEstimated"
        raise InputError(
            f"{path} is not a Draftscope run or training ({reason})", "open a trace.jsonl or training-log.jsonl"
        )
    newest = max((event.schema for event in events if isinstance(event, RunStarted | TrainingStarted)), default=0)
    if newest > SCHEMA:
        raise InputError(f"{path} has version {newest}, this program reads up to {SCHEMA}", "update Draftscope")
