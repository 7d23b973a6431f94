"""Reads documents and cuts them into passages on a separate thread, while the caller embeds them.

* imports neither Qt nor torch."""

import threading
from collections.abc import Iterator, Mapping, Sequence, Set
from pathlib import Path
from queue import Empty, Full, Queue
from typing import Literal, NamedTuple, TypeAlias

import msgspec

from engine.documents import chunking, readers, sources
from engine.documents.chunking import Chunk, Tokens, chunks, text_hash
from engine.documents.expected import ExpectedPassages
from engine.documents.index import FileRecord, IndexedDocument, label
from engine.documents.pdf import PdfReader
from engine.documents.readers import Document
from engine.documents.sources import SHIPPED, Kind, Skipped, SourceFile, kind_of

Change: TypeAlias = Literal["same", "new", "changed"]
# So far ahead of the embedder, some ten megabytes, reading is mostly over before the embedder asks for the number.
_WAITING, _CHUNKS_A_BATCH = 256, 64
# Kinds of files that hold several documents.
_SEVERAL = ("lines", "builtin")
_LOOK_AGAIN_S = 0.2


class FileRead(NamedTuple):
    """A file was read, or is unchanged. encoding: the one that was detected; n_replaced: characters lost."""

    record: FileRecord
    change: Change
    encoding: str = ""
    n_replaced: int = 0


class Waiting(NamedTuple):
    """Nothing was read for a moment."""


Item: TypeAlias = FileRead | Skipped | list[Chunk]
QueueEntry: TypeAlias = Item | BaseException | None


class Feed:
    """Yields the passages of new and changed files in order, as fast as the caller takes them. expected: how many there
    will be.

    before: the index's file records, by source; indexed_texts: hashes of texts whose passages the index has."""

    def __init__(
        self,
        entries: Sequence[SourceFile],
        before: Mapping[str, FileRecord],
        indexed_texts: Set[str],
        tokens: Tokens,
        most_tokens: int,
    ) -> None:
        self._entries = entries
        self.expected = ExpectedPassages(sum(entry.n_bytes for entry in entries))
        self._before = before
        self._indexed_texts = indexed_texts
        self._tokens = tokens
        self._most_tokens = most_tokens
        self._first_names: dict[str, str] = {}
        self._pdfs = PdfReader()
        self._queue: Queue[QueueEntry] = Queue(_WAITING)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, name="draftscope-reading", daemon=True)
        self._thread.start()

    def items(self) -> Iterator[Item | Waiting]:
        """Yield what was read; raise what reading raised."""
        while True:
            try:
                entry = self._queue.get(timeout=_LOOK_AGAIN_S)
            except Empty:
                yield Waiting()
                continue
            if entry is None:
                return
            if isinstance(entry, BaseException):
                raise entry
            yield entry

    def close(self) -> None:
        """Stop reading, even in the middle of a PDF."""
        self._stopped.set()
        while self._thread.is_alive():
            self._pdfs.end()
            self._thread.join(_LOOK_AGAIN_S)

    def _work(self) -> None:
        try:
            for entry in self._entries:
                self._take(entry)
                if self._stopped.is_set():
                    return
            self.expected.whole = True
            self._put(None)
        except Exception as err:  # raised again by `items`
            self._put(err)
        finally:
            self._pdfs.close()

    def _put(self, entry: QueueEntry) -> None:
        while not self._stopped.is_set():
            try:
                self._queue.put(entry, timeout=_LOOK_AGAIN_S)
            except Full:
                continue
            return

    def _take(self, entry: SourceFile) -> None:
        record = self._before.get(entry.source)
        current = record if record is not None and record_is_current(record, entry.kind) else None
        if current is not None and (current.n_bytes, current.mtime_ns) == (entry.n_bytes, entry.mtime_ns):
            return self._keep(current)
        try:
            digest = sources.fingerprint(entry)
        except OSError as err:
            self.expected.end_file(entry.n_bytes)
            problem = Skipped(entry.source, f"cannot be read ({err.strerror or err})", retry=True)
            unread = self._record(entry, "", [], [problem])
            return self._put(FileRead(unread, _change(record, unread)))
        if current is not None and current.sha256 == digest:
            return self._keep(msgspec.structs.replace(current, n_bytes=entry.n_bytes, mtime_ns=entry.mtime_ns))
        return self._read(entry, digest, record)

    def _keep(self, record: FileRecord) -> None:
        self.expected.skip(record.n_bytes)
        for document in record.documents:
            self._first_names.setdefault(document.document, label(record.source, document.name))
        self._put(FileRead(record, "same"))

    def _read(self, entry: SourceFile, digest: str, old_record: FileRecord | None) -> None:
        documents: list[IndexedDocument] = []
        problems: list[Skipped] = []
        encoding, n_replaced = "", 0
        for document in readers.read(entry, self._pdfs):
            if self._stopped.is_set():
                return
            if isinstance(document, Skipped):
                problems.append(document)
                continue
            documents.append(self._document(document, 0 if entry.kind in _SEVERAL else entry.n_bytes))
            encoding = document.encoding if document.guessed else encoding
            n_replaced += document.n_replaced
        self.expected.end_file(entry.n_bytes)
        record = self._record(entry, digest, documents, problems)
        self._put(FileRead(record, _change(old_record, record), encoding, n_replaced))

    def _document(self, document: Document, n_bytes: int) -> IndexedDocument:
        """Pass on the passages of a document, unless the same text has been read or is in the index.

        n_bytes: of its file, if that holds nothing else."""
        key, name = text_hash(document.text), label(document.source, document.name)
        first_name = self._first_names.setdefault(key, name)
        if first_name != name:
            self._put(Skipped(name, f"says the same as {first_name}, which stands for both"))
        elif key not in self._indexed_texts:
            self._put_passages(document, n_bytes)
        return IndexedDocument(key, document.name, document.title)

    def _put_passages(self, document: Document, n_bytes: int) -> None:
        batch: list[Chunk] = []
        for chunk in chunks(document, self._tokens, self._most_tokens):
            batch.append(chunk)
            self.expected.cut(1, n_bytes * chunk.end / max(1, len(document.text)))
            if len(batch) == _CHUNKS_A_BATCH:
                self._put(batch)
                batch = []
            if self._stopped.is_set():
                return
        if batch:
            self._put(batch)

    @staticmethod
    def _record(
        entry: SourceFile, digest: str, documents: list[IndexedDocument], problems: list[Skipped]
    ) -> FileRecord:
        return FileRecord(
            entry.source, entry.n_bytes, entry.mtime_ns, digest, tuple(documents),
            tuple((problem.source, problem.reason) for problem in problems),
            any(problem.retry for problem in problems), readers.VERSIONS[entry.kind], chunking.VERSION,
        )  # fmt: skip


def record_is_current(record: FileRecord, kind: Kind) -> bool:
    """Whether reading an unchanged file again would make the same of it."""
    return not record.retry and (record.reader, record.cutter) == (readers.VERSIONS[kind], chunking.VERSION)


def n_outdated(files: Sequence[FileRecord]) -> int:
    """How many files of an index would be read or cut otherwise today."""
    kinds = ((file, "builtin" if file.source in SHIPPED else kind_of(Path(file.source))) for file in files)
    return sum(
        (file.reader, file.cutter) != (readers.VERSIONS[kind], chunking.VERSION)
        for file, kind in kinds
        if kind is not None and file.documents
    )


def why_outdated(uri: str, files: Sequence[FileRecord]) -> str:
    """Say that an index was read by an older version; empty if it was not."""
    n = n_outdated(files)
    return f"{n:,} of {len(files):,} files of the index at {uri} were read by an older version" if n else ""


def _change(old_record: FileRecord | None, record: FileRecord) -> Change:
    """What became of a file that was read; one that was tried again in vain is the same."""
    if old_record is None:
        return "new"
    return "same" if old_record == record else "changed"
