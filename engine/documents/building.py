"""Writes the next version of an index next to the current one, and replaces the current one in one step.

* imports neither Qt nor torch; LanceDB only when an index is opened."""

import math
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine.documents import index as index_module
from engine.documents import unfinished
from engine.documents.index import (
    CHUNKS,
    EXACT_UP_TO,
    MANIFEST,
    UNFINISHED,
    FileRecord,
    IndexedDocument,
    IndexHead,
    OpenIndex,
    Recipe,
    connect,
)
from engine.documents.unfinished import Leftover
from engine.errors import EngineError

if TYPE_CHECKING:
    from lancedb.table import Table

    from engine.documents.chunking import Chunk

_IDS_PER_STATEMENT = 500
# The share of the ten nearest that an approximate index has to find.
LEAST_RECALL, NEAREST = 0.95, 10
_FIRST_PROBES = 8
# An approximate index is trained again once there are this many times the passages.
_OUTGROWN = 2
# Long enough for hashes and addresses; anything longer is not a word.
_LONGEST_WORD = 128
_FOR_EVER, _LONGEST_BUILD = timedelta(days=36_500), timedelta(hours=1)
_A_MOMENT = timedelta(seconds=1)
_UNCHANGED = "free disk space or choose another folder; the index before this is as it was"


class Building:
    """The next version of an index, invisible to readers until `commit`. Every method raises EngineError if it cannot
    write; whatever happens, the previous index stays.

    left: what a stopped indexing with the same settings had written, which this one continues; or why it cannot."""

    def __init__(self, uri: str, recipe: Recipe, before: OpenIndex | None, *, anew: bool) -> None:
        """before: the existing index; anew: nothing of it is reused."""
        self.uri = uri
        self.recipe = recipe
        self._before = before
        self._committed = False
        base = None if anew else before
        self._n_trained = 0 if base is None else base.head.n_trained
        with writing(uri):
            self._db = connect(uri)
            self.left = unfinished.look(self._db, unfinished.begun(recipe, base), before)
            self._chunks = (
                self._db.open_table(CHUNKS) if isinstance(self.left, Leftover) else self._start_table(anew=anew)
            )

    def _start_table(self, *, anew: bool) -> "Table":
        """The table to write to, as the previous index has it, or empty; unfinished work is discarded."""
        if self._before is None:
            discard(self.uri)
            self._db = connect(self.uri)
        else:
            self._undo(self._before)
        base = None if anew else self._before
        chunks = self._db.open_table(CHUNKS) if base is not None else self._empty_table()
        unfinished.note(self._db, unfinished.begun(self.recipe, base))
        return chunks

    def _empty_table(self) -> "Table":
        schema = index_module.chunk_schema(self.recipe.dimension)
        return self._db.create_table(CHUNKS, schema=schema, mode="overwrite")

    def abandon(self) -> None:
        """Restore the previous index and delete what was written of this one, if the disk allows it.

        Does nothing if this one already is the index."""
        if self._committed:
            return
        with suppress(EngineError), writing(self.uri):
            if self._before is None:
                discard(self.uri)
            else:
                self._undo(self._before)

    def _undo(self, before: OpenIndex) -> None:
        """Restore the previous index as a new version, and delete the versions in between.

        May be interrupted and repeated: nothing is deleted until the manifest names the new version. The note of
        unfinished work is deleted first, because it would be taken for what made the restored passages."""
        unfinished.forget(self._db)
        chunks = self._db.open_table(CHUNKS)
        if chunks.version == before.head.version:
            return
        chunks.restore(before.head.version)
        head = msgspec.structs.replace(before.head, version=chunks.version)
        self._publish(head, before.files)
        self._before = OpenIndex(before.uri, head, chunks, before.files)
        chunks.optimize(cleanup_older_than=_age(chunks, head.version) + _A_MOMENT, delete_unverified=True)

    def add(self, chunks: Sequence["Chunk"], vectors: NDArray[np.float32], truncated: Sequence[int]) -> None:
        """Add passages with their vectors [N, D]; truncated: places of those that the embedder truncated."""
        if not chunks:
            return
        import pyarrow as pa

        schema = index_module.chunk_schema(self.recipe.dimension)
        cut_off = set(truncated)
        columns: dict[str, object] = {
            name: [getattr(chunk, name) for chunk in chunks]
            for name in schema.names
            if name not in ("truncated", "vector")
        }
        columns["truncated"] = [place in cut_off for place in range(len(chunks))]
        columns["vector"] = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), self.recipe.dimension)
        with writing(self.uri):
            self._chunks.add(pa.table(columns, schema=schema))

    def remove(self, documents: Sequence[str]) -> None:
        """Remove all passages of documents."""
        rest = iter(documents)
        with writing(self.uri):
            while batch := list(islice(rest, _IDS_PER_STATEMENT)):
                self._chunks.delete(f"document IN ({', '.join(map(_quoted, batch))})")

    def rename(self, new_names: Mapping[str, tuple[str, IndexedDocument]]) -> None:
        """Name the passages of documents that several files contain after another of these files."""
        with writing(self.uri):
            for document, (source, entry) in new_names.items():
                values = {"source": source, "name": entry.name, "title": entry.title}
                self._chunks.update(where=f"document = {_quoted(document)}", values=values)

    def sample(self, n: int) -> list[str]:
        """Texts of at most n passages, spread evenly over the index."""
        with writing(self.uri):
            n_chunks = int(self._chunks.count_rows())
            places = sorted({i * n_chunks // n for i in range(n)} if n_chunks else ())
            return [str(row["text"]) for row in self._chunks.take_offsets(places).select(["text"]).to_list()]

    def make_searchable(self) -> None:
        """Update the full-text index and, if there are many passages, the approximate index."""
        from lancedb.index import FTS, IvfFlat

        with writing(self.uri):
            self._chunks.optimize(cleanup_older_than=self._age_before(), delete_unverified=True)
            if not self._finds_every_word():
                # ICU splits words in any script. English words are found by their stems; words of other languages lose
                # the same ending in texts and in questions. Stop words are kept: the library's list contains "sea".
                words = FTS(base_tokenizer="icu/split", remove_stop_words=False, max_token_length=_LONGEST_WORD)
                self._chunks.create_index("text", config=words, replace=True)
            n_chunks = int(self._chunks.count_rows())
            outgrown = n_chunks > _OUTGROWN * self._n_trained
            if n_chunks > EXACT_UP_TO and ("vector" not in self._indexed_columns() or outgrown):
                parts = IvfFlat(distance_type="dot", num_partitions=math.isqrt(n_chunks))
                self._chunks.create_index("vector", config=parts, replace=True)
                self._n_trained = n_chunks

    def is_searchable(self) -> bool:
        """Whether the previous index finds every word; one made by an older Draftscope omits some."""
        with writing(self.uri):
            return self._finds_every_word()

    def _finds_every_word(self) -> bool:
        options = {"remove_stop_words": False, "max_token_length": _LONGEST_WORD}
        text_indexes = [index.index_details or {} for index in self._chunks.list_indices() if "text" in index.columns]
        return any(options.items() <= details.items() for details in text_indexes)

    def _indexed_columns(self) -> set[str]:
        return {name for index in self._chunks.list_indices() for name in index.columns}

    def _age_before(self) -> timedelta:
        """The age above which versions may be deleted: older than the previous index, which is read until this one
        replaces it, and longer by readers that still have it open."""
        if self._before is None:
            return _FOR_EVER
        # Not the age of `made_utc`, which an indexing that finds no change renews while the version stays.
        return _age(self._chunks, self._before.head.version) + _LONGEST_BUILD

    def is_approximate(self) -> bool:
        """Whether there is an approximate index; otherwise every search is exact."""
        with writing(self.uri):
            return "vector" in self._indexed_columns()

    def probes(self, queries: NDArray[np.float32]) -> tuple[int, float]:
        """How many partitions of the approximate index must be searched, and its recall of the ten nearest."""
        with writing(self.uri):
            exact = [set(nearest(self._chunks, query, NEAREST, n_probes=0)) for query in queries]
            n_probes, n_parts = _FIRST_PROBES, int(self._chunks.count_rows())
            while True:
                approximate = [set(nearest(self._chunks, query, NEAREST, n_probes=n_probes)) for query in queries]
                n_right = sum(len(a & b) for a, b in zip(exact, approximate, strict=True))
                recall = n_right / max(1, sum(map(len, exact)))
                if recall >= LEAST_RECALL or n_probes >= n_parts:
                    return n_probes, recall
                n_probes *= 2

    def head(self, n_probes: int, recall: float | None) -> IndexHead:
        """Describe the index as it is now."""
        with writing(self.uri):
            return IndexHead(
                index_module.SCHEMA, self._chunks.version, self.recipe, datetime.now(UTC).isoformat(timespec="seconds"),
                self._chunks.count_rows(), self._chunks.count_rows("cut"), self._chunks.count_rows("truncated"),
                n_probes, recall, self._n_trained,
            )  # fmt: skip

    def commit(self, head: IndexHead, files: Sequence[FileRecord]) -> None:
        """Make this the index, in one step."""
        with writing(self.uri):
            self._publish(head, files)
        self._committed = True
        with suppress(EngineError), writing(self.uri):
            unfinished.forget(self._db)

    def n_bytes(self) -> int:
        """Size on disk, including the previous version; in an object store, only of the data."""
        with writing(self.uri):
            if not index_module.is_local(self.uri):
                return int(self._chunks.stats().total_bytes)
            return sum(path.stat().st_size for path in Path(self.uri).rglob("*") if path.is_file())

    def _publish(self, head: IndexHead, files: Sequence[FileRecord]) -> None:
        import pyarrow as pa

        row = {"schema": [head.schema], "head": [_json(head)], "files": [_json(tuple(files))]}
        text = pa.large_string()
        table = pa.table(row, schema=pa.schema([("schema", pa.int64()), ("head", text), ("files", text)]))
        index_module.replace_row(self._db, MANIFEST, table)


def nearest(chunks: "Table", query: NDArray[np.float32], n: int, *, n_probes: int) -> list[str]:
    """Ids of the passages nearest to a unit vector, nearest first; n_probes 0 searches exactly."""
    search = chunks.search(query, vector_column_name="vector").distance_type("dot").select(["id", "_distance"]).limit(n)
    search = search.nprobes(n_probes) if n_probes else search.bypass_vector_index()
    return [str(name) for name in search.to_arrow()["id"].to_pylist()]


def discard(uri: str) -> None:
    """Delete the tables of an index and no others; damaged ones would prevent even writing new ones."""
    with writing(uri):
        for name in (UNFINISHED, MANIFEST, CHUNKS):
            if index_module.is_local(uri):
                shutil.rmtree(Path(uri) / f"{name}.lance", ignore_errors=True)
            else:
                connect(uri).drop_table(name, ignore_missing=True)


def _age(chunks: "Table", version: int) -> timedelta:
    """The age of a version; zero if the clock was set back since."""
    written: datetime = next(entry["timestamp"] for entry in chunks.list_versions() if entry["version"] == version)
    return max(timedelta(0), datetime.now(UTC) - written.astimezone(UTC))


@contextmanager
def writing(uri: str) -> Iterator[None]:
    """Raise EngineError for a disk that refuses, and Damaged for tables that something else damaged."""
    try:
        yield
    except (EngineError, MemoryError):
        raise
    except Exception as err:
        words = index_module.words_of(err)
        if isinstance(err, OSError) or "os error" in str(err):
            raise EngineError(f"the index at {uri} could not be written ({words})", _UNCHANGED) from err
        raise index_module.Damaged(uri, err) from err


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
