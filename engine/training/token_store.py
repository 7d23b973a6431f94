"""Stores texts as token ids in a memory-mapped file, so that any amount of text takes little memory."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, TypeAlias

import msgspec
import numpy as np
import torch
from torch import Tensor

from engine.errors import EngineError, InputError
from engine.statistics import FEWEST_FOR_INTERVAL
from engine.training.disk import refused_by_disk, sync, write_synced
from engine.training.rows import RowShape, TrainingBatch

MOST_TOKENS = 50_000_000
_IDS, _LIST = "tokens.bin", "tokens.json"
_HELD_OUT_SHARE, _MOST_HELD_OUT, _LEAST_HELD_OUT = 0.1, 32, 1
# As many as an interval needs, where that leaves three quarters to learn from.
_HELD_OUT_FOR_INTERVAL, _LARGEST_SHARE = FEWEST_FOR_INTERVAL, 0.25
Ids: TypeAlias = "np.typing.NDArray[np.uint32]"


class TokenizedDocument(NamedTuple):
    """A text as ids. key: documents with equal keys fall in the same split; equal texts have equal keys."""

    ids: Sequence[int]
    key: int

    @classmethod
    def of(cls, ids: Sequence[int]) -> "TokenizedDocument":
        """A document that is grouped only with equal texts."""
        return cls(ids, _hash(np.asarray(ids, dtype=np.uint32).tobytes()))


class _Contents(msgspec.Struct, frozen=True):
    """The contents of the id file: where each document ends, its key, what the texts were read from, and the hash of
    the ids; stores of older versions have none."""

    ends: list[int]
    keys: list[int]
    source: str
    digest: str = ""


class TokenStore:
    """Documents in two splits, those to learn from and those held out."""

    def __init__(self, folder: Path, *, seed: int) -> None:
        """Open what `write` left in `folder`. Raises InputError if fewer than two documents differ."""
        self._contents = _read(folder)
        self._ids: Ids = np.memmap(folder / _IDS, dtype=np.uint32, mode="r")
        order = sorted(set(self._contents.keys), key=lambda key: _hash(f"{seed}/{key}".encode()))
        if len(order) < 2:
            raise InputError("there is only one document to learn from", "add more text, so that one can be held out")
        enough = min(_HELD_OUT_FOR_INTERVAL, int(_LARGEST_SHARE * len(order)))
        n = max(_LEAST_HELD_OUT, enough, min(_MOST_HELD_OUT, int(_HELD_OUT_SHARE * len(order))))
        held_out_keys = set(order[:n])
        self.held_out: list[tuple[int, int]] = []
        self.learned: list[tuple[int, int]] = []
        seen: set[int] = set()
        for span, key in zip(_spans(self._contents.ends), self._contents.keys, strict=True):
            if key not in held_out_keys:
                self.learned.append(span)
            elif key not in seen:
                self.held_out.append(span)
            seen.add(key)

    @property
    def source(self) -> str:
        """What the texts were read from."""
        return self._contents.source

    @property
    def n_tokens(self) -> int:
        """Tokens to learn from."""
        return sum(end - start for start, end in self.learned)

    def ids(self, span: tuple[int, int]) -> list[int]:
        """The ids of a document."""
        return [int(index) for index in self._ids[span[0] : span[1]]]

    def rows(self, *, seed: int, whole_from: int | None = None) -> "TextRows":
        """Training batches over the documents to learn from. whole_from: see TextRows."""
        return TextRows(self._ids, self.learned, seed=seed, whole_from=whole_from)


class TextRows:
    """Batches of rows cut from the texts laid end to end: every row once per epoch, each epoch in its own order.

    whole_from: rows of at least so many ids lie each within one document, where any is as long; None: none need to.
    The batch of a step depends only on the seed and the step."""

    def __init__(self, ids: Ids, spans: Sequence[tuple[int, int]], *, seed: int, whole_from: int | None = None) -> None:
        self._ids = ids
        self._whole_from = whole_from
        self._starts = np.array([start for start, _ in spans], dtype=np.int64)
        lengths = np.array([end - start for start, end in spans], dtype=np.int64)
        self._before = np.concatenate([[0], np.cumsum(lengths)])
        self._seed = seed
        self._epoch: tuple[int, int, np.ndarray] = (-1, -1, np.empty(0, dtype=np.int64))

    def batch(self, step: int, shape: RowShape) -> TrainingBatch:
        """The rows of a step; if all texts together are shorter than a row, they are repeated."""
        first = step * shape.n_rows
        rows = torch.stack([self._row(first + i, shape.length) for i in range(shape.n_rows)])
        return TrainingBatch(rows, torch.ones(rows.shape))

    def _row(self, number: int, length: int) -> Tensor:
        if self._whole_from is not None and length >= self._whole_from and (pieces := self._pieces(length)):
            return self._piece(number, length, pieces)
        total = int(self._before[-1])
        epoch, place = self._place(number, max(1, total // length))
        shift = int(np.random.default_rng([self._seed, epoch, 2]).integers(total))
        start = (shift + place * length) % total
        return torch.from_numpy(self._ids_at((start + np.arange(length)) % total).astype(np.int64))

    def _piece(self, number: int, length: int, pieces: Sequence[tuple[int, int]]) -> Tensor:
        """A row from within a document. pieces: see `_pieces`."""
        epoch, place = self._place(number, len(pieces))
        start, n_spare = pieces[place]
        start += int(np.random.default_rng([self._seed, epoch, place, 3]).integers(n_spare + 1))
        return torch.from_numpy(self._ids[start : start + length].astype(np.int64))

    def _pieces(self, length: int) -> list[tuple[int, int]]:
        """Where rows of a length can begin that overlap nowhere: the first place of each, and by how much it may
        move."""
        pieces: list[tuple[int, int]] = []
        for start, n in zip(self._starts.tolist(), np.diff(self._before).tolist(), strict=True):
            n_pieces = n // length
            n_spare = n % length // max(1, n_pieces)
            pieces += [(start + i * (length + n_spare), n_spare) for i in range(n_pieces)]
        return pieces

    def _place(self, number: int, n_rows: int) -> tuple[int, int]:
        """The epoch of a row, and its place in it."""
        epoch, place = divmod(number, n_rows)
        if self._epoch[:2] != (epoch, n_rows):
            order = np.random.default_rng([self._seed, epoch, 1]).permutation(n_rows)
            self._epoch = (epoch, n_rows, order)
        return epoch, int(self._epoch[2][place])

    def _ids_at(self, places: np.ndarray) -> Ids:
        """The ids at these places of the texts laid end to end."""
        document = np.searchsorted(self._before, places, side="right") - 1
        ids: Ids = self._ids[self._starts[document] + places - self._before[document]]
        return ids


def write(folder: Path, documents: Iterable[TokenizedDocument], *, source: str) -> Iterator[int]:
    """Write documents to a new store in `folder`; yields the number of tokens so far after each.

    Documents after MOST_TOKENS are left out. Raises EngineError if the disk refuses."""
    ends: list[int] = []
    keys: list[int] = []
    digest = _digest()
    partial = folder / f"{_IDS}.partial"
    with refused_by_disk("the tokens", folder):
        folder.mkdir(parents=True, exist_ok=True)
        # The list must never describe other ids: the old list is deleted first, the new one is written last.
        (folder / _LIST).unlink(missing_ok=True)
        with partial.open("wb") as file:
            for document in documents:
                row = np.asarray(document.ids, dtype=np.uint32)
                file.write(row.tobytes())
                digest.update(row.tobytes())
                ends.append((ends[-1] if ends else 0) + len(row))
                keys.append(document.key)
                yield ends[-1]
                if ends[-1] >= MOST_TOKENS:
                    break
        sync(partial)
        partial.replace(folder / _IDS)
        partial_list = folder / f"{_LIST}.partial"
        write_synced(partial_list, msgspec.json.encode(_Contents(ends, keys, source, digest.hexdigest())))
        partial_list.replace(folder / _LIST)


def written_from(folder: Path) -> str | None:
    """What the store in `folder` was read from; None if there is no complete store."""
    try:
        return _read(folder).source
    except EngineError:
        return None


def _read(folder: Path) -> _Contents:
    try:
        contents = msgspec.json.decode((folder / _LIST).read_bytes(), type=_Contents)
        n_bytes = (folder / _IDS).stat().st_size
        if n_bytes != (contents.ends[-1] if contents.ends else 0) * np.dtype(np.uint32).itemsize:
            raise ValueError(f"{_IDS} has {n_bytes} bytes, not those of its documents")
        with (folder / _IDS).open("rb") as file:
            if contents.digest and hashlib.file_digest(file, _digest).hexdigest() != contents.digest:
                raise ValueError(f"{_IDS} has other bytes than were written")
        return contents
    except (OSError, ValueError) as err:
        raise EngineError(f"the tokens in {folder} are damaged ({err})", "delete that folder to start again") from err


def _spans(ends: Sequence[int]) -> Iterator[tuple[int, int]]:
    yield from zip([0, *ends], ends, strict=False)


def _digest() -> "hashlib.blake2b":
    return hashlib.blake2b(digest_size=16)


def _hash(raw: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(raw, digest_size=8).digest(), "big")
