"""The measurement of indexing and search, in small."""

import numpy as np
import pytest

from engine.bench.index import IndexBench, bench, cloud_of, vectors
from engine.documents import building
from engine.events import Progressed


def test_every_figure_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "EXACT_UP_TO", 1_000)
    *progress, found = bench(n_chunks=1_200, n_files=1, pairs=1)
    assert isinstance(found, IndexBench) and all(isinstance(item, Progressed) for item in progress)
    assert found.n_chunks == 1_200 and found.recall_10 is not None and found.recall_10 >= 0.95
    assert found.n_passages > 1 and found.ratio_ci is None
    assert found.large_index.startswith("made up, no text encoded")
    assert {item.phase for item in progress} == {"measuring", "writing", "indexing", "checking"}
    for name in ("ratio", "search_ms", "exact_ms", "text_ms", "hybrid_ms", "indexed_per_s", "encoded_per_s"):
        assert getattr(found, name) > 0


def test_made_up_vectors_lie_between_real_ones() -> None:
    rng = np.random.default_rng(0)
    real = rng.normal(size=(50, 64)).astype(np.float32)
    real /= np.linalg.norm(real, axis=1, keepdims=True)
    cloud = cloud_of(real)
    made = vectors(rng, cloud, 200)
    assert np.linalg.norm(made, axis=1) == pytest.approx(1.0, abs=1e-5)
    away = np.sqrt(2.0 - 2.0 * (made @ real.T).max(axis=1))
    assert away.min() > 0.0 and away.max() < cloud.apart
    assert np.array_equal(vectors(np.random.default_rng(1), cloud, 3), vectors(np.random.default_rng(1), cloud, 3))
