"""Finds what a stopped or killed indexing had written of an index's next version, and whether it can be continued.

* imports neither Qt nor torch; it changes nothing but its own table.

Passages are written as they are embedded, into versions of the table that no manifest names. Before the first one, a
third table records what they are made with, so that the next indexing can tell whether it would make the same ones."""

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import msgspec
import numpy as np

from engine.documents import index as index_module
from engine.documents.index import CHUNKS, SCHEMA, UNFINISHED, IndexedDocument, OpenIndex, Recipe, owners

if TYPE_CHECKING:
    from lancedb.db import DBConnection
    from lancedb.table import Table

# A vector has this length, except for rounding, or zero length if its text has no token.
_UNIT, _ROUNDING = 1.0, 1e-2
_ROWS_A_BATCH = 4_096


class Begun(msgspec.Struct, frozen=True):
    """What an indexing set out to make. base: the version of the passages that it starts from, 0 if from none;
    fits_embedder: whether its passages are measured in the embedder's tokens, too."""

    schema: int
    embedder_fingerprint: str
    dimension: int
    tokenizer_fingerprint: str
    chunk_tokens: int
    base: int
    fits_embedder: bool = False


class Leftover(NamedTuple):
    """Passages that were left. whole: texts of the previous index that still have all their passages; ids: of the
    passages of all other texts; named: for every text, the file that its passages are named after."""

    ids: frozenset[str]
    named: Mapping[str, tuple[str, IndexedDocument]]
    whole: frozenset[str]


class Lost(NamedTuple):
    """Passages were left but cannot be reused, and why."""

    reason: str


Found: TypeAlias = Leftover | Lost | None


def begun(recipe: Recipe, base: OpenIndex | None) -> Begun:
    """Describe what an indexing with a recipe sets out to make, from an index or from nothing."""
    return Begun(
        SCHEMA, recipe.embedder_fingerprint, recipe.dimension, recipe.tokenizer_fingerprint, recipe.chunk_tokens,
        0 if base is None else base.head.version, recipe.fits_embedder,
    )  # fmt: skip


def note(db: "DBConnection", begins: Begun) -> None:
    """Record what the passages that follow are made with."""
    import pyarrow as pa

    index_module.replace_row(db, UNFINISHED, pa.table({"begun": [msgspec.json.encode(begins).decode()]}))


def forget(db: "DBConnection") -> None:
    """Delete the record of unfinished work."""
    db.drop_table(UNFINISHED, ignore_missing=True)


def look(db: "DBConnection", begins: Begun, before: OpenIndex | None) -> Found:
    """Find what a stopped indexing left for one that sets out to make the same; None if it left nothing.

    before: the existing index, whether or not the new one starts from it."""
    try:
        if CHUNKS not in index_module.names(db):
            return None
        chunks = db.open_table(CHUNKS)
        if before is not None and chunks.version == before.head.version:
            return None
        if not chunks.count_rows():
            return None
        record = _record(db)
        if record != begins:
            return Lost("it had other settings") if record is not None else None
        return _read(chunks, before if begins.base else None)
    except Exception as err:  # a library may raise anything for damaged files; they can be made again
        return Lost(f"it is damaged ({index_module.words_of(err)})")


def _record(db: "DBConnection") -> Begun | None:
    if UNFINISHED not in index_module.names(db):
        return None
    row = db.open_table(UNFINISHED).search().limit(1).to_arrow().to_pylist()[0]
    return msgspec.json.decode(row["begun"], type=Begun)


def _read(chunks: "Table", base: OpenIndex | None) -> Leftover:
    """Check every passage, including its vector. Raises whatever is wrong with one."""
    whole = _whole(chunks, base) if base is not None else frozenset()
    ids: set[str] = set()
    named: dict[str, tuple[str, IndexedDocument]] = {}
    for batch in chunks.search().to_batches(_ROWS_A_BATCH):
        _refuse_broken(batch["vector"].flatten().to_numpy().reshape(batch.num_rows, -1))
        columns = (batch[name].to_pylist() for name in ("id", "document", "source", "name", "title"))
        for key, document, source, name, title in zip(*columns, strict=True):
            named.setdefault(document, (source, IndexedDocument(document, name, title)))
            if document not in whole:
                ids.add(key)
    return Leftover(frozenset(ids), named, whole)


def _whole(chunks: "Table", base: OpenIndex) -> frozenset[str]:
    """Texts that still have as many passages as in the index. Those of a file that was missing for a time were removed,
    and may have been embedded again only in part."""
    counts, base_counts = _n_passages(chunks), _n_passages(base.chunks)
    return frozenset(document for document in owners(base.files) if counts[document] >= base_counts[document])


def _n_passages(chunks: "Table") -> Counter[str]:
    counts: Counter[str] = Counter()
    for batch in chunks.search().select(["document"]).to_batches(_ROWS_A_BATCH):
        counts.update(batch["document"].to_pylist())
    return counts


def _refuse_broken(vectors: "np.ndarray[tuple[int, ...], np.dtype[np.float32]]") -> None:
    lengths = np.linalg.norm(vectors, axis=1)
    if not np.all((np.abs(lengths - _UNIT) < _ROUNDING) | (lengths == 0)):
        raise ValueError("its vectors are not what an embedder makes")
