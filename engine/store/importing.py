"""Takes trace files from elsewhere into the store: checked, copied under a name of our own, never twice.

* imports neither Qt nor torch."""

import filecmp
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

from engine.errors import EngineError, InputError
from engine.machine.refused_writes import way_out
from engine.runs import trace
from engine.runs.trace import FILE_NAME, FileJob
from engine.store import folders, labels
from engine.store.digest import Digest, Fold
from engine.store.labels import Labels

Outcome: TypeAlias = Literal["imported", "known", "refused", "skipped"]
_MOST_FILES = 100_000
_ENDING = ".jsonl"


class ImportedTrace(NamedTuple):
    """What became of a file. run_id: the run that it is now, or was before. why: why it was refused, or where it is
    damaged; skipped: a file in a folder that is no log of ours."""

    path: Path
    outcome: Outcome
    run_id: str = ""
    why: str = ""


def import_traces(runs: Path, sources: Sequence[Path], job: FileJob | None = None) -> Iterator[ImportedTrace]:
    """Take in files, and all traces in folders; yields what became of each. The sources stay as they are.

    `RunIndex.take_in` lists them afterwards. Raises EngineError if the store cannot be written, or stopped by `job`."""
    job = job or FileJob()
    known: dict[int, list[tuple[str, Path]]] = {}
    for folder in folders.scan(runs):
        known.setdefault(folder.n_bytes, []).append((folder.id, folder.path))
    for path, is_named in _files(sources):
        if job.cancelled.is_set():
            raise EngineError("the import was stopped by you", "import again: what was taken in stays")
        answer = _import(runs, path, known, job)
        yield answer._replace(outcome="skipped") if answer.outcome == "refused" and not is_named else answer


def _files(sources: Sequence[Path]) -> Iterator[tuple[Path, bool]]:
    """The files to look at, and whether each was named itself. Links to folders are not followed."""
    for source in sources:
        if not source.is_dir():
            yield source, True
            continue
        n_files = 0
        for folder, below, names in os.walk(source):
            below.sort()
            for name in sorted(names):
                n_files += 1
                if n_files > _MOST_FILES:
                    raise InputError(f"{source} holds more than {_MOST_FILES:,} files", "name a folder below it")
                path = Path(folder, name)
                if path.suffix == _ENDING and path.is_file() and not path.is_symlink():
                    yield path, False


def _import(runs: Path, path: Path, known: dict[int, list[tuple[str, Path]]], job: FileJob) -> ImportedTrace:
    try:
        content, damage = _checked(path, job)
        n_bytes = path.stat().st_size
        for run_id, there in known.get(n_bytes, ()):
            if filecmp.cmp(path, there, shallow=False):
                return ImportedTrace(path, "known", run_id, damage)
    except InputError as err:
        return ImportedTrace(path, "refused", why=err.message)
    except OSError as err:
        return ImportedTrace(path, "refused", why=f"{path} cannot be read ({err.strerror or err})")
    run_id = _name(content)
    _copy(path, runs, run_id)
    known.setdefault(n_bytes, []).append((run_id, runs / run_id / FILE_NAME))
    return ImportedTrace(path, "imported", run_id, damage)


def _checked(path: Path, job: FileJob) -> tuple[Digest, str]:
    """Read a file to its end or its damage. Raises InputError if it is no log of ours, OSError."""
    if not path.is_file():  # a pipe or a device might never end
        raise InputError(f"{path} is no file", "name a trace.jsonl or a folder with some")
    fold = Fold()
    steps = trace.follow(path, job)
    while True:
        try:
            event = next(steps)
        except StopIteration as end:
            damage = end.value or ""
            break
        fold.take(event)
    return fold.digest(damage), damage


def _name(content: Digest) -> str:
    """A new name that says what it is; nothing of it leads anywhere, whatever the file says."""
    utc = content.started_utc or time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    what = content.method if content.kind == "run" else content.kind
    safe = re.sub(r"[^A-Za-z0-9_]+", "-", what).strip("-")[:40] or content.kind
    return f"{re.sub('[-:]', '', utc)}-{safe}-{secrets.token_hex(4)}"


def _copy(path: Path, runs: Path, run_id: str) -> None:
    """Copy a file, and the labels beside it, into a new folder that appears when it is whole. Raises EngineError."""
    partial = runs / f".incoming-{secrets.token_hex(4)}"
    try:
        partial.mkdir(parents=True)
        shutil.copyfile(path, partial / FILE_NAME)
        written = labels.read(path.parent) if path.name == FILE_NAME else Labels()
        if written != Labels():
            labels.write(partial, written)
        partial.rename(runs / run_id)
    except OSError as err:
        raise EngineError(f"{path} cannot be copied to {runs} ({err.strerror or err})", way_out(err)) from err
    finally:
        shutil.rmtree(partial, ignore_errors=True)
