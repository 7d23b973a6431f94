"""The measurement of indexing and search, in small."""

import pytest

from engine.bench.index import IndexBench, bench
from engine.documents import building
from engine.events import Progressed


def test_every_figure_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "EXACT_UP_TO", 1_000)
    *progress, found = bench(n_chunks=1_200, n_files=1, pairs=1)
    assert isinstance(found, IndexBench) and all(isinstance(item, Progressed) for item in progress)
    assert found.n_chunks == 1_200 and found.recall_10 is not None and found.recall_10 >= 0.95
    assert found.n_passages > 1 and found.ratio_ci is None
    for name in ("ratio", "search_ms", "exact_ms", "text_ms", "hybrid_ms", "indexed_per_s", "encoded_per_s"):
        assert getattr(found, name) > 0
