"""What becomes a graph and when, on a device that only keeps a diary; capture itself is in test_cuda_graphs."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import torch
from torch import Tensor

from engine.fast.graphs import Graphs, capture_stream


class Diary(list[str]):
    """A device that notes what is asked of it, and its streams and graphs."""

    device = torch.device("cpu")

    def wait_stream(self, other: object) -> None:
        self.append("wait")

    def replay(self) -> None:
        self.append("replay")


@pytest.fixture
def diary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Diary]:
    made = Diary()
    capture_stream.cache_clear()

    @contextmanager
    def noted(*_args: object, **_kwargs: object) -> Iterator[None]:
        made.append("capture")
        yield

    @contextmanager
    def aside(_stream: object) -> Iterator[None]:
        yield

    for name in ("Stream", "current_stream"):
        monkeypatch.setattr(torch.cuda, name, lambda _device: made)
    monkeypatch.setattr(torch.cuda, "CUDAGraph", lambda: made)
    monkeypatch.setattr(torch.cuda, "graph_pool_handle", lambda: (0, 0))
    monkeypatch.setattr(torch.cuda, "graph", noted)
    monkeypatch.setattr(torch.cuda, "stream", aside)
    yield made
    capture_stream.cache_clear()


def test_work_runs_once_is_captured_once_and_then_only_replayed(diary: Diary) -> None:
    def work() -> Tensor:
        diary.append("work")
        return torch.zeros(1)

    repeated = Graphs(torch.device("cpu")).repeated(work)
    results = [repeated() for _ in range(4)]
    assert diary == ["wait", "work", "wait", "capture", "work", "replay", "replay", "replay"]
    assert results[1] is results[2] is results[3]


def test_work_that_failed_is_not_captured_the_next_time(diary: Diary) -> None:
    outcomes = [MemoryError, None]

    def work() -> Tensor:
        outcome = outcomes.pop(0)
        if outcome is not None:
            raise outcome
        return torch.zeros(1)

    repeated = Graphs(torch.device("cpu")).repeated(work)
    with pytest.raises(MemoryError):
        repeated()
    repeated()
    assert "capture" not in diary


def test_graphs_that_follow_others_capture_on_the_same_stream(diary: Diary, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "Stream", lambda _device: Diary())
    first, second = (Graphs(torch.device("cpu")) for _ in range(2))
    assert first.stream is second.stream
