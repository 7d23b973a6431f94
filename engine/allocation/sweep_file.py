"""Reads and writes a sweep's file: what decides its answers, then a line for each question and cell.

* imports neither Qt nor torch.

Which cells are asked is no part of the head: a sweep over more of them continues the same file. A file that was left
half written continues after its last whole line."""

import os
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, NamedTuple

import msgspec
from filelock import FileLock, Timeout
from msgspec import Struct

from engine.errors import EngineError, InputError, InUse
from engine.events import Allocation, CellAnswered, Setting
from engine.machine import paths
from engine.machine.file_kinds import refuse_irregular
from engine.machine.refused_writes import way_out

SCHEMA = 1
_MOST_BYTES = 1 << 30
# No count of tokens is larger, and a float holds it exactly.
_MOST = 1 << 53
_WAY_OUT = "name the file of a sweep, or leave it out for the newest one"


class SweepHead(Struct, frozen=True, tag_field="event", tag="sweep"):
    """Everything that decides the answers. questions: a digest of them; documents: identifies the corpus; models:
    fingerprints of target, drafter and embedder; place: where the target runs."""

    dataset: str
    questions: str
    n_questions: int
    documents: str
    settings: dict[str, Setting]
    models: dict[str, str]
    place: str
    versions: dict[str, str]
    target: str = ""
    schema: int = SCHEMA


class Sweep(NamedTuple):
    """A sweep as it was read: its head and every answer once."""

    path: Path
    head: SweepHead
    answers: tuple[CellAnswered, ...]


class SweepFile:
    """A file to which answers are added, each written out before the next is asked for; one writer at a time."""

    def __init__(self, head: SweepHead) -> None:
        """Open the sweep of a head, new or to be continued; `known` has its answers so far.

        Raises InUse: another program writes it. InputError: it is damaged. EngineError if it cannot be written."""
        first = msgspec.json.encode(head, order="deterministic") + b"\n"
        name = paths.file_name(Path(head.dataset).stem) or "questions"
        self.path = folder() / f"{name}-{sha256(first).hexdigest()[:12]}.jsonl"
        self._lock = FileLock(f"{self.path}.lock", timeout=0)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._lock.acquire()
            self.known = self._continued(first)
            self._file: BinaryIO = self.path.open("ab")
        except Timeout as err:
            raise InUse(f"{self.path} is being written by another sweep", "wait until it ends") from err
        except OSError as err:
            self._lock.release()
            raise self._error(err) from err
        except BaseException:
            self._lock.release()
            raise

    def _continued(self, first: bytes) -> dict[tuple[str, Allocation], CellAnswered]:
        """The answers of the file, of which a torn last line is cut off; a file without a head gets one."""
        if not self.path.exists() or b"\n" not in self.path.read_bytes()[: len(first)]:
            self.path.write_bytes(first)
            return {}
        whole = self.path.read_bytes()
        if not whole.endswith(b"\n"):
            os.truncate(self.path, whole.rfind(b"\n") + 1)
        return {(answer.question_id, answer.allocation): answer for answer in read(self.path).answers}

    def add(self, answer: CellAnswered) -> None:
        """Append an answer. Raises EngineError if the disk refuses."""
        try:
            self._file.write(msgspec.json.encode(answer) + b"\n")
            self._file.flush()
        except OSError as err:
            raise self._error(err) from err

    def close(self) -> None:
        """Close the file; what a full disk still refuses was reported by `add`."""
        try:
            self._file.close()
        except OSError:
            return
        finally:
            self._lock.release()

    def _error(self, err: OSError) -> EngineError:
        return EngineError(
            f"{self.path} cannot be written ({err.strerror or err})", f"{way_out(err)}; run it again to continue"
        )


def folder() -> Path:
    """The folder of sweeps, one file each."""
    return paths.user_data() / "sweeps"


def read(path: Path) -> Sweep:
    """Read a sweep. Raises InputError: no such file, no sweep, a damaged line; a torn last one is left out."""
    refuse_irregular(path, _WAY_OUT, most_bytes=_MOST_BYTES)
    try:
        with path.open("rb") as file:
            head = _head(path, file.readline())
            answers = {(answer.question_id, answer.allocation): answer for answer in _answers(path, file)}
    except OSError as err:
        raise InputError(f"{path} cannot be read ({err.strerror})", _WAY_OUT) from err
    return Sweep(path, head, tuple(answers.values()))


def _head(path: Path, line: bytes) -> SweepHead:
    try:
        head = msgspec.json.decode(line, type=SweepHead)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as err:
        raise InputError(f"{path} is no sweep", _WAY_OUT) from err
    if head.schema != SCHEMA:
        raise InputError(f"{path} is a sweep of another version ({head.schema})", "sweep again")
    return head


def _answers(path: Path, lines: BinaryIO) -> Iterator[CellAnswered]:
    for number, line in enumerate(lines, 2):
        if not line.endswith(b"\n"):
            return
        try:
            answer = msgspec.json.decode(line, type=CellAnswered)
            _refuse_impossible(answer)
        except (msgspec.DecodeError, ValueError, RecursionError) as err:
            raise InputError(
                f"{path}: line {number} is damaged ({err})", "delete the line, or the file to begin anew"
            ) from err
        yield answer


def _refuse_impossible(answer: CellAnswered) -> None:
    """Raises ValueError for an answer that no sweep writes, which figures and fits would be made of."""
    cell = answer.allocation
    counts = {name: getattr(answer, name) for name in ("input_tokens", "output_tokens", "calls", "latency_ms")}
    for name, value in {"k": cell.k, "m": cell.m, "n": cell.n - 1, **counts}.items():
        if not 0 <= value <= _MOST:
            raise ValueError(f"{name.replace('_', ' ')} is out of its bounds")
    for name, share in (("F1", answer.f1), ("quality", answer.quality or 0.0)):
        if not 0 <= share <= 1:
            raise ValueError(f"{name} is no share from 0 to 1")


def heads() -> list[tuple[Path, SweepHead]]:
    """All sweeps of this user that can be read, the newest first."""
    try:
        files = sorted(folder().glob("*.jsonl"), key=lambda path: path.stat().st_mtime, reverse=True)
    except OSError:
        return []
    readable = []
    for path in files:
        try:
            with path.open("rb") as file:
                readable.append((path, _head(path, file.readline())))
        except (OSError, InputError):
            continue
    return readable


def newest(target: str = "") -> Path:
    """The newest sweep, of a target's fingerprint if one is given. Raises InputError: there is none."""
    known = heads()
    if not known:
        raise InputError("there is no sweep yet", "run draftscope scaling sweep first")
    for path, head in known:
        if not target or head.models.get("target") == target:
            return path
    raise InputError(
        f"there is no sweep of this target, only of {known[0][1].target or 'others'}", "sweep again, or name a file"
    )


def why_new(head: SweepHead) -> str:
    """In what the newest sweep of the same questions differs, in words; empty if there is none."""
    for _, other in heads():
        if other.questions == head.questions and other != head:
            return f"a new sweep: {', '.join(_differences(other, head))} changed since the last one"
    return ""


def _differences(old: SweepHead, new: SweepHead) -> list[str]:
    changed = [f"the {role}" for role in new.models if old.models.get(role) != new.models[role]]
    changed += ["the documents"] if old.documents != new.documents else []
    names = sorted(set(old.settings) | set(new.settings))
    changed += [name.replace("_", " ") for name in names if old.settings.get(name) != new.settings.get(name)]
    changed += ["the device or number type"] if old.place != new.place else []
    changed += ["a library's version"] if old.versions != new.versions else []
    return changed or ["the questions"]
