"""Passages for a question: by their vectors, by their words, or both; loads no embedder and changes no index.

* imports neither Qt nor torch."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine.documents.index import OpenIndex, label, reading
from engine.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa

    from engine.documents.embedding import Embedder

How: TypeAlias = Literal["dense", "text", "hybrid"]
HOWS: tuple[How, ...] = ("dense", "text", "hybrid")
# Reciprocal rank fusion: a passage gets the sum of 1 / (60 + its place) over the lists that it is in.
# Source: Cormack, Clarke and Buettcher, SIGIR 2009.
_RRF_K = 60
_FUSED_FROM = 50
_COLUMNS = ("id", "document", "source", "name", "title", "place", "start", "end", "n_tokens", "text")


class SearchHit(msgspec.Struct, frozen=True):
    """A passage that was found. score: cosine (dense), BM25 (text) or the fused one (hybrid); dense_rank, text_rank:
    its places in the two lists, 1 first, None where it is in none. sources: all files that say the same."""

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
    """A row of the index and how well it fits."""

    row: Mapping[str, object]
    score: float


def retrieve(
    index: OpenIndex, embedder: "Embedder | None", question: str, n: int, how: How = "hybrid"
) -> list[SearchHit]:
    """The n best passages for a question, best first; equal ones in the order of their ids.

    embedder: needed for all but `text`. Raises InputError: an empty question, another embedder than the index's."""
    if not question.strip():
        raise InputError("the question is empty", "ask something")
    if n < 1:
        raise InputError(f"n = {n}: must be >= 1", "10 is a good beginning")
    deep = n if how != "hybrid" else max(n, _FUSED_FROM)
    dense = [] if how == "text" else dense_hits(index, _vector(index, embedder, question), deep)
    text = [] if how == "dense" else text_hits(index, question, deep)
    return _passages(index, dense, text, how)[:n]


def why_fewer(n_found: int, n: int, n_chunks: int, how: How) -> str:
    """Why there are fewer passages than wanted; empty where there are not."""
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
    """The n rows nearest to a unit vector [D]: of all, or as the approximate index finds them."""
    with reading(index.uri):
        search = index.chunks.search(vector, vector_column_name="vector").distance_type("dot")
        search = search.nprobes(index.head.n_probes) if index.head.n_probes else search.bypass_vector_index()
        found = search.select([*_COLUMNS, "_distance"]).limit(n).to_arrow()
        return _hits(found, "_distance", lambda distance: 1.0 - distance)


def text_hits(index: OpenIndex, question: str, n: int) -> list[Hit]:
    """The n rows with the words of a question, by BM25; none where no text has one of them."""
    from lancedb.query import MatchQuery

    with reading(index.uri):
        search = index.chunks.search(MatchQuery(question, "text"), query_type="fts")
        return _hits(search.select([*_COLUMNS, "_score"]).limit(n).to_arrow(), "_score", float)


def _hits(found: "pa.Table", column: str, score: Callable[[float], float]) -> list[Hit]:
    hits = [Hit(row, score(float(row[column]))) for row in found.to_pylist()]
    return sorted(hits, key=lambda hit: (-hit.score, str(hit.row["id"])))


def _passages(index: OpenIndex, dense: Sequence[Hit], text: Sequence[Hit], how: How) -> list[SearchHit]:
    """The hits of both lists, each once, best first."""
    ranks = [{str(hit.row["id"]): rank for rank, hit in enumerate(hits, 1)} for hits in (dense, text)]
    hits = {str(hit.row["id"]): hit for hit in (*text, *dense)}
    made = [_passage(index, hit, ranks[0].get(key), ranks[1].get(key), how) for key, hit in hits.items()]
    return sorted(made, key=lambda passage: (-passage.score, passage.id))


def _passage(index: OpenIndex, hit: Hit, dense_rank: int | None, text_rank: int | None, how: How) -> SearchHit:
    fused = sum(1.0 / (_RRF_K + rank) for rank in (dense_rank, text_rank) if rank is not None)
    sources = tuple(label(source, kept.name) for source, kept in index.owners.get(str(hit.row["document"]), ()))
    score = fused if how == "hybrid" else hit.score
    found = {"score": score, "dense_rank": dense_rank, "text_rank": text_rank, "sources": sources}
    return msgspec.convert({**hit.row, **found}, SearchHit)
