"""The measurement over batch sizes: what it counts, that its texts are the same, what it refuses."""

from pathlib import Path

import pytest

from engine.commands import Load
from engine.errors import InputError
from engine.events import Progressed
from engine.measuring.batch import BatchBench, bench, measure_batch
from engine.models.loading import Pair
from engine.session.session import Session
from tests import fakes


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    folder: Path = tmp_path_factory.mktemp("pair")
    target = fakes.model(sharpness=3.0)
    specs = fakes.save(target, folder / "target"), fakes.save(fakes.noisy_copy(target), folder / "drafter")
    session = Session()
    list(session.do(Load(*specs)))
    assert session.models is not None
    return session.models


def test_batched_texts_are_those_of_each_prompt_alone(pair: Pair) -> None:
    found = measure_batch(pair, batch=3, gamma=3, n_new=12, n_blocks=3)
    assert found.batch == 3
    assert found.same_tokens
    assert 0 < found.alpha <= 1
    assert 1 <= found.tau <= 4
    assert (found.speedup_ci, found.n) == (None, 3)
    assert found.speedup_range is not None
    assert found.speedup_range.low <= found.speedup_range.high
    assert min(found.plain_tokens_per_s, found.tokens_per_s) > 0


def test_ten_blocks_give_an_interval(pair: Pair) -> None:
    found = measure_batch(pair, batch=1, gamma=2, n_new=4, n_blocks=10)
    assert found.speedup_ci is not None
    assert found.speedup_ci.low <= found.speedup <= found.speedup_ci.high


def test_every_size_is_reported_in_the_order_asked_for(pair: Pair) -> None:
    *progress, last = bench(pair, batches=(2, 1), gamma=2, n_new=4, n_blocks=1)
    assert isinstance(last, BatchBench)
    assert [one.batch for one in last.batches] == [2, 1]
    assert (last.gamma, last.max_new_tokens, last.n_blocks, last.runtime) == (2, 4, 1, "fused")
    assert [(event.done, event.total) for event in progress if isinstance(event, Progressed)] == [(1, 2), (2, 2)]


def test_more_new_tokens_than_the_context_holds_are_refused(pair: Pair) -> None:
    with pytest.raises(InputError, match="has room for"):
        measure_batch(pair, batch=2, gamma=2, n_new=fakes.CONTEXT)
