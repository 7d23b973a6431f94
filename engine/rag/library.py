"""Combines an index and its encoder: retrieves passages, their vectors, and vectors of other passages."""

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from engine.commands import Index
from engine.documents import search
from engine.documents.embedding import Description, Embedder, TextRole
from engine.documents.feed import why_outdated
from engine.documents.index import Damaged, NoIndex, OpenIndex, open_index, reading
from engine.documents.sources import SHIPPED
from engine.events import Event, Progressed, Warned
from engine.events.answers import Passage, RetrievalKind
from engine.machine import paths
from engine.rag.waiting import no_stop, when_free


class RetrievedPassages(NamedTuple):
    """Passages for a question, best first, how long it took, and why there are fewer than requested, if there are."""

    passages: tuple[Passage, ...]
    ms: float
    note: str


class Library(Protocol):
    """A source of passages. key: equal if the same question gets the same passages."""

    key: str
    uri: str
    n_chunks: int
    description: Description

    def retrieve(self, question: str, n: int, how: RetrievalKind) -> RetrievedPassages:
        """The n best passages for a question. Raises InputError if it is empty."""

    def embed(self, texts: Sequence[str], role: TextRole) -> NDArray[np.float32]:
        """Unit vectors [N, D] of texts."""

    def vectors(self, ids: Sequence[str]) -> NDArray[np.float32]:
        """The vectors [N, D] that passages were indexed with."""

    def background(self, n: int) -> NDArray[np.float32]:
        """Vectors [at most n, D] of passages to show as a background; the same every time."""


class Librarian(Protocol):
    """Loads encoders and makes indexes: a session."""

    def embedder(self, spec: str, *, device: str = "auto", dtype: str = "auto") -> Generator[Event, None, Embedder]:
        """Yield progress; returns the encoder."""

    def do(self, command: Index) -> Iterator[Event]:
        """Yield the progress of making an index."""


def opened(
    spec: str, librarian: Librarian, *, device: str = "auto", checkpoint: Callable[[], None] = no_stop
) -> Generator[Event, None, "IndexLibrary"]:
    """Open an index by its folder or address; `builtin` or `builtin:pages`, shipped, is indexed first if necessary,
    or waited for where another program does that. checkpoint: raises Cancelled once the user asked to stop.

    Yields progress, not the other events of an indexing, which are no part of an answer, and a warning where an older
    version read the documents. Raises NoIndex, Damaged, and InputError if its encoder is not the one it was made with.
    """
    uri = paths.own_index([spec]) if spec in SHIPPED else spec

    def made() -> Generator[Event, None, OpenIndex]:
        """Open the index; of the shipped documents one is made first where there is none."""
        try:
            return open_index(uri)
        except Damaged as err:
            raise (err.of([spec]) if spec in SHIPPED else err) from err.__cause__
        except NoIndex:
            if spec not in SHIPPED:
                raise
        steps = librarian.do(Index((spec,), uri, device=device))
        yield from (event for event in steps if isinstance(event, Progressed))
        return open_index(uri)

    index = yield from when_free(made, checkpoint)
    if spec not in SHIPPED and (older := why_outdated(uri, index.files)):
        yield Warned(older, "run rag index again, so that they are read as today")
    embedder = yield from librarian.embedder(index.head.recipe.embedder, device=device)
    index.refuse_other(embedder.description.fingerprint, embedder.description.spec)
    return IndexLibrary(index, embedder)


class IndexLibrary:
    """A LanceDB index and the encoder it was made with."""

    def __init__(self, index: OpenIndex, embedder: Embedder) -> None:
        self.uri = index.uri
        self.key = f"{index.uri}@{index.head.version}"
        self.n_chunks = index.head.n_chunks
        self.description = embedder.description
        self._index, self._embedder = index, embedder

    def retrieve(self, question: str, n: int, how: RetrievalKind) -> RetrievedPassages:
        """The n best passages for a question."""
        started = time.perf_counter()
        hits = search.retrieve(self._index, self._embedder, question, n, how)
        ms = 1e3 * (time.perf_counter() - started)
        return RetrievedPassages(tuple(map(_passage, hits)), ms, search.why_fewer(len(hits), n, self.n_chunks, how))

    def embed(self, texts: Sequence[str], role: TextRole) -> NDArray[np.float32]:
        """Unit vectors of texts."""
        return self._embedder.embed_all(texts, role=role).vectors

    def vectors(self, ids: Sequence[str]) -> NDArray[np.float32]:
        """The vectors of passages by their ids."""
        names = ", ".join("'" + name.replace("'", "''") + "'" for name in ids)
        with reading(self.uri):
            search = self._index.chunks.search().where(f"id IN ({names})").select(["id", "vector"])
            rows = search.limit(len(ids)).to_arrow().to_pylist()
        vector_of = {row["id"]: row["vector"] for row in rows}
        return np.array([vector_of[name] for name in ids], dtype=np.float32)

    def background(self, n: int) -> NDArray[np.float32]:
        """Vectors of evenly spaced rows of the table."""
        offsets = np.linspace(0, self.n_chunks - 1, min(n, self.n_chunks)).astype(int).tolist()
        with reading(self.uri):
            rows = self._index.chunks.take_offsets(offsets).select(["vector"]).to_arrow().to_pylist()
        return np.array([row["vector"] for row in rows], dtype=np.float32).reshape(-1, self.description.dimension)


def _passage(hit: search.SearchHit) -> Passage:
    return Passage(hit.id, hit.source, hit.title or hit.name, hit.start, hit.end, hit.text, hit.score, hit.name)
