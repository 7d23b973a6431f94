"""Reads and cuts documents on a thread of its own, while others embed what it has read; writes nothing.

* imports neither Qt nor torch."""

import threading
from collections.abc import Iterator, Mapping, Sequence, Set
from queue import Empty, Full, Queue
from typing import Literal, NamedTuple, TypeAlias

import msgspec

from engine.documents import readers, sources
from engine.documents.chunking import Chunk, Tokens, chunks, text_hash
from engine.documents.index import FileRecord, IndexedDocument, label
from engine.documents.pdf import PdfReader
from engine.documents.readers import Document
from engine.documents.sources import Skipped, SourceFile

Change: TypeAlias = Literal["same", "new", "changed"]
_WAITING, _CHUNKS_A_LOT = 64, 64
_LOOK_AGAIN_S = 0.2


class FileDone(NamedTuple):
    """A file is read, or was found unchanged. guessed: its encoding was; n_replaced: characters lost."""

    record: FileRecord
    change: Change
    guessed: bool = False
    n_replaced: int = 0


class Waiting(NamedTuple):
    """Nothing was read for a moment."""


Item: TypeAlias = FileDone | Skipped | list[Chunk]
Lot: TypeAlias = Item | BaseException | None


class Feed:
    """The passages of files that are new or changed, in order, as fast as they are taken.

    before: the files as the index has them, by source; there: hashes of texts whose passages it has."""

    def __init__(
        self,
        entries: Sequence[SourceFile],
        before: Mapping[str, FileRecord],
        there: Set[str],
        tokens: Tokens,
        most: int,
    ) -> None:
        self._entries = entries
        self._before = before
        self._there = there
        self._tokens = tokens
        self._most = most
        self._told: dict[str, str] = {}
        self._pdfs = PdfReader()
        self._lots: Queue[Lot] = Queue(_WAITING)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, name="draftscope-reading", daemon=True)
        self._thread.start()

    def items(self) -> Iterator[Item | Waiting]:
        """Yield what was read; raises what reading raised."""
        while True:
            try:
                lot = self._lots.get(timeout=_LOOK_AGAIN_S)
            except Empty:
                yield Waiting()
                continue
            if lot is None:
                return
            if isinstance(lot, BaseException):
                raise lot
            yield lot

    def close(self) -> None:
        """Stop reading, in the middle of a PDF too."""
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
            self._put(None)
        except Exception as err:  # raised again where the passages are taken
            self._put(err)
        finally:
            self._pdfs.close()

    def _put(self, lot: Lot) -> None:
        while not self._stopped.is_set():
            try:
                self._lots.put(lot, timeout=_LOOK_AGAIN_S)
            except Full:
                continue
            return

    def _take(self, entry: SourceFile) -> None:
        known = self._before.get(entry.source)
        if known is not None and (known.n_bytes, known.mtime_ns) == (entry.n_bytes, entry.mtime_ns):
            return self._keep(known)
        try:
            digest = sources.fingerprint(entry)
        except OSError as err:
            digest = ""
            problem = (entry.source, f"cannot be read ({err.strerror or err})")
            return self._put(FileDone(self._record(entry, digest, [], [problem]), _change(known)))
        if known is not None and known.sha256 == digest:
            return self._keep(msgspec.structs.replace(known, n_bytes=entry.n_bytes, mtime_ns=entry.mtime_ns))
        return self._read(entry, digest, known)

    def _keep(self, record: FileRecord) -> None:
        for kept in record.documents:
            self._told.setdefault(kept.document, label(record.source, kept.name))
        self._put(FileDone(record, "same"))

    def _read(self, entry: SourceFile, digest: str, known: FileRecord | None) -> None:
        kept: list[IndexedDocument] = []
        problems: list[tuple[str, str]] = []
        guessed, n_replaced = False, 0
        for item in readers.read(entry, self._pdfs):
            if self._stopped.is_set():
                return
            if isinstance(item, Skipped):
                problems.append(item)
                continue
            kept.append(self._document(item))
            guessed, n_replaced = guessed or item.guessed, n_replaced + item.n_replaced
        self._put(FileDone(self._record(entry, digest, kept, problems), _change(known), guessed, n_replaced))

    def _document(self, document: Document) -> IndexedDocument:
        """Pass on the passages of a document, unless the same text has been read or is in the index."""
        key, name = text_hash(document.text), label(document.source, document.name)
        first = self._told.setdefault(key, name)
        if first != name:
            self._put(Skipped(name, f"says the same as {first}, which stands for both"))
        elif key not in self._there:
            self._pass_on(document)
        return IndexedDocument(key, document.name, document.title)

    def _pass_on(self, document: Document) -> None:
        lot: list[Chunk] = []
        for chunk in chunks(document, self._tokens, self._most):
            lot.append(chunk)
            if len(lot) == _CHUNKS_A_LOT:
                self._put(lot)
                lot = []
            if self._stopped.is_set():
                return
        if lot:
            self._put(lot)

    @staticmethod
    def _record(
        entry: SourceFile, digest: str, kept: list[IndexedDocument], problems: list[tuple[str, str]]
    ) -> FileRecord:
        return FileRecord(entry.source, entry.n_bytes, entry.mtime_ns, digest, tuple(kept), tuple(problems))


def _change(known: FileRecord | None) -> Change:
    return "new" if known is None else "changed"
