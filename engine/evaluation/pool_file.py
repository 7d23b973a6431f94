"""Keeps the demonstrations of a pool on disk: a line for each training question that was answered, usable or not.

* imports neither Qt nor torch.

A pool that was left half made continues its file, and repeats nothing."""

from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import msgspec
from filelock import FileLock, Timeout

from engine.errors import EngineError, InUse
from engine.machine import paths
from engine.machine.refused_writes import way_out
from engine.rag.demonstration_pool import PooledDemonstration
from engine.reports import writing


class TriedQuestion(msgspec.Struct, frozen=True):
    """A training question that was answered. kept: the demonstration; None where its answer was wrong."""

    id: str
    kept: PooledDemonstration | None = None


class PoolContent(NamedTuple):
    """What decides a pool: two pools of equal content have equal files. made_from: fingerprints and settings."""

    made_from: tuple[str, ...]

    @property
    def key(self) -> str:
        """A short name for it."""
        return sha256("\n".join(self.made_from).encode()).hexdigest()[:16]


class PoolFile:
    """The file of one pool; one writer at a time. tried: the questions in it so far."""

    def __init__(self, content: PoolContent) -> None:
        """Open it. Raises InUse: another program writes it. EngineError: it cannot be read or written."""
        self.path = paths.user_cache() / "demonstrations" / f"{content.key}.jsonl"
        self._lock = FileLock(f"{self.path}.lock", timeout=0)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._lock.acquire()
            self.tried = _read(self.path)
        except Timeout as err:
            raise InUse("these demonstrations are being made by another program", "wait until it ends") from err
        except OSError as err:
            self._lock.release()
            raise self._error(err) from err

    def add(self, question: TriedQuestion) -> None:
        """Append a question. Raises EngineError if the disk refuses."""
        try:
            with self.path.open("ab") as file:
                file.write(msgspec.json.encode(question) + b"\n")
        except OSError as err:
            raise self._error(err) from err
        self.tried = (*self.tried, question)

    def close(self) -> None:
        """Let others write it."""
        self._lock.release()

    def _error(self, err: OSError) -> EngineError:
        return EngineError(
            f"{self.path} cannot be written ({err.strerror or err})", f"{way_out(err)}, or ask with m = 0"
        )


def _read(path: Path) -> tuple[TriedQuestion, ...]:
    """The questions of a file, each once; what cannot be read, such as a torn last line, is dropped from it."""
    if not path.exists():
        return ()
    lines = path.read_bytes().splitlines(keepends=True)
    tried = {question.id: question for question in _decoded(lines)}
    if len(tried) < len(lines):
        writing.replace(path, b"".join(msgspec.json.encode(question) + b"\n" for question in tried.values()))
    return tuple(tried.values())


def _decoded(lines: Iterable[bytes]) -> Iterable[TriedQuestion]:
    for line in lines:
        try:
            yield msgspec.json.decode(line, type=TriedQuestion)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue
