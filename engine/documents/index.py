"""Opens an index of passages that LanceDB keeps on disk or in an object store, and describes what it was made from.

* imports neither Qt nor torch; LanceDB only when an index is opened.

There are two tables: `chunks`, where every change makes a new version, and `manifest`, whose one row names the version
that is the index. Replacing that row is the one step that puts a new index in place of the old one. While an index is
being made, the one row of a third table, `unfinished`, says what the later versions are made with."""

import re
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from engine.documents.sources import SHIPPED
from engine.errors import EngineError, InputError
from engine.machine.no_memory import ran_out
from engine.machine.quiet import quiet_logs

if TYPE_CHECKING:
    import pyarrow as pa
    from lancedb.db import DBConnection
    from lancedb.table import Table

SCHEMA = 1
CHUNKS, MANIFEST, UNFINISHED = "chunks", "manifest", "unfinished"
# Above this many passages an approximate index is faster than an exact search.
EXACT_UP_TO = 20_000
# Old rows are kept this long for readers that have just opened the table.
_OLD_ROW = timedelta(hours=1)
_SOURCE_OF_LIBRARY = re.compile(r",? *\S*\.rs:\d+:\d+")


class IndexedDocument(msgspec.Struct, frozen=True, array_like=True):
    """A document of a file: the hash of its text, its name in the file, its title."""

    document: str
    name: str
    title: str


class FileRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """A file as it was when it was read; problems: its parts that could not be read, each with the reason.

    retry: one of them may be readable at another time; reader, cutter: the versions of what read and cut it."""

    source: str
    n_bytes: int
    mtime_ns: int
    sha256: str
    documents: tuple[IndexedDocument, ...] = ()
    problems: tuple[tuple[str, str], ...] = ()
    retry: bool = False
    reader: int = 0
    cutter: int = 0


class Recipe(msgspec.Struct, frozen=True):
    """What determines the passages and their vectors. roots: the locations that the documents come from; fits_embedder:
    whether chunk_tokens holds for the embedder's own tokens, too."""

    roots: tuple[str, ...]
    embedder: str
    embedder_fingerprint: str
    dimension: int
    tokenizer: str
    tokenizer_fingerprint: str
    chunk_tokens: int
    fits_embedder: bool = False


class IndexHead(msgspec.Struct, frozen=True):
    """An index without its files. version: of the table of passages. n_probes: partitions of the approximate index
    that are searched, 0 if there is none; recall_10: the share of the ten nearest that it finds; n_trained: passages
    when its partitions were chosen."""

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


def rebuilding(uri: str, roots: Sequence[str] = ()) -> str:
    """The way out of an index that cannot be used, as a whole command."""
    sources = " ".join(map(shlex.quote, roots)) or "DOCUMENTS"
    return f"make it anew: draftscope rag index {sources} --index {shlex.quote(uri)} --rebuild"


class Damaged(EngineError):
    """An index that was made and can no longer be read. roots: where its documents come from, if that is known."""

    def __init__(self, uri: str, err: Exception, roots: Sequence[str] = ()) -> None:
        super().__init__(f"the index at {uri} is damaged ({words_of(err)})", rebuilding(uri, roots))
        self._uri, self._err = uri, err

    def of(self, roots: Sequence[str]) -> "Damaged":
        """The same, of an index whose documents come from there."""
        return Damaged(self._uri, self._err, roots)


class NoIndex(InputError):
    """There is no index at an address."""

    def __init__(self, uri: str) -> None:
        super().__init__(f"there is no index at {uri or 'an empty name'}", "make one with: rag index DIR --index PATH")


def refuse_missing(uri: str) -> None:
    """Raises NoIndex for a folder that holds none, from the file system alone; says nothing of other addresses."""
    if is_local(uri) and uri not in SHIPPED and not _is_made(uri):
        raise NoIndex(uri)


def _is_made(uri: str) -> bool:
    return (Path(uri) / f"{MANIFEST}.lance").is_dir()


class OpenIndex:
    """An index open for reading: it stays unchanged while another one replaces it."""

    def __init__(self, uri: str, head: IndexHead, chunks: "Table", files: tuple[FileRecord, ...]) -> None:
        self.uri = uri
        self.head = head
        self.chunks = chunks
        self.files = files

    @cached_property
    def owners(self) -> dict[str, list[tuple[str, IndexedDocument]]]:
        """For each text, the files that contain it; its passages are named after the first."""
        return owners(self.files)

    def refuse_other(self, fingerprint: str, spec: str) -> None:
        """Raise InputError if the vectors of an embedder cannot be compared with those of the index."""
        if fingerprint != self.head.recipe.embedder_fingerprint:
            reason = f"the index at {self.uri} was made with another embedder ({self.head.recipe.embedder}) than {spec}"
            raise InputError(reason, f"use that one, or {rebuilding(self.uri, self.head.recipe.roots)}")


def owners(files: Sequence[FileRecord]) -> dict[str, list[tuple[str, IndexedDocument]]]:
    """List the files and documents that contain each text, in order; keys are hashes of texts."""
    files_of_text: dict[str, list[tuple[str, IndexedDocument]]] = {}
    for file in files:
        for document in file.documents:
            files_of_text.setdefault(document.document, []).append((file.source, document))
    return files_of_text


def label(source: str, name: str) -> str:
    """Name a document for people."""
    return f"{source}#{name}" if name else source


def is_local(uri: str) -> bool:
    """Whether an index is in a local folder, not in an object store."""
    return "://" not in uri


def connect(uri: str) -> "DBConnection":
    """Open LanceDB at a folder or an object store's address. Raises EngineError: not installed, cannot be reached."""
    quiet_logs()
    try:
        import lancedb
    except ImportError as err:
        raise EngineError(f"LanceDB is not installed ({err})", "pip install lancedb") from err
    try:
        db: DBConnection = lancedb.connect(uri)
        if not is_local(uri):
            names(db)
    except Exception as err:
        if is_local(uri):
            raise
        reason = f"the index at {uri} cannot be reached ({words_of(err)})"
        raise EngineError(reason, "check its address, your rights there and the connection") from err
    return db


def open_index(uri: str) -> OpenIndex:
    """Open the complete index. Raises NoIndex, Damaged, and InputError if a newer Draftscope made it."""
    if is_local(uri) and not _is_made(uri):
        raise NoIndex(uri)
    with reading(uri):
        db = connect(uri)
        if MANIFEST not in names(db):
            raise NoIndex(uri)
        head, files = _manifest(uri, db)
    with reading(uri, head.recipe.roots):
        chunks = db.open_table(CHUNKS)
        chunks.checkout(head.version)
        if (n_chunks := chunks.count_rows()) != head.n_chunks:
            raise ValueError(f"{n_chunks} passages, {head.n_chunks} expected")
    return OpenIndex(uri, head, chunks, files)


def names(db: "DBConnection") -> list[str]:
    """List the tables of a database."""
    return list(db.list_tables().tables)


def replace_row(db: "DBConnection", name: str, row: "pa.Table") -> None:
    """Replace the content of a table by one row, in one step."""
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
def reading(uri: str, roots: Sequence[str] = ()) -> Iterator[None]:
    """Raise Damaged for whatever a library raises about files that it wrote itself."""
    try:
        yield
    except (EngineError, MemoryError):
        raise
    except PermissionError as err:
        raise EngineError(f"the index at {uri} cannot be read ({err.strerror})", "check its permissions") from err
    except Exception as err:
        if ran_out(err):
            raise MemoryError(words_of(err)) from err
        raise Damaged(uri, err, roots) from err


def words_of(err: Exception) -> str:
    """The first line of a library's error message, without the place in its source."""
    lines = (str(err).strip() or type(err).__name__).splitlines()
    return _SOURCE_OF_LIBRARY.sub("", lines[0]).removeprefix("lance error: ")[:300]


def chunk_schema(dimension: int) -> "pa.Schema":
    """The columns of the table of passages."""
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
