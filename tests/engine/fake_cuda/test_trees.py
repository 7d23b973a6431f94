"""Trees on the stand-in of a GPU: no mixed devices, one wait a round, no copy that waits, and the text of a CPU."""

import pytest
import torch

from engine.decoding.sampling import Warp
from tests.fake_cuda.decoding import decoded, on_cpu
from tests.fake_cuda.fixture import watch
from tests.fake_cuda.kinds import FAMILIES, Kind, Place, RuntimeChoice, possible
from tests.fake_cuda.watch import Watch

__all__ = ["watch"]

WIDTHS = (3, 5, 2)
DRAFTERS = ("small_model", "longspec")
ONE_GPU = Place("cuda:0", "cuda:0")
WARPS = (Warp(), Warp(1.0, top_p=0.9))


def check(kind: Kind, watch: Watch) -> None:
    made = decoded(kind, watch, n_new=8, widths=WIDTHS)
    assert made.n_drafted
    assert not watch.unmarked
    assert not watch.uploads
    assert sum(made.round_waits.values()) == made.n_rounds
    assert kind.dtype != torch.float32 or made.ids == on_cpu(kind, n_new=8, widths=WIDTHS)


@pytest.mark.parametrize("warp", WARPS, ids=["greedy", "sampled"])
@pytest.mark.parametrize("runtime", ["auto", "modules"])
@pytest.mark.parametrize("drafter", DRAFTERS)
def test_a_round_waits_once(drafter: str, runtime: RuntimeChoice, warp: Warp, watch: Watch) -> None:
    check(Kind(drafter, warp, runtime, "llama", torch.float32, ONE_GPU), watch)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_in_half_precision(family: str, watch: Watch) -> None:
    for drafter in DRAFTERS:
        if possible(drafter, family):
            check(Kind(drafter, Warp(), "auto", family, torch.bfloat16, ONE_GPU), watch)
    assert not watch.faults


@pytest.mark.parametrize("warp", WARPS, ids=["greedy", "sampled"])
def test_a_drafter_on_another_gpu(warp: Warp, watch: Watch) -> None:
    check(Kind("small_model", warp, "auto", "llama", torch.float32, Place("cuda:0", "cuda:1")), watch)


def test_no_attention_of_a_round_has_a_mask_over_the_text(watch: Watch) -> None:
    decoded(Kind("small_model", Warp(), "auto", "llama", torch.bfloat16, ONE_GPU), watch, n_new=8, widths=WIDTHS)
    in_trees = [each for each in watch.attentions if each.queries[-2] > 3]
    assert all(each.n_mask == 0 for each in in_trees)
