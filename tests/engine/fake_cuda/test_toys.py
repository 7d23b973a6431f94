"""Drafters that read the target's states on the stand-in of a GPU: no mixed devices, no wait beside the round's."""

from pathlib import Path

import pytest
import torch

from engine import drafters
from tests.engine import drafters as beside
from tests.fake_cuda.decoding import decoded, on_cpu, repeats
from tests.fake_cuda.fixture import watch
from tests.fake_cuda.kinds import RUNTIMES, WARPS, Kind, Place, RuntimeChoice
from tests.fake_cuda.watch import Watch

__all__ = ["watch"]

ONE_GPU = Place("cuda:0", "cuda:0")


@pytest.fixture(autouse=True)
def toys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drafters, "__path__", [*drafters.__path__, str(Path(beside.__path__[0]) / "toys")])


@pytest.mark.parametrize("toy", ["hidden_toy", "last_kv_toy"])
@pytest.mark.parametrize("runtime", RUNTIMES)
def test_they_wait_once_a_round_and_say_what_the_cpu_says(
    toy: str, runtime: RuntimeChoice, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = Kind(toy, WARPS[-1], runtime, "llama", torch.float32, ONE_GPU)
    with repeats(watch, monkeypatch) as works:
        made = decoded(kind, watch, n_new=8)
    assert not watch.unmarked
    assert not watch.uploads
    assert runtime == "modules" or not watch.faults  # of which transformers' modules in float32 have some
    assert sum(made.round_waits.values()) == made.n_rounds
    for calls in works:
        for call in calls[1:]:
            assert call == calls[0]
    assert made.ids == on_cpu(kind, n_new=8)
