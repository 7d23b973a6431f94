"""The bench of the store: every figure is there, on a store small enough for a test."""

import random

from engine.bench.store import StoreBench, bench, made_run
from engine.events import Progressed, RunFinished


def test_every_figure_is_measured() -> None:
    *steps, last = bench(120)
    assert all(isinstance(step, Progressed) for step in steps)
    assert isinstance(last, StoreBench)
    assert last.runs == 120
    assert min(last.open_ms, last.filter_max_ms, last.unchanged_ms, last.n_bytes, last.index_bytes) > 0


def test_a_made_up_run_ends_and_counts_its_tokens() -> None:
    *rounds, end = made_run(3, random.Random(0))
    assert isinstance(end, RunFinished)
    assert end.n_tokens == sum(len(getattr(event, "emitted", ())) for event in rounds)
