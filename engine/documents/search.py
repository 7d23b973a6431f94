"""Finds passages for a question by their vectors, by their words, or both.

* imports neither Qt nor torch."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine.documents.index import OpenIndex, label, reading
from engine.documents.letters import plain
from engine.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa

    from engine.documents.embedding import Embedder

How: TypeAlias = Literal["dense", "text", "hybrid"]
HOWS: tuple[How, ...] = ("dense", "text", "hybrid")
# Reciprocal rank fusion: a passage gets the sum of 1 / (60 + its rank) over the lists it is in.
# Source: Cormack, Clarke and Buettcher, SIGIR 2009.
_RRF_K = 60
_FUSED_FROM = 50
_COLUMNS = ("id", "document", "source", "name", "title", "place", "start", "end", "n_tokens", "text")


class SearchHit(msgspec.Struct, frozen=True):
    """A passage for a question. score: cosine (dense), BM25 (text) or the fused score (hybrid); dense_rank, text_rank:
    its ranks in the two lists from 1, None if it is not in the list. sources: all files that contain the text."""

    id: str
    document: str
    source: str
    name: str
    title: str
    place: str
    start: int
    end: int
    n_tokens: int
    text: str
    score: float
    dense_rank: int | None
    text_rank: int | None
    sources: tuple[str, ...]


class Hit(NamedTuple):
    """A row of the index and its score."""

    row: Mapping[str, object]
    score: float


def retrieve(
    index: OpenIndex, embedder: "Embedder | None", question: str, n: int, how: How = "hybrid"
) -> list[SearchHit]:
    """Find the n best passages for a question, best first; ties are in the order of their ids.

    embedder: needed for all but `text`. Raises InputError: an empty question, another embedder than the index's."""
    question = plain(question)
    if not question.strip():
        raise InputError("the question is empty", "ask something")
    if n < 1:
        raise InputError(f"n = {n}: must be >= 1", "10 is a good beginning")
    # The library takes no number of rows beyond 64 bits.
    depth = min(n if how != "hybrid" else max(n, _FUSED_FROM), max(1, index.head.n_chunks))
    dense = [] if how == "text" else dense_hits(index, _vector(index, embedder, question), depth)
    text = [] if how == "dense" else text_hits(index, question, depth)
    return _passages(index, dense, text, how)[:n]


def why_fewer(n_found: int, n: int, n_chunks: int, how: How) -> str:
    """Explain why there are fewer than n passages; empty if there are n."""
    if n_found >= n:
        return ""
    if n_chunks < n:
        return f"n = {n}, but the index has only {n_chunks} passages"
    return f"only {n_found} of {n} passages share a word with the question" if how == "text" else ""


def _vector(index: OpenIndex, embedder: "Embedder | None", question: str) -> NDArray[np.float32]:
    if embedder is None:
        raise InputError("no embedder is loaded", "search by words (--how text)")
    index.refuse_other(embedder.description.fingerprint, embedder.description.spec)
    vector: NDArray[np.float32] = embedder.embed_all([question], role="query").vectors[0]
    return vector


def dense_hits(index: OpenIndex, vector: NDArray[np.float32], n: int) -> list[Hit]:
    """The n rows nearest to a unit vector [D], exactly or by the approximate index if there is one."""
    with reading(index.uri):
        search = index.chunks.search(vector, vector_column_name="vector").distance_type("dot")
        search = search.nprobes(index.head.n_probes) if index.head.n_probes else search.bypass_vector_index()
        table = search.select([*_COLUMNS, "_distance"]).limit(n).to_arrow()
        return _hits(table, "_distance", lambda distance: 1.0 - distance)


def text_hits(index: OpenIndex, question: str, n: int) -> list[Hit]:
    """The n best rows for the words of a question by BM25; none if no text contains any of them."""
    from lancedb.query import MatchQuery

    with reading(index.uri):
        search = index.chunks.search(MatchQuery(plain(question), "text"), query_type="fts")
        return _hits(search.select([*_COLUMNS, "_score"]).limit(n).to_arrow(), "_score", float)


def _hits(table: "pa.Table", column: str, score: Callable[[float], float]) -> list[Hit]:
    hits = [Hit(row, score(float(row[column]))) for row in table.to_pylist()]
    return sorted(hits, key=lambda hit: (-hit.score, str(hit.row["id"])))


def _passages(index: OpenIndex, dense: Sequence[Hit], text: Sequence[Hit], how: How) -> list[SearchHit]:
    """Merge the hits of both lists, best first."""
    ranks = [{str(hit.row["id"]): rank for rank, hit in enumerate(hits, 1)} for hits in (dense, text)]
    hits = {str(hit.row["id"]): hit for hit in (*text, *dense)}
    passages = [_passage(index, hit, ranks[0].get(key), ranks[1].get(key), how) for key, hit in hits.items()]
    return sorted(passages, key=lambda passage: (-passage.score, passage.id))


def _passage(index: OpenIndex, hit: Hit, dense_rank: int | None, text_rank: int | None, how: How) -> SearchHit:
    fused = sum(1.0 / (_RRF_K + rank) for rank in (dense_rank, text_rank) if rank is not None)
    sources = tuple(label(source, document.name) for source, document in index.owners.get(str(hit.row["document"]), ()))
    score = fused if how == "hybrid" else hit.score
    ranking = {"score": score, "dense_rank": dense_rank, "text_rank": text_rank, "sources": sources}
    return msgspec.convert({**hit.row, **ranking}, SearchHit)
