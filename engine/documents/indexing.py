"""Makes an index of documents or brings it up to date: reads on one thread and embeds on another.

A stopped or killed indexing leaves the previous index unchanged, and the next one with the same settings reuses what it
had embedded; one that fails, for example on a full disk, leaves the previous index and the disk as they were."""

import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from contextlib import closing
from typing import Literal, TypeVar

from engine.documents import jobs, sources
from engine.documents.building import Building
from engine.documents.chunking import Chunk, Tokens
from engine.documents.decoding import REPLACEMENT
from engine.documents.embedding import Embedded, Embedder
from engine.documents.expected import ExpectedPassages
from engine.documents.feed import Feed, FileRead, Waiting
from engine.documents.index import FileRecord, IndexedDocument, IndexHead, OpenIndex, owners, rebuilding
from engine.documents.jobs import IndexJob
from engine.documents.locking import alone
from engine.documents.sources import FoundSources, Skipped
from engine.documents.unfinished import Leftover, Lost
from engine.errors import EngineError, InputError
from engine.events import Event, FileSkipped, Indexed, Progressed, Warned

# Texts are embedded in blocks, small ones first, so that the embedder need not wait for the reader.
_FIRST_BLOCK, _LARGEST_BLOCK = 128, 2_048
# A kill loses the block being embedded, so blocks stay small on a slow machine.
_LONGEST_BLOCK_S = 10.0
_N_QUERIES, _WORDS_A_QUERY = 64, 12
_REPORT_EVERY_S = 0.3
# Writing and making searchable take a few hundredths of the time of embedding.
_WITH_THE_END = 1.05
T = TypeVar("T")


def index(job: IndexJob, embedder: Embedder, tokens: Tokens) -> Iterator[Event]:
    """Yield what is read, skipped and embedded, and last Indexed. Closing it leaves the previous index unchanged; the
    next call with the same settings continues with what was embedded.

    Raises InputError: nothing to read, or another recipe or location than the index's. EngineError: damaged, full."""
    recipe = jobs.recipe(job, embedder.description)
    listing = sources.find(job.specs)
    with alone(job.uri):
        before = jobs.before(job, recipe)
        building = Building(job.uri, recipe, before, anew=job.rebuild)
        work = _Work(building, embedder, tokens, listing, None if job.rebuild else before)
        try:
            yield from work.events()
        except EngineError as err:
            # Bad input, such as an offline share, is no reason to drop what a stopped indexing had embedded.
            if not (isinstance(err, InputError) and isinstance(building.left, Leftover)):
                building.abandon()
            raise


class _Work:
    """One indexing: what it has read and embedded so far."""

    def __init__(
        self, building: Building, embedder: Embedder, tokens: Tokens, listing: FoundSources, before: OpenIndex | None
    ) -> None:
        self._building = building
        self._embedder = embedder
        self._tokens = tokens
        self._listing = listing
        self._before = before
        self._left = building.left if isinstance(building.left, Leftover) else None
        self._records: list[FileRecord] = []
        self._changes: Counter[str] = Counter()
        self._n_embedded = self._n_taken_over = self._n_replaced = 0
        self._encodings: Counter[str] = Counter()
        self._started = self._reported_at = time.perf_counter()
        self._embed_s = self._embedding_since = 0.0
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="draftscope-writing")
        self._writing: Future[None] | None = None

    def events(self) -> Iterator[Event]:
        """Yield all events, from reading to the end."""
        if isinstance(lost := self._building.left, Lost):
            what = f"what a stopped indexing had embedded is not taken over: {lost.reason}"
            yield Warned(what, "nothing needs to be done; it is embedded again")
        yield from (FileSkipped(skipped.source, skipped.reason) for skipped in self._listing.skipped)
        if links := sources.links_in_words(self._listing.links):
            yield Warned(f"links were followed: {links}", "take them away if what they lead to is not meant")
        with self._executor:
            with closing(self._feed()) as feed:
                yield from self._read_and_embed(feed)
            self._refuse_nothing_read()
            n_probes, recall = yield from self._finish_table()
            head = self._building.head(n_probes, recall)
            yield from self._warnings(head)
            self._building.commit(head, self._records)
        yield self._summary(head)

    def _feed(self) -> Feed:
        files = self._before.files if self._before is not None else ()
        indexed_texts = frozenset(owners(files))
        if self._left is not None:
            # A stopped indexing may have removed documents that were missing then and are back now.
            indexed_texts = self._left.whole
            files = tuple(
                file for file in files if all(document.document in indexed_texts for document in file.documents)
            )
        records = {file.source: file for file in files}
        return Feed(self._listing.entries, records, indexed_texts, self._tokens, self._building.recipe.chunk_tokens)

    def _read_and_embed(self, feed: Feed) -> Iterator[Event]:
        block: list[Chunk] = []
        size = _FIRST_BLOCK
        for item in feed.items():
            match item:
                case Skipped():
                    yield FileSkipped(item.source, item.reason)
                case FileRead():
                    yield from self._record_file(item)
                    if self._report_is_due():
                        yield self._progress(feed.expected)
                case Waiting():
                    yield self._progress(feed.expected)
                case _:
                    missing = self._missing(item)
                    block += missing
                    if len(missing) < len(item) and self._report_is_due():
                        yield self._reuse_progress()
            while len(block) >= size:
                started = time.perf_counter()
                yield from self._embed(block[:size], feed.expected)
                block = block[size:]
                size = _next_size(size, time.perf_counter() - started)
        if block:
            yield from self._embed(block, feed.expected)
        self._wait()
        if self._n_taken_over:
            yield self._reuse_progress()
        yield self._reading_progress()

    def _missing(self, chunks: list[Chunk]) -> list[Chunk]:
        """The passages that no stopped indexing had embedded."""
        if self._left is None:
            return chunks
        missing = [chunk for chunk in chunks if chunk.id not in self._left.ids]
        self._n_taken_over += len(chunks) - len(missing)
        return missing

    def _record_file(self, file: FileRead) -> Iterator[Event]:
        """Record a file."""
        is_part = bool(file.record.documents)
        yield from (FileSkipped(source, reason, is_part) for source, reason in file.record.problems)
        self._records.append(file.record)
        self._changes[file.change] += 1
        self._encodings.update([file.encoding] if file.encoding else ())
        self._n_replaced += file.n_replaced

    def _report_is_due(self) -> bool:
        """Whether the last progress report is long enough ago."""
        return time.perf_counter() - self._reported_at > _REPORT_EVERY_S

    def _reuse_progress(self) -> Progressed:
        assert self._left is not None
        self._reported_at = time.perf_counter()
        unit = "passages taken over from the stopped run"
        return Progressed("reading", self._n_taken_over, len(self._left.ids), unit, self._elapsed_s())

    def _progress(self, expected: ExpectedPassages) -> Progressed:
        """Files read until embedding begins, from then on passages embedded: one count at a time."""
        if not self._embedding_since:
            return self._reading_progress()
        self._reported_at = time.perf_counter()
        return self._embedding_progress(self._n_embedded, expected.total())

    def _reading_progress(self) -> Progressed:
        self._reported_at = time.perf_counter()
        return Progressed("reading", len(self._records), len(self._listing.entries), "files", self._elapsed_s())

    def _embed(self, block: list[Chunk], expected: ExpectedPassages) -> Iterator[Event]:
        """Embed passages, and write them while the next ones are embedded."""
        started = time.perf_counter()
        self._embedding_since = self._embedding_since or started
        for step in self._embedder.embed([chunk.text for chunk in block]):
            if isinstance(step, Embedded):
                self._embed_s += time.perf_counter() - started
                self._n_embedded += len(block)
                self._wait()
                self._writing = self._executor.submit(self._building.add, block, step.vectors, step.truncated)
            else:
                yield self._embedding_progress(self._n_embedded + round(step.done), expected.total())

    def _wait(self) -> None:
        """Wait until the previous block is written; raise its failure."""
        if self._writing is not None:
            self._writing.result()

    def _embedding_progress(self, n_embedded: int, total: int) -> Progressed:
        """Passages done of `total`, which is 0 while unknown, and the seconds left with what comes after them."""
        n_done, seconds = self._n_taken_over + n_embedded, time.perf_counter() - self._embedding_since
        left_s = seconds / n_embedded * max(0, total - n_done) * _WITH_THE_END if total and n_embedded else None
        return Progressed("embedding", n_done, total, "passages", self._elapsed_s(), left_s)

    def _elapsed_s(self) -> float:
        return time.perf_counter() - self._started

    def _refuse_nothing_read(self) -> None:
        """Raise InputError if no file could be read: this is rarely intended, and no reason to drop an index."""
        if not any(record.documents for record in self._records):
            problems = [*self._listing.skipped, *(problem for record in self._records for problem in record.problems)]
            source, reason = problems[0]
            more = f", nor could {len(problems) - 1} more" if len(problems) > 1 else ""
            raise InputError(f"nothing could be read: {source} {reason}{more}", "name a folder or files with text")

    def _finish_table(self) -> Generator[Event, None, tuple[int, float | None]]:
        """Drop what is gone and make everything searchable. Returns the approximate index's probes and recall."""
        old_names, new_owners = self._names_before(), owners(self._records)
        gone = [document for document in old_names if document not in new_owners]
        renamed = {
            key: new_owners[key][0] for key in old_names if key in new_owners and new_owners[key][0] != old_names[key]
        }
        same = self._left is None and not (gone or renamed or self._n_embedded)
        if self._before is not None and same and self._building.is_searchable():
            return self._before.head.n_probes, self._before.head.recall_10
        yield from self._with_progress(lambda: self._building.remove(gone), "writing")
        yield from self._with_progress(lambda: self._building.rename(renamed), "writing")
        yield from self._with_progress(self._building.make_searchable, "indexing")
        if not self._building.is_approximate():
            return 0, None
        texts = [" ".join(text.split()[:_WORDS_A_QUERY]) for text in self._building.sample(_N_QUERIES)]
        queries = self._embedder.embed_all(texts, role="query").vectors
        return (yield from self._with_progress(lambda: self._building.probes(queries), "indexing"))

    def _names_before(self) -> Mapping[str, tuple[str, IndexedDocument]]:
        """For every text, the file its passages were named after when this indexing began."""
        if self._left is not None:
            return self._left.named
        files = self._before.files if self._before is not None else ()
        return {document: holders[0] for document, holders in owners(files).items()}

    def _with_progress(self, work: Callable[[], T], phase: Literal["writing", "indexing"]) -> Generator[Event, None, T]:
        """Do work that reports nothing itself, and yield progress until it ends."""
        future = self._executor.submit(work)
        while not wait_for([future], timeout=_REPORT_EVERY_S).done:
            yield Progressed(phase, 0, 0, "indexes", self._elapsed_s())
        yield Progressed(phase, 1, 1, "indexes", self._elapsed_s())
        return future.result()

    def _warnings(self, head: IndexHead) -> Iterator[Warned]:
        if head.n_truncated:
            most = self._embedder.description.max_tokens
            what = f"of {head.n_truncated:,} of {head.n_chunks:,} passages the embedder reads only the beginning"
            yield Warned(
                f"{what}: {most} of its tokens",
                "use another embedder, or fewer --chunk-tokens, or leave that out: "
                + rebuilding(self._building.uri, self._building.recipe.roots),
            )
        if self._encodings:
            names = ", ".join(f"{n:,} as {name}" for name, n in self._encodings.most_common())
            what = f"{self._encodings.total():,} files are not wholly in UTF-8, their encoding was detected: {names}"
            yield Warned(what, "check a passage of each, or save them in UTF-8")
        if self._n_replaced:
            what = f"{self._n_replaced:,} characters could not be decoded and are marked {REPLACEMENT}"
            yield Warned(what, "save the files in UTF-8, PDFs with fonts that name their letters")

    def _summary(self, head: IndexHead) -> Indexed:
        old_sources = {file.source for file in self._before.files} if self._before is not None else set()
        n_documents = sum(len(record.documents) for record in self._records)
        n_problems = sum(len(record.problems) for record in self._records)
        return Indexed(
            index=self._building.uri,
            n_files=sum(bool(record.documents) for record in self._records),
            n_new=self._changes["new"],
            n_changed=self._changes["changed"],
            n_removed=len(old_sources - {record.source for record in self._records}),
            n_skipped=n_problems + len(self._listing.skipped),
            n_other=self._listing.n_other,
            n_chunks=head.n_chunks,
            n_embedded=self._n_embedded,
            n_cut=head.n_cut,
            n_truncated=head.n_truncated,
            n_duplicates=n_documents - len(owners(self._records)),
            n_guessed=self._encodings.total(),
            n_replaced=self._n_replaced,
            chunk_tokens=head.recipe.chunk_tokens,
            seconds=self._elapsed_s(),
            embed_per_s=self._n_embedded / self._embed_s if self._n_embedded else None,
            n_bytes=self._building.n_bytes(),
            embedder=head.recipe.embedder,
            approximate=bool(head.n_probes),
            recall_10=head.recall_10,
            n_taken_over=self._n_taken_over,
            n_partly=sum(bool(record.documents and record.problems) for record in self._records),
            n_unread=sum(not record.documents for record in self._records) + len(self._listing.skipped),
            other_kinds=self._listing.other_kinds,
        )


def _next_size(size: int, seconds: float) -> int:
    """How many passages the next block has, given the size and duration of the last one."""
    return min(_LARGEST_BLOCK, 2 * size) if 2 * seconds < _LONGEST_BLOCK_S else size
