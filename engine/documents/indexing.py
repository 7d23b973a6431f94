"""Makes an index of documents or brings it up to date: reads on one thread, embeds on another; decides no settings.

A stopped or killed indexing leaves the index before as it was, and what it had embedded to the next one with the same
settings; one that fails, as on a full disk, leaves the index before and the disk as they were."""

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
from engine.documents.embedding import Embedded, Embedder
from engine.documents.feed import Feed, FileDone, Waiting
from engine.documents.index import FileRecord, IndexedDocument, IndexHead, OpenIndex, owners
from engine.documents.jobs import IndexJob
from engine.documents.locking import alone
from engine.documents.sources import FoundSources, Skipped
from engine.documents.unfinished import Left, Lost
from engine.errors import EngineError, InputError
from engine.events import Event, FileSkipped, Indexed, Progressed, Warned

# Texts are embedded in lots of like length: small ones first, so that the embedder need not wait for the reader.
_FIRST_BLOCK, _LARGEST_BLOCK = 128, 2_048
# A kill costs the lot under way: on a slow machine lots stay small.
_LONGEST_LOT_S = 10.0
_N_QUERIES, _WORDS_A_QUERY = 64, 12
_LOOK_S = 0.3
T = TypeVar("T")


def index(job: IndexJob, embedder: Embedder, tokens: Tokens) -> Iterator[Event]:
    """Yield what is read, skipped and embedded, and last Indexed. Closing it leaves the index before as it was; the
    next call with the same settings goes on with what was embedded.

    Raises InputError: nothing to read, another recipe or other places than the index's. EngineError: damaged, full."""
    recipe = jobs.recipe(job, embedder.description)
    found = sources.find(job.specs)
    with alone(job.uri):
        before = jobs.before(job, recipe)
        building = Building(job.uri, recipe, before, anew=job.rebuild)
        work = _Work(building, embedder, tokens, found, None if job.rebuild else before)
        try:
            yield from work.events()
        except EngineError as err:
            # Bad input, as a share that is offline, is no reason to forget what a stopped one had embedded.
            if not (isinstance(err, InputError) and isinstance(building.left, Left)):
                building.abandon()
            raise


class _Work:
    """One indexing: what it has read and embedded so far."""

    def __init__(
        self, building: Building, embedder: Embedder, tokens: Tokens, found: FoundSources, before: OpenIndex | None
    ) -> None:
        self._building = building
        self._embedder = embedder
        self._tokens = tokens
        self._found = found
        self._before = before
        self._left = building.left if isinstance(building.left, Left) else None
        self._records: list[FileRecord] = []
        self._changes: Counter[str] = Counter()
        self._n_read = self._n_embedded = self._n_taken_over = self._n_guessed = self._n_replaced = 0
        self._n_bytes_read = 0
        self._n_bytes = sum(entry.n_bytes for entry in found.entries)
        self._started = self._looked = time.perf_counter()
        self._embed_s = 0.0
        self._aside = ThreadPoolExecutor(1, thread_name_prefix="draftscope-writing")
        self._writing: Future[None] | None = None

    def events(self) -> Iterator[Event]:
        """Everything, from reading to the end."""
        if isinstance(lost := self._building.left, Lost):
            what = f"what a stopped indexing had embedded is not taken over: {lost.reason}"
            yield Warned(what, "nothing needs to be done; it is embedded again")
        yield from (FileSkipped(*one) for one in self._found.skipped)
        with self._aside:
            with closing(self._feed()) as feed:
                yield from self._read_and_embed(feed)
            self._refuse_nothing()
            n_probes, recall = yield from self._finished()
            head = self._building.head(n_probes, recall)
            yield from self._warnings(head)
            self._building.commit(head, self._records)
        yield self._indexed(head)

    def _feed(self) -> Feed:
        files = self._before.files if self._before is not None else ()
        there = frozenset(owners(files))
        if self._left is not None:
            # A stopped indexing may already have removed what was gone then and is back now.
            there = self._left.whole
            files = tuple(file for file in files if all(kept.document in there for kept in file.documents))
        known = {file.source: file for file in files}
        return Feed(self._found.entries, known, there, self._tokens, self._building.recipe.chunk_tokens)

    def _read_and_embed(self, feed: Feed) -> Iterator[Event]:
        block: list[Chunk] = []
        size = _FIRST_BLOCK
        for item in feed.items():
            match item:
                case Skipped():
                    yield FileSkipped(*item)
                case FileDone():
                    yield from self._file(item)
                case Waiting():
                    yield self._reading()
                case _:
                    self._n_read += len(item)
                    missing = self._missing(item)
                    block += missing
                    if len(missing) < len(item) and self._is_time():
                        yield self._taking_over()
            while len(block) >= size:
                started = time.perf_counter()
                yield from self._embed(block[:size])
                block = block[size:]
                size = _next_size(size, time.perf_counter() - started)
        if block:
            yield from self._embed(block)
        self._wait()
        if self._n_taken_over:
            yield self._taking_over()
        yield self._reading()

    def _missing(self, chunks: list[Chunk]) -> list[Chunk]:
        """Those of some passages that no stopped indexing had embedded."""
        if self._left is None:
            return chunks
        missing = [chunk for chunk in chunks if chunk.id not in self._left.ids]
        self._n_taken_over += len(chunks) - len(missing)
        return missing

    def _file(self, done: FileDone) -> Iterator[Event]:
        """Take note of a file."""
        yield from (FileSkipped(*one) for one in done.record.problems)
        self._records.append(done.record)
        self._changes[done.change] += 1
        self._n_guessed, self._n_replaced = self._n_guessed + done.guessed, self._n_replaced + done.n_replaced
        if done.change == "same":
            self._n_bytes -= done.record.n_bytes
        else:
            self._n_bytes_read += done.record.n_bytes
        if self._is_time():
            yield self._reading()

    def _is_time(self) -> bool:
        """Whether nothing was said for a moment."""
        return time.perf_counter() - self._looked > _LOOK_S

    def _taking_over(self) -> Progressed:
        assert self._left is not None
        self._looked = time.perf_counter()
        unit = "passages taken over from the stopped run"
        return Progressed("reading", self._n_taken_over, len(self._left.ids), unit, self._elapsed_s())

    def _reading(self) -> Progressed:
        self._looked = time.perf_counter()
        return Progressed("reading", len(self._records), len(self._found.entries), "files", self._elapsed_s())

    def _embed(self, block: list[Chunk]) -> Iterator[Event]:
        """Embed passages and have them written while the next are embedded."""
        started = time.perf_counter()
        for item in self._embedder.embed([chunk.text for chunk in block]):
            if isinstance(item, Embedded):
                self._embed_s += time.perf_counter() - started
                self._n_embedded += len(block)
                self._wait()
                self._writing = self._aside.submit(self._building.add, block, item.vectors, item.truncated)
            else:
                done = self._n_taken_over + self._n_embedded + item.done
                yield Progressed("embedding", done, self._expected(), "passages", self._elapsed_s())

    def _wait(self) -> None:
        """Until the block before is written; its failure is raised here."""
        if self._writing is not None:
            self._writing.result()

    def _expected(self) -> int:
        """How many passages there will be, by the share of bytes that is read."""
        return max(self._n_read, self._n_read * self._n_bytes // max(1, self._n_bytes_read))

    def _elapsed_s(self) -> float:
        return time.perf_counter() - self._started

    def _refuse_nothing(self) -> None:
        """Raise InputError where no file could be read: seldom what was meant, and no reason to forget an index."""
        if not any(record.documents for record in self._records):
            problems = [*self._found.skipped, *(one for record in self._records for one in record.problems)]
            source, reason = problems[0]
            more = f", nor could {len(problems) - 1} more" if len(problems) > 1 else ""
            raise InputError(f"nothing could be read: {source} {reason}{more}", "name a folder or files with text")

    def _finished(self) -> Generator[Event, None, tuple[int, float | None]]:
        """Drop what is gone and make everything searchable. Returns what an approximate index needs and finds."""
        had, has = self._named(), owners(self._records)
        gone = [document for document in had if document not in has]
        renamed = {key: has[key][0] for key in had if key in has and has[key][0] != had[key]}
        same = self._left is None and not (gone or renamed or self._n_embedded)
        if self._before is not None and same and self._building.is_searchable():
            return self._before.head.n_probes, self._before.head.recall_10
        yield from self._while(lambda: self._building.remove(gone), "writing")
        yield from self._while(lambda: self._building.rename(renamed), "writing")
        yield from self._while(self._building.make_searchable, "indexing")
        if not self._building.is_approximate():
            return 0, None
        asked = [" ".join(text.split()[:_WORDS_A_QUERY]) for text in self._building.sample(_N_QUERIES)]
        queries = self._embedder.embed_all(asked, role="query").vectors
        return (yield from self._while(lambda: self._building.probes(queries), "indexing"))

    def _named(self) -> Mapping[str, tuple[str, IndexedDocument]]:
        """After which file the passages of every text were named when this began."""
        if self._left is not None:
            return self._left.named
        files = self._before.files if self._before is not None else ()
        return {document: known[0] for document, known in owners(files).items()}

    def _while(self, work: Callable[[], T], phase: Literal["writing", "indexing"]) -> Generator[Event, None, T]:
        """Do something that says nothing meanwhile, and say that it goes on."""
        doing = self._aside.submit(work)
        while not wait_for([doing], timeout=_LOOK_S).done:
            yield Progressed(phase, 0, 1, "indexes", self._elapsed_s())
        yield Progressed(phase, 1, 1, "indexes", self._elapsed_s())
        return doing.result()

    def _warnings(self, head: IndexHead) -> Iterator[Warned]:
        if head.n_truncated:
            most = self._embedder.description.max_tokens
            what = f"of {head.n_truncated:,} of {head.n_chunks:,} passages the embedder reads only the beginning"
            yield Warned(f"{what}: {most} of its tokens", "make smaller passages (--chunk-tokens), or use another")
        if self._n_guessed:
            what = f"{self._n_guessed:,} files are not in UTF-8: their encoding was guessed"
            yield Warned(f"{what}, {self._n_replaced:,} characters were lost", "save them in UTF-8")

    def _indexed(self, head: IndexHead) -> Indexed:
        had = {file.source for file in self._before.files} if self._before is not None else set()
        n_kept = sum(len(record.documents) for record in self._records)
        n_problems = sum(len(record.problems) for record in self._records)
        return Indexed(
            index=self._building.uri,
            n_files=sum(bool(record.documents) for record in self._records),
            n_new=self._changes["new"],
            n_changed=self._changes["changed"],
            n_removed=len(had - {record.source for record in self._records}),
            n_skipped=n_problems + len(self._found.skipped),
            n_other=self._found.n_other,
            n_chunks=head.n_chunks,
            n_embedded=self._n_embedded,
            n_cut=head.n_cut,
            n_truncated=head.n_truncated,
            n_duplicates=n_kept - len(owners(self._records)),
            n_guessed=self._n_guessed,
            n_replaced=self._n_replaced,
            chunk_tokens=head.recipe.chunk_tokens,
            seconds=self._elapsed_s(),
            embed_per_s=self._n_embedded / self._embed_s if self._n_embedded else None,
            n_bytes=self._building.n_bytes(),
            embedder=head.recipe.embedder,
            approximate=bool(head.n_probes),
            recall_10=head.recall_10,
            n_taken_over=self._n_taken_over,
        )


def _next_size(size: int, seconds: float) -> int:
    """How many passages the next lot has after one of a size that took so long."""
    return min(_LARGEST_BLOCK, 2 * size) if 2 * seconds < _LONGEST_LOT_S else size
