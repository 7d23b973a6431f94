"""Measures indexing against the embedder's bare encode, and search over a hundred thousand made-up passages."""

import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from functools import partial
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from random import Random
from statistics import median, quantiles
from threading import Event as Flag
from threading import Thread
from typing import NamedTuple

import msgspec
import numpy as np
import psutil
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer

from engine import statistics
from engine.documents import embedding, encoder_folder, indexing
from engine.documents.building import NEAREST, Building
from engine.documents.chunking import Chunk
from engine.documents.embedding import Embedder
from engine.documents.encoder_folder import BUILTIN
from engine.documents.index import FileRecord, OpenIndex, Recipe, open_index
from engine.documents.jobs import IndexJob
from engine.documents.search import dense_hits, retrieve, text_hits
from engine.documents.target_tokens import TargetTokens, tokens_of
from engine.events import Event, Indexed, Progressed
from engine.machine.versions import processor, versions
from engine.statistics import Interval, UnitTime
from engine.world.story import stories

_STORIES_A_FILE, _SEED = 8, 0
_N_WORDS, _WORDS_A_TEXT, _BATCH = 5_000, 40, 4_096
_N_QUERIES, _POLL_S = 100, 0.05


class IndexBench(msgspec.Struct, frozen=True):
    """Results. ratio: passages per second of a whole indexing, from files to a searchable index, over those of the
    embedder library's encode on the same passages; medians over interleaved pairs, divided.

    search_ms, exact_ms, text_ms: of one question's rows with their texts, its vector given, over the large index, whose
    contents large_index describes; hybrid_ms: of a question, the embedding included, over the small index. grown_bytes:
    growth of the process while the large index was made."""

    ratio: float
    ratio_ci: Interval | None
    ratio_range: Interval | None
    indexed_per_s: float
    encoded_per_s: float
    n_passages: int
    tokens_a_passage: float
    pairs: int
    hybrid_ms: float
    large_index: str
    n_chunks: int
    recall_10: float | None
    n_probes: int
    search_ms: float
    search_p95_ms: float
    exact_ms: float
    text_ms: float
    make_s: float
    searchable_s: float
    grown_bytes: int
    disk_bytes: int
    n_threads: int
    device: str
    processor: str
    versions: dict[str, str]


class Cloud(NamedTuple):
    """Where made-up vectors lie: between the vectors of real passages [P, D] and of their nearest neighbours, whose
    indices are nearest [P, K], so that they cluster like real ones; and off the line between by half of `apart`, the
    median distance to the nearest neighbour. Source of the interpolation: Chawla and others, SMOTE, JAIR 2002."""

    vectors: NDArray[np.float32]
    nearest: NDArray[np.int64]
    apart: float


class _Throughput(msgspec.Struct, frozen=True):
    """Seconds of each whole indexing and of each bare encoding of the same passages, and their vectors."""

    indexed_s: tuple[float, ...]
    encoded_s: tuple[float, ...]
    n_passages: int
    tokens_a_passage: float
    hybrid_ms: float
    vectors: NDArray[np.float32]


class _Large(msgspec.Struct, frozen=True):
    """What making the large index took."""

    make_s: float
    searchable_s: float
    grown_bytes: int
    disk_bytes: int


def bench(*, n_chunks: int, n_files: int, pairs: int) -> Iterator[Progressed | IndexBench]:
    """Yield progress, then the figures; deletes its working folder."""
    *_, embedder = embedding.load(BUILTIN)
    assert isinstance(embedder, Embedder)
    with tempfile.TemporaryDirectory(prefix="draftscope-bench-") as folder:
        throughput: _Throughput | None = None
        for item in _throughput(Path(folder), embedder, n_files=n_files, pairs=pairs):
            if isinstance(item, _Throughput):
                throughput = item
            else:
                yield item
        assert throughput is not None
        uri, cloud = str(Path(folder) / "large"), cloud_of(throughput.vectors)
        large = yield from _make(uri, n_chunks, cloud)
        yield Progressed("measuring", 0, _N_QUERIES, "questions")
        yield _result(throughput, large, open_index(uri), embedder, cloud)


def _throughput(folder: Path, embedder: Embedder, *, n_files: int, pairs: int) -> Iterator[Progressed | _Throughput]:
    docs, tokens = _write_stories(folder / "docs", n_files), tokens_of("builtin")
    library = SentenceTransformer(str(encoder_folder.builtin_folder()), device=embedder.description.device)
    uri = str(folder / "warm")
    _build_index(docs, uri, embedder, tokens)
    passages = open_index(uri).chunks.to_arrow()
    rows = passages.select(["text", "n_tokens"]).to_pylist()
    texts = [str(row["text"]) for row in rows]
    hybrid_ms = median(_time_ms(lambda: retrieve(open_index(uri), embedder, texts[0][:80], NEAREST)) for _ in range(11))
    indexed_s: list[float] = []
    encoded_s: list[float] = []
    for pair in range(pairs):
        yield Progressed("measuring", pair, pairs, "pairs")
        calls: list[tuple[list[float], Callable[[], object]]] = [
            (indexed_s, partial(_build_index, docs, str(folder / f"i{pair}"), embedder, tokens)),
            (encoded_s, partial(library.encode, texts, show_progress_bar=False)),
        ]
        for seconds, call in calls if pair % 2 else calls[::-1]:
            seconds.append(1e-3 * _time_ms(call))
    mean_tokens = sum(int(row["n_tokens"]) for row in rows) / len(rows)
    real = np.array(passages["vector"].to_pylist(), dtype=np.float32)
    yield _Throughput(tuple(indexed_s), tuple(encoded_s), len(texts), mean_tokens, hybrid_ms, real)


def _write_stories(folder: Path, n_files: int) -> Path:
    """Write different stories into files of a few passages each; returns the folder."""
    folder.mkdir()
    texts = stories(_SEED)
    for number in range(n_files):
        (folder / f"{number:05d}.txt").write_text("\n\n".join(islice(texts, _STORIES_A_FILE)), encoding="utf-8")
    return folder


def _build_index(docs: Path, uri: str, embedder: Embedder, tokens: TargetTokens) -> Event:
    job = IndexJob((str(docs),), uri, tokens.fitting(NEAREST), "builtin", tokens.fingerprint)
    *_, last = indexing.index(job, embedder, tokens)
    assert isinstance(last, Indexed)
    return last


def _time_ms(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return 1e3 * (time.perf_counter() - started)


def cloud_of(real: NDArray[np.float32]) -> Cloud:
    """The cloud around the vectors of real passages [P, D], P at least two."""
    similarity = real @ real.T
    np.fill_diagonal(similarity, -2.0)
    nearest = np.argsort(-similarity, axis=1)[:, : min(NEAREST, len(real) - 1)]
    distances = np.linalg.norm(real - real[nearest[:, 0]], axis=1)
    return Cloud(real, nearest, float(np.median(distances)))


def vectors(rng: np.random.Generator, cloud: Cloud, n: int) -> NDArray[np.float32]:
    """Draw unit vectors [n, D] from a cloud."""
    indices = rng.integers(0, len(cloud.vectors), n)
    neighbours = cloud.nearest[indices, rng.integers(0, cloud.nearest.shape[1], n)]
    start, end = cloud.vectors[indices], cloud.vectors[neighbours]
    off = rng.standard_normal(start.shape, dtype=np.float32)
    off *= 0.5 * cloud.apart / np.linalg.norm(off, axis=1, keepdims=True)
    points = start + rng.random((n, 1), dtype=np.float32) * (end - start) + off
    unit: NDArray[np.float32] = points / np.linalg.norm(points, axis=1, keepdims=True)
    return unit


def _make(uri: str, n_chunks: int, cloud: Cloud) -> Generator[Progressed, None, _Large]:
    """Make an index of made-up passages, batch by batch, and watch its memory use."""
    process, bytes_before = psutil.Process(), psutil.Process().memory_info().rss
    rss_bytes, stop = [bytes_before], Flag()
    watcher = Thread(target=_watch, args=(process, rss_bytes, stop), daemon=True)
    watcher.start()
    try:
        width = cloud.vectors.shape[1]
        building = Building(uri, Recipe(("made up",), "made up", "", width, "", "", _WORDS_A_TEXT), None, anew=False)
        make_s = yield from _fill(building, n_chunks, cloud)
        searchable_s = 1e-3 * _time_ms(building.make_searchable)
        yield Progressed("checking", 0, _N_QUERIES, "questions")
        queries = vectors(np.random.default_rng(_SEED), cloud, _N_QUERIES)
        n_probes, recall = building.probes(queries) if building.is_approximate() else (0, None)
        building.commit(building.head(n_probes, recall), [FileRecord("made up", 0, 0, "")])
    finally:
        stop.set()
        watcher.join()
    return _Large(make_s, searchable_s, max(rss_bytes) - bytes_before, building.n_bytes())


def _fill(building: Building, n_chunks: int, cloud: Cloud) -> Generator[Progressed, None, float]:
    """Add made-up passages; returns the seconds that adding took, without making them up."""
    rng, words, seconds = np.random.default_rng(_SEED + 1), Random(_SEED), 0.0
    for start in range(0, n_chunks, _BATCH):
        yield Progressed("writing", start, n_chunks, "passages")
        batch = [_passage(words, number) for number in range(start, min(n_chunks, start + _BATCH))]
        seconds += 1e-3 * _time_ms(partial(building.add, batch, vectors(rng, cloud, len(batch)), []))
    yield Progressed("indexing", 0, n_chunks, "passages")
    return seconds


def _watch(process: psutil.Process, rss_bytes: list[int], stop: Flag) -> None:
    while not stop.wait(_POLL_S):
        rss_bytes.append(process.memory_info().rss)


def _passage(words: Random, number: int) -> Chunk:
    text = " ".join(f"w{int(_N_WORDS * words.random() ** 3)}" for _ in range(_WORDS_A_TEXT))
    name = str(number)
    return Chunk(name, name, name, "", "", "", 0, len(text), text, _WORDS_A_TEXT, False)


def _result(throughput: _Throughput, large: _Large, index: OpenIndex, embedder: Embedder, cloud: Cloud) -> IndexBench:
    rng, words = np.random.default_rng(_SEED + 2), Random(_SEED + 3)
    queries = vectors(rng, cloud, _N_QUERIES)
    approximate_ms = _search_ms(index, queries)
    exact = OpenIndex(index.uri, msgspec.structs.replace(index.head, n_probes=0), index.chunks, index.files)
    texts = [_passage(words, 0).text[:40] for _ in range(_N_QUERIES)]
    encoded, indexed = (
        UnitTime(tuple(seconds), throughput.n_passages) for seconds in (throughput.encoded_s, throughput.indexed_s)
    )
    ratio = statistics.speedup([encoded], [indexed])
    return IndexBench(
        ratio=ratio.value,
        ratio_ci=ratio.ci,
        ratio_range=ratio.range,
        indexed_per_s=throughput.n_passages / median(throughput.indexed_s),
        encoded_per_s=throughput.n_passages / median(throughput.encoded_s),
        n_passages=throughput.n_passages,
        tokens_a_passage=throughput.tokens_a_passage,
        pairs=ratio.n,
        hybrid_ms=throughput.hybrid_ms,
        large_index=f"made up, no text encoded: words by chance, vectors between those of neighbours among the "
        f"{throughput.n_passages:,} passages encoded",
        n_chunks=index.head.n_chunks,
        recall_10=index.head.recall_10,
        n_probes=index.head.n_probes,
        search_ms=median(approximate_ms),
        search_p95_ms=quantiles(approximate_ms, n=20)[-1],
        exact_ms=median(_search_ms(exact, queries[:20])),
        text_ms=median(_time_ms(partial(text_hits, index, text, NEAREST)) for text in texts),
        make_s=large.make_s,
        searchable_s=large.searchable_s,
        grown_bytes=large.grown_bytes,
        disk_bytes=large.disk_bytes,
        n_threads=torch.get_num_threads(),
        device=embedder.description.device,
        processor=processor(torch.device(embedder.description.device)),
        versions={**dict(versions()), "lancedb": version("lancedb")},
    )


def _search_ms(index: OpenIndex, queries: NDArray[np.float32]) -> list[float]:
    dense_hits(index, queries[0], NEAREST)
    return [_time_ms(partial(dense_hits, index, vector, NEAREST)) for vector in queries]
