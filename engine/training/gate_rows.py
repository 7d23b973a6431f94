"""Stores the labelled tokens from which a gate learns: a folder with a file for each document, so that a collection
which was interrupted goes on with the next one."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from engine.errors import EngineError, InputError
from engine.training.disk import LOCK, one_at_a_time, refused_by_disk, write_synced

_START, _PARTIAL = "collection.json", "collection.partial"
_THEN = "collect again: it goes on where it stopped"
_WIDE = ("states", "embeddings")
_WORDS = {
    "target_hash": "target's weights", "drafter_hash": "drafter's weights", "n_new": "number of tokens a document",
    "top_k": "top-k", "top_p": "top-p",
}  # fmt: skip


class CollectionStart(msgspec.Struct, frozen=True):
    """What a collection was made with. target, drafter: SPECs; hashes: of their files. greedy: whether tokens were
    drafted and judged greedily; the temperature is 0 then."""

    target: str
    target_hash: str
    drafter: str
    drafter_hash: str
    width: int
    prompts: str
    n_new: int
    seed: int
    temperature: float = 0.0
    top_k: int = 0
    top_p: float = 1.0

    @property
    def greedy(self) -> bool:
        """Whether tokens were drafted and judged greedily."""
        return self.temperature == 0


class GateRows(NamedTuple):
    """n drafted tokens. states, embeddings: [n, width], of the drafter's last layer and of the token; q, p: [n], the
    token's probability under drafter and target; matched: [n], 1 where it is the target's first choice; tv: [n], total
    variation at its position; tokens: [n] ids; documents: [n], which text it belongs to."""

    states: Tensor
    embeddings: Tensor
    q: Tensor
    p: Tensor
    matched: Tensor
    tv: Tensor
    tokens: Tensor
    documents: Tensor

    @property
    def hard(self) -> Tensor:
        """1 where q <= p, [n] float32."""
        return (self.q <= self.p).float()

    @property
    def soft(self) -> Tensor:
        """min(1, p / q), [n] float32."""
        return (self.p / self.q.clamp_min(1e-12)).clamp_max(1.0)


class RowsFolder(NamedTuple):
    """A folder of rows and what they were made with."""

    path: Path
    start: CollectionStart

    def document(self, number: int) -> GateRows | None:
        """The rows of a document that an earlier attempt wrote; None where it wrote none. Raises EngineError."""
        path = _part(self.path, number)
        return _read_part(path, self.start.width) if path.is_file() else None

    def write(self, document: int, rows: GateRows) -> None:
        """Write a document's rows, at once or not at all. Raises EngineError where the disk refuses."""
        path = _part(self.path, document)
        partial = path.with_suffix(".partial")
        with refused_by_disk("the rows of a document", self.path, _THEN):
            write_synced(partial, save({name: value.contiguous() for name, value in rows._asdict().items()}))
            partial.replace(path)

    def read(self) -> GateRows:
        """All rows, in order of their documents. Raises InputError where there are none, EngineError where a file is
        damaged."""
        parts = [_read_part(path, self.start.width) for path in sorted(self.path.glob("rows-*.safetensors"))]
        if not parts:
            raise InputError(
                f"{self.path} holds no rows", "collect some, in the tab Approximate or with draftscope sprinter collect"
            )
        return GateRows(*(torch.cat(columns) for columns in zip(*parts, strict=True)))


@contextmanager
def collecting(path: Path, start: CollectionStart) -> Iterator[RowsFolder]:
    """A new folder, or one that was begun with the same settings, for one collection at a time.

    Raises InputError for another one, InUse where another program collects into it."""
    _refuse_other_contents(path)
    with one_at_a_time(path, "the collection", "collects rows in", _THEN):
        yield begin(path, start)


def begin(path: Path, start: CollectionStart) -> RowsFolder:
    """A new folder, or one that was begun with the same settings. Raises InputError for another one."""
    if (path / _START).exists():
        earlier = open_rows(path)
        if earlier.start != start:
            other = next(
                name for name in start.__struct_fields__ if getattr(earlier.start, name) != getattr(start, name)
            )
            reason = f"{path} holds rows of another collection: it differs in the {_WORDS.get(other, other)}"
            raise InputError(reason, "name a new folder, or delete that one")
        return earlier
    _refuse_other_contents(path)
    with refused_by_disk("the collection", path, _THEN):
        path.mkdir(parents=True, exist_ok=True)
        partial = path / _PARTIAL
        write_synced(partial, msgspec.json.format(msgspec.json.encode(start)))
        partial.replace(path / _START)
    return RowsFolder(path, start)


def _refuse_other_contents(path: Path) -> None:
    """Raises InputError where a collection would begin in a folder that holds something else, or in a file."""
    if not path.exists() or (path / _START).exists():
        return
    if not path.is_dir() or any(file.name not in (LOCK, _PARTIAL) for file in path.iterdir()):
        raise InputError(f"{path} exists and holds something else", "name a new folder")


def open_rows(path: Path) -> RowsFolder:
    """The folder of a collection. Raises InputError where it is none."""
    try:
        return RowsFolder(path, msgspec.json.decode((path / _START).read_bytes(), type=CollectionStart))
    except ValueError as err:
        reason = f"{path / _START} is damaged, so that it is not known what the rows beside it were made with"
        raise InputError(reason, "name a new folder, or delete that one") from err
    except OSError as err:
        raise InputError(
            f"{path} is no collection of rows",
            "collect some, in the tab Approximate or with draftscope sprinter collect",
        ) from err


def _part(path: Path, document: int) -> Path:
    return path / f"rows-{document:06d}.safetensors"


def _read_part(path: Path, width: int) -> GateRows:
    try:
        rows = GateRows(**load_file(path))
        for name, values in rows._asdict().items():
            expected = (len(rows.q), width) if name in _WIDE else (len(rows.q),)
            if values.shape != expected:
                raise ValueError(f"{name} {list(values.shape)} where {list(expected)} is expected")
    except (OSError, SafetensorError, TypeError, ValueError) as err:
        raise EngineError(f"{path} is damaged ({str(err)[:120]})", "delete that file and collect again") from err
    return rows
