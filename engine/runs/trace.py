"""Writes and reads the files of runs and other work: one event per line as JSON, readable up to the first damaged line.

* imports neither Qt nor torch."""

from collections.abc import Generator, Iterator
from os import SEEK_END
from pathlib import Path
from threading import Event as Flag
from typing import BinaryIO, NamedTuple

import msgspec

from engine.errors import EngineError, InputError
from engine.events import (
    SCHEMA,
    AnyEvent,
    BlockFinished,
    Candidate,
    CheckpointSaved,
    ComparisonStarted,
    Event,
    GenerationMeasured,
    LastToken,
    Measured,
    Progressed,
    ProposedToken,
    RaceStarted,
    RoundFinished,
    RunStarted,
    TrainingEstimated,
    TrainingFinished,
    TrainingStarted,
    WorkStarted,
)
from engine.machine.file_kinds import refuse_irregular
from engine.machine.valid_text import readable
from engine.runs import foreign_files

FILE_NAME = "trace.jsonl"
_MAX_LINE_BYTES = 16 * 2**20
_MAX_FILE_BYTES = 2**31
_LARGEST = 2**53
# A thousand repeats, the most that can be asked for, make two thousand blocks; each takes time in every summary.
_MOST_BLOCKS = 2048
_MOST_SETTINGS = 1000
_MOST_PROPOSED = 4096
_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(AnyEvent)
# What a file begins with; a training that was kept before there was a store begins with its estimate.
_FIRST = (RunStarted, ComparisonStarted, RaceStarted, WorkStarted, TrainingEstimated)
_NO_START = "it does not begin with the start of a run, a comparison, a training or a measurement"
_HINT = "open a trace.jsonl, a training-log.jsonl, or a file that Draftscope exported as a trace"
_VERSIONED = (RunStarted, TrainingStarted, ComparisonStarted, WorkStarted)


class Trace(NamedTuple):
    """The content of a file. damage: where and why reading stopped early, None for an intact file."""

    events: tuple[Event, ...]
    damage: str | None

    @property
    def of_training(self) -> bool:
        """Whether the file is that of a training rather than of a run."""
        first = self.events[0]
        return isinstance(first, TrainingEstimated) or (isinstance(first, WorkStarted) and first.kind == "training")

    @property
    def of_comparison(self) -> bool:
        """Whether the file is that of a comparison."""
        return isinstance(self.events[0], ComparisonStarted)


class TraceWriter:
    """Appends events to a file and flushes each one at once. what: whose events they are, in words."""

    def __init__(self, path: Path, *, append: bool = False, what: str = "the run") -> None:
        """append: continue an existing file. Raises EngineError if the file cannot be created."""
        self.path = path
        self._what = what
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file: BinaryIO = _open_complete_lines(path) if append and path.exists() else path.open("xb")
        except OSError as err:
            raise EngineError(
                f"{what} cannot be saved to {path} ({err})", "free the disk or choose another folder"
            ) from err

    def write(self, event: Event) -> None:
        """Append one event; progress reports are left out. Raises EngineError if the disk refuses."""
        if isinstance(event, Progressed):
            return
        try:
            self._file.write(_line(event))
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


def _line(event: Event) -> bytes:
    """The line of an event."""
    try:
        return _encoder.encode(event) + b"\n"
    except UnicodeEncodeError:  # the name of a file that is no text
        return _encoder.encode(readable(msgspec.to_builtins(event))) + b"\n"


def _open_complete_lines(path: Path) -> BinaryIO:
    """Open a file to append to, cut after its last complete line: readers would stop at an unfinished one."""
    file = path.open("r+b")
    size = file.seek(0, SEEK_END)
    tail_at = file.seek(max(0, size - _MAX_LINE_BYTES))
    file.truncate(tail_at + file.read().rfind(b"\n") + 1)
    file.seek(0, SEEK_END)
    return file


class FileJob:
    """What a long read or write shares with its observer: how much of it is done, and whether to stop."""

    def __init__(self) -> None:
        self.cancelled = Flag()
        self.done = 0
        self.total = 0


def read(path: Path, job: FileJob | None = None) -> Trace:
    """Read the file of a run or other work; `job` counts its bytes and can stop it.

    Raises InputError: no such file, no log of ours, written by a newer version, or larger than 2 GiB. Raises
    EngineError if it was stopped."""
    events: list[Event] = []
    shared, steps = SharedTokens(), follow(path, job)
    while True:
        try:
            event = next(steps)
        except StopIteration as end:
            return Trace(tuple(events), end.value)
        shared.share(event)
        events.append(event)


def follow(path: Path, job: FileJob | None = None) -> Generator[Event, None, str | None]:
    """Yield the events of a file one by one, so that a long one needs little memory; returns the damage, if any.

    Raises as `read` does, before the first event if the file is no log of ours."""
    if path.is_dir():
        raise InputError(f"{path} is not a Draftscope trace: it is a folder", _HINT)
    refuse_irregular(path, _HINT)
    try:
        n_bytes = path.stat().st_size
        if n_bytes > _MAX_FILE_BYTES:
            raise InputError(
                f"{path} has {n_bytes / 2**30:.1f} GiB, more than the 2 GiB a run may have", "open another"
            )
        with path.open("rb") as file:
            job = job or FileJob()
            job.total = n_bytes
            return (yield from _events(path, _lines(file, job)))
    except OSError as err:
        raise InputError(f"{path} cannot be opened ({err.strerror})", "check the path") from err


def _lines(file: BinaryIO, job: FileJob) -> Iterator[bytes]:
    while line := file.readline(_MAX_LINE_BYTES + 1):
        job.done += len(line)
        if job.cancelled.is_set():
            raise EngineError("the file was not opened: stopped by you", "open it again")
        yield line


class SharedTokens:
    """Makes equal tokens share their id and text: a long run repeats few tokens, and each copy takes memory."""

    def __init__(self) -> None:
        self._ids: dict[int, int] = {}
        self._texts: dict[str, str] = {}

    def share(self, event: Event) -> None:
        """Replace each id and text that an event repeats by the first equal one."""
        if isinstance(event, GenerationMeasured):
            for inner in event.rounds:
                self.share(inner)
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
        """Write to a frozen struct, which is safe here: an equal value takes the place of an equal one."""
        msgspec.structs.force_setattr(entry, "id", self._ids.setdefault(entry.id, entry.id))
        msgspec.structs.force_setattr(entry, "text", self._texts.setdefault(entry.text, entry.text))


def _events(path: Path, lines: Iterator[bytes]) -> Generator[Event, None, str | None]:
    is_first, why_foreign = True, foreign_files.why_foreign(b"", _MAX_LINE_BYTES)
    damage: str | None = None
    n_blocks = 0
    for number, line in enumerate(lines, 1):
        event = _event_or_reason(line)
        n_blocks += isinstance(event, BlockFinished)
        if n_blocks > _MOST_BLOCKS:
            event = _Impossible(f"more than {_MOST_BLOCKS:,} timed blocks")
        if isinstance(event, str):
            damage = f"line {number} of {path.name}: {event}"
            is_ours = isinstance(event, _Impossible)
            why_foreign = str(event) if is_ours else foreign_files.why_foreign(line, _MAX_LINE_BYTES)
            break
        if is_first and not isinstance(event, _FIRST):
            why_foreign = _NO_START
            break
        _refuse_newer(path, event)
        yield event
        is_first = False
    if is_first:
        raise InputError(f"{path} is not a Draftscope trace: {why_foreign}", _HINT)
    return damage


class _Impossible(str):
    """Why an event of ours cannot be true."""


def _event_or_reason(line: bytes) -> Event | str:
    """The event of a line, or why there is none."""
    if (reason := _line_damage(line)) is not None:
        return reason
    try:
        event = _decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as err:
        return str(err)
    reason = _why_impossible(event)
    return event if reason is None else _Impossible(reason)


def _line_damage(line: bytes) -> str | None:
    if len(line) > _MAX_LINE_BYTES:
        return f"longer than {_MAX_LINE_BYTES // 2**20} MiB"
    return None if line.endswith(b"\n") else "the last line was not finished"


def _why_impossible(event: Event) -> str | None:
    """Why an event cannot be true: it has larger or more numbers than any run, which would only break the display."""
    if (reason := _why_unlike_a_run(event)) is not None:
        return reason
    numbers: list[int | float]
    if isinstance(event, RoundFinished):
        tokens: list[ProposedToken | LastToken] = [*event.proposed, *(() if event.last is None else (event.last,))]
        numbers = [event.round, *event.emitted, *(token.id for token in tokens), *(token.rank or 0 for token in tokens)]
    elif isinstance(event, GenerationMeasured):
        numbers = [*event.prompt_ids, *event.ids, event.prompt, event.turn, event.repeat, event.n_rounds]
    elif isinstance(event, RunStarted | RaceStarted):
        numbers = [*event.prompt_ids, *(value for _, value in event.settings if isinstance(value, int))]
    elif isinstance(event, Measured | TrainingStarted | TrainingEstimated | TrainingFinished | CheckpointSaved):
        numbers = [value for value in msgspec.structs.astuple(event) if isinstance(value, int | float)]
    else:
        return None
    largest = max(map(abs, numbers), default=0)
    return None if largest <= _LARGEST else "a number larger than any run has"


def _why_unlike_a_run(event: Event) -> str | None:
    """Why the parts of an event do not belong together, or are more than any run has."""
    if isinstance(event, RunStarted):
        n_ids, n_pieces = len(event.prompt_ids), len(event.prompt_pieces)
        if n_ids != n_pieces:
            return f"a prompt of {n_ids:,} tokens with the texts of {n_pieces:,}"
        if len(event.settings) > _MOST_SETTINGS:
            return f"{len(event.settings):,} settings"
    if isinstance(event, RoundFinished) and len(event.proposed) > _MOST_PROPOSED:
        return f"{len(event.proposed):,} proposed tokens in a round"
    return None


def _refuse_newer(path: Path, event: Event) -> None:
    if isinstance(event, _VERSIONED) and event.schema > SCHEMA:
        raise InputError(f"{path} has version {event.schema}, this program reads up to {SCHEMA}", "update Draftscope")
