"""An index of passages on disk or in an object store, as LanceDB keeps it, and what it was made from; embeds nothing.

* imports neither Qt nor torch; LanceDB only when an index is opened.

Two tables: `chunks`, of which every change is a version of its own, and `manifest`, of one row, which names the version
that is the index. Replacing that row is the one step by which a new index takes the place of the old. While one is made
a third, `unfinished`, of one row too, says what the versions after that are made with."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from engine.errors import EngineError, InputError
from engine.machine.quiet import quiet_logs

if TYPE_CHECKING:
    import pyarrow as pa
    from lancedb.db import DBConnection
    from lancedb.table import Table

SCHEMA = 1
CHUNKS, MANIFEST, UNFINISHED = "chunks", "manifest", "unfinished"
REBUILD = "make it anew (--rebuild)"
# Above this many passages an approximate index answers sooner than looking at all of them.
EXACT_UP_TO = 20_000
# A reader that has just opened a row's table must be able to read it.
_OLD_ROW = timedelta(hours=1)
_SOURCE_OF_LIBRARY = re.compile(r",? *\S*\.rs:\d+:\d+")


class IndexedDocument(msgspec.Struct, frozen=True, array_like=True):
    """A document of a file: the hash of its text, its name there, its title."""

    document: str
    name: str
    title: str


class FileRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """A file as it was when it was read; problems: what of it could not be, each with the reason."""

    source: str
    n_bytes: int
    mtime_ns: int
    sha256: str
    documents: tuple[IndexedDocument, ...] = ()
    problems: tuple[tuple[str, str], ...] = ()


class Recipe(msgspec.Struct, frozen=True):
    """What decides the passages and their vectors. roots: the places the documents come from."""

    roots: tuple[str, ...]
    embedder: str
    embedder_fingerprint: str
    dimension: int
    tokenizer: str
    tokenizer_fingerprint: str
    chunk_tokens: int


class IndexHead(msgspec.Struct, frozen=True):
    """What an index is, without its files. version: of the table of passages. n_probes: parts of the approximate index
    that are searched, 0 where there is none; recall_10: of the ten nearest, how many it finds; n_trained: passages when
    its parts were chosen."""

    schema: int
    version: int
    recipe: Recipe
    made_utc: str
    n_chunks: int
    n_cut: int
    n_truncated: int
    n_probes: int = 0
    recall_10: float | None = None
    n_trained: int = 0


class Damaged(EngineError):
    """An index that was made and can no longer be read."""

    def __init__(self, uri: str, err: Exception) -> None:
        super().__init__(f"the index at {uri} is damaged ({words_of(err)})", REBUILD)


class NoIndex(InputError):
    """There is nothing where an index was looked for."""

    def __init__(self, uri: str) -> None:
        super().__init__(f"there is no index at {uri}", "make one with: rag index DIR --index PATH")


class OpenIndex:
    """An index open for reading: it stays as it is while another takes its place."""

    def __init__(self, uri: str, head: IndexHead, chunks: "Table", files: tuple[FileRecord, ...]) -> None:
        self.uri = uri
        self.head = head
        self.chunks = chunks
        self.files = files

    @cached_property
    def owners(self) -> dict[str, list[tuple[str, IndexedDocument]]]:
        """For each text, who says it: the first is the one whose name its passages carry."""
        return owners(self.files)

    def refuse_other(self, fingerprint: str, spec: str) -> None:
        """Raise InputError where vectors of an embedder cannot be compared with those here."""
        if fingerprint != self.head.recipe.embedder_fingerprint:
            reason = f"the index at {self.uri} was made with another embedder ({self.head.recipe.embedder}) than {spec}"
            raise InputError(reason, f"use that one, or {REBUILD}")


def owners(files: Sequence[FileRecord]) -> dict[str, list[tuple[str, IndexedDocument]]]:
    """For each text, the files that say it, in order."""
    found: dict[str, list[tuple[str, IndexedDocument]]] = {}
    for file in files:
        for kept in file.documents:
            found.setdefault(kept.document, []).append((file.source, kept))
    return found


def label(source: str, name: str) -> str:
    """How a document is named to people."""
    return f"{source}#{name}" if name else source


def is_local(uri: str) -> bool:
    """Whether an index lies in a folder and not in an object store."""
    return "://" not in uri


def connect(uri: str) -> "DBConnection":
    """LanceDB at a folder or an object store's address. Raises EngineError where it is not installed."""
    quiet_logs()
    try:
        import lancedb
    except ImportError as err:
        raise EngineError(f"LanceDB is not installed ({err})", "pip install lancedb") from err
    connected: DBConnection = lancedb.connect(uri)
    return connected


def open_index(uri: str) -> OpenIndex:
    """Open the index that is complete. Raises NoIndex, Damaged, and InputError where a newer Draftscope made it."""
    if is_local(uri) and not (Path(uri) / f"{MANIFEST}.lance").is_dir():
        raise NoIndex(uri)
    with reading(uri):
        db = connect(uri)
        if MANIFEST not in names(db):
            raise NoIndex(uri)
        head, files = _manifest(uri, db)
        chunks = db.open_table(CHUNKS)
        chunks.checkout(head.version)
        if (n_chunks := chunks.count_rows()) != head.n_chunks:
            raise ValueError(f"{n_chunks} passages, {head.n_chunks} expected")
    return OpenIndex(uri, head, chunks, files)


def names(db: "DBConnection") -> list[str]:
    """The tables there are."""
    return list(db.list_tables().tables)


def replace_row(db: "DBConnection", name: str, row: "pa.Table") -> None:
    """Make a row the only one of a table, in one step."""
    if name not in names(db):
        db.create_table(name, row)
        return
    table = db.open_table(name)
    table.optimize(cleanup_older_than=_OLD_ROW)
    table.add(row, mode="overwrite")


def _manifest(uri: str, db: "DBConnection") -> tuple[IndexHead, tuple[FileRecord, ...]]:
    row = db.open_table(MANIFEST).search().limit(1).to_arrow().to_pylist()[0]
    schema = int(row["schema"])
    if schema > SCHEMA:
        reason = f"the index at {uri} was made by a newer Draftscope (form {schema}, this one reads {SCHEMA})"
        raise InputError(reason, "use that one, or name another folder for the index")
    files = msgspec.json.decode(row["files"], type=tuple[FileRecord, ...])
    return msgspec.json.decode(row["head"], type=IndexHead), files


@contextmanager
def reading(uri: str) -> Iterator[None]:
    """Whatever a library raises over files that it wrote itself means that they are damaged."""
    try:
        yield
    except (EngineError, MemoryError):
        raise
    except PermissionError as err:
        raise EngineError(f"the index at {uri} cannot be read ({err.strerror})", "check its permissions") from err
    except Exception as err:
        raise Damaged(uri, err) from err


def words_of(err: Exception) -> str:
    """The first line of what a library says, without the place in its source."""
    lines = (str(err).strip() or type(err).__name__).splitlines()
    return _SOURCE_OF_LIBRARY.sub("", lines[0]).removeprefix("lance error: ")[:300]


def chunk_schema(dimension: int) -> "pa.Schema":
    """The columns of a passage."""
    import pyarrow as pa

    texts = ("id", "document", "source", "name", "title", "place", "text")
    return pa.schema(
        [
            *(pa.field(name, pa.string(), nullable=False) for name in texts),
            *(pa.field(name, pa.int64(), nullable=False) for name in ("start", "end", "n_tokens")),
            *(pa.field(name, pa.bool_(), nullable=False) for name in ("cut", "truncated")),
            pa.field("vector", pa.list_(pa.float32(), dimension), nullable=False),
        ]
    )
