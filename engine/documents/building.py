"""Makes the next version of an index beside the one that is read, and puts it in its place in one step; embeds nothing.

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
from engine.documents.unfinished import Left
from engine.errors import EngineError

if TYPE_CHECKING:
    from lancedb.table import Table

    from engine.documents.chunking import Chunk

_A_STATEMENT = 500
# Of the ten nearest, what an approximate index has to find.
LEAST_RECALL, NEAREST = 0.95, 10
_FIRST_PROBES = 8
# An approximate index is trained again once there are so many times the passages.
_OUTGROWN = 2
# A word of a hash or an address is one too; a longer one is no word.
_LONGEST_WORD = 128
_FOR_EVER, _LONGEST_BUILD = timedelta(days=36_500), timedelta(hours=1)
_A_MOMENT = timedelta(seconds=1)
_UNCHANGED = "free disk space or choose another folder; the index before this is as it was"


class Building:
    """The next version of an index: seen by nobody until `commit`. Everything raises EngineError where it cannot be
    written; whatever happens, the index before stays.

    left: what a stopped indexing with the same settings had written, with which this one goes on; or why it cannot."""

    def __init__(self, uri: str, recipe: Recipe, before: OpenIndex | None, *, anew: bool) -> None:
        """before: the index that is there; anew: nothing of it is taken over."""
        self.uri = uri
        self.recipe = recipe
        self._before = before
        self._committed = False
        base = None if anew else before
        self._n_trained = 0 if base is None else base.head.n_trained
        with writing(uri):
            self._db = connect(uri)
            self.left = unfinished.look(self._db, unfinished.begun(recipe, base), before)
            self._chunks = self._db.open_table(CHUNKS) if isinstance(self.left, Left) else self._begun(anew=anew)

    def _begun(self, *, anew: bool) -> "Table":
        """The table to be written to, as the index before has it, or empty; what was unfinished is gone."""
        if self._before is None:
            discard(self.uri)
            self._db = connect(self.uri)
        else:
            self._undo(self._before)
        base = None if anew else self._before
        chunks = self._db.open_table(CHUNKS) if base is not None else self._emptied()
        unfinished.note(self._db, unfinished.begun(self.recipe, base))
        return chunks

    def _emptied(self) -> "Table":
        schema = index_module.chunk_schema(self.recipe.dimension)
        return self._db.create_table(CHUNKS, schema=schema, mode="overwrite")

    def abandon(self) -> None:
        """Leave the index as it was, without what was written of this one, as far as the disk allows.

        Does nothing where this one already is the index."""
        if self._committed:
            return
        with suppress(EngineError), writing(self.uri):
            if self._before is None:
                discard(self.uri)
            else:
                self._undo(self._before)

    def _undo(self, before: OpenIndex) -> None:
        """Go back to the index before under a new version, and delete the versions in between.

        May be cut short and done again: nothing is deleted until the manifest names the new version, and what is
        unfinished is forgotten first, which would be taken for what made the passages that are restored."""
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
        """Add passages with their vectors [N, D]; truncated: places of those that the embedder did not read whole."""
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
            while some := list(islice(rest, _A_STATEMENT)):
                self._chunks.delete(f"document IN ({', '.join(map(_quoted, some))})")

    def rename(self, changed: Mapping[str, tuple[str, IndexedDocument]]) -> None:
        """Say of documents that are in several files which one their passages are named after."""
        with writing(self.uri):
            for document, (source, kept) in changed.items():
                values = {"source": source, "name": kept.name, "title": kept.title}
                self._chunks.update(where=f"document = {_quoted(document)}", values=values)

    def sample(self, n: int) -> list[str]:
        """Texts of passages from all over the index."""
        with writing(self.uri):
            n_chunks = int(self._chunks.count_rows())
            places = sorted({i * n_chunks // n for i in range(n)} if n_chunks else ())
            return [str(row["text"]) for row in self._chunks.take_offsets(places).select(["text"]).to_list()]

    def make_searchable(self) -> None:
        """Bring the full-text index, and where there are many passages the approximate one, up to date."""
        from lancedb.index import FTS, IvfFlat

        with writing(self.uri):
            self._chunks.optimize(cleanup_older_than=self._age_before(), delete_unverified=True)
            if not self._finds_every_word():
                # Words are cut as any script has them. English ones are found by their stems; those of other languages
                # lose the same ending in texts and in questions. The library's list of words to be left out has "sea".
                words = FTS(base_tokenizer="icu/split", remove_stop_words=False, max_token_length=_LONGEST_WORD)
                self._chunks.create_index("text", config=words, replace=True)
            n_chunks = int(self._chunks.count_rows())
            outgrown = n_chunks > _OUTGROWN * self._n_trained
            if n_chunks > EXACT_UP_TO and ("vector" not in self._indexed() or outgrown):
                parts = IvfFlat(distance_type="dot", num_partitions=math.isqrt(n_chunks))
                self._chunks.create_index("vector", config=parts, replace=True)
                self._n_trained = n_chunks

    def is_searchable(self) -> bool:
        """Whether the index before finds every word: one of an older Draftscope leaves some out."""
        with writing(self.uri):
            return self._finds_every_word()

    def _finds_every_word(self) -> bool:
        kept = {"remove_stop_words": False, "max_token_length": _LONGEST_WORD}
        had = [one.index_details or {} for one in self._chunks.list_indices() if "text" in one.columns]
        return any(kept.items() <= details.items() for details in had)

    def _indexed(self) -> set[str]:
        return {name for one in self._chunks.list_indices() for name in one.columns}

    def _age_before(self) -> timedelta:
        """What may be deleted is older than the index before, which is read until this one takes its place, and by
        those who have it open for longer."""
        if self._before is None:
            return _FOR_EVER
        # Not of when it was made: an indexing that finds nothing changed says so anew of a version that stays.
        return _age(self._chunks, self._before.head.version) + _LONGEST_BUILD

    def is_approximate(self) -> bool:
        """Whether there is an approximate index; otherwise every passage is looked at."""
        with writing(self.uri):
            return "vector" in self._indexed()

    def probes(self, queries: NDArray[np.float32]) -> tuple[int, float]:
        """How many parts of the approximate index must be searched, and its recall of the ten nearest."""
        with writing(self.uri):
            exact = [set(nearest(self._chunks, query, NEAREST, n_probes=0)) for query in queries]
            n_probes, n_parts = _FIRST_PROBES, int(self._chunks.count_rows())
            while True:
                found = [set(nearest(self._chunks, query, NEAREST, n_probes=n_probes)) for query in queries]
                n_right = sum(len(a & b) for a, b in zip(exact, found, strict=True))
                recall = n_right / max(1, sum(map(len, exact)))
                if recall >= LEAST_RECALL or n_probes >= n_parts:
                    return n_probes, recall
                n_probes *= 2

    def head(self, n_probes: int, recall: float | None) -> IndexHead:
        """What the index is by now."""
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
        """What it takes on the disk, the version before included; in an object store, its data alone."""
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
    """Ids of the passages nearest to a unit vector, nearest first; n_probes 0 looks at all of them."""
    search = chunks.search(query, vector_column_name="vector").distance_type("dot").select(["id", "_distance"]).limit(n)
    search = search.nprobes(n_probes) if n_probes else search.bypass_vector_index()
    return [str(name) for name in search.to_arrow()["id"].to_pylist()]


def discard(uri: str) -> None:
    """Delete the tables of an index, and no others; over damaged ones not even new ones can be written."""
    with writing(uri):
        for name in (UNFINISHED, MANIFEST, CHUNKS):
            if index_module.is_local(uri):
                shutil.rmtree(Path(uri) / f"{name}.lance", ignore_errors=True)
            else:
                connect(uri).drop_table(name, ignore_missing=True)


def _age(chunks: "Table", version: int) -> timedelta:
    """How long a version has been there; nothing where the clock was set back since."""
    written: datetime = next(one["timestamp"] for one in chunks.list_versions() if one["version"] == version)
    return max(timedelta(0), datetime.now(UTC) - written.astimezone(UTC))


@contextmanager
def writing(uri: str) -> Iterator[None]:
    """A disk that refuses, and tables that were damaged by others, as the two errors they are."""
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
