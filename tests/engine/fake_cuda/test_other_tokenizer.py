"""Drafts through text on the stand-in of a GPU: no mixed devices, and one more marked wait a round, for the text."""

import pytest
import torch

from engine.decoding.drafting import Drafter
from engine.drafters import DrafterSpec
from engine.drafters.small_model import drafter_for
from engine.models.loading import LoadedModel
from tests import fakes
from tests.fake_cuda import kinds
from tests.fake_cuda.decoding import decoded, on_cpu, repeats
from tests.fake_cuda.fixture import watch
from tests.fake_cuda.kinds import RUNTIMES, WARPS, Kind, Place, RuntimeChoice
from tests.fake_cuda.watch import Watch

__all__ = ["watch"]

OTHER = "other tokenizer"


def build(spec: str, target: LoadedModel, model: LoadedModel | None) -> Drafter:
    assert model is not None
    return drafter_for(target, model._replace(tokenizer=fakes.tokenizer(seed=2), drafts_through="text"))


@pytest.fixture(autouse=True)
def other(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = DrafterSpec(OTHER, "Other tokenizer", "D", lambda spec: True, needs_model=True, build=build)
    monkeypatch.setattr(kinds, "drafter_specs", lambda: {OTHER: spec})


@pytest.mark.parametrize("place", [Place("cuda:0", "cuda:0"), Place("cuda:0", "cpu")], ids=str)
@pytest.mark.parametrize("warp", [WARPS[0], WARPS[-1]], ids=["greedy", "sampled"])
@pytest.mark.parametrize("runtime", RUNTIMES)
def test_it_waits_where_it_says_so_and_writes_what_the_cpu_writes(
    runtime: RuntimeChoice, warp: kinds.Warp, place: Place, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = Kind(OTHER, warp, runtime, "llama", torch.float32, place)
    with repeats(watch, monkeypatch) as works:
        made = decoded(kind, watch, n_new=8)
    assert not watch.unmarked
    assert not watch.uploads
    assert runtime == "modules" or not watch.faults  # of which transformers' modules in float32 have some
    assert sum(made.round_waits.values()) <= 2 * made.n_rounds
    assert all(call == calls[0] for calls in works for call in calls)
    assert made.ids == on_cpu(kind, n_new=8)
