"""Lanes of a comparison on the stand-in of a GPU: they take turns, and each keeps what was captured for it."""

from threading import Event as Flag

import torch

from engine.events import LaneSpec
from engine.experiments.lane_specs import PLAIN, config_of
from engine.experiments.lanes import Lane, continued, warm_up
from engine.models import loading
from tests.fake_cuda import kinds
from tests.fake_cuda.fixture import watch
from tests.fake_cuda.kinds import WARPS, Kind, Place
from tests.fake_cuda.watch import Watch

__all__ = ["watch"]

PROMPT = (5, 9, 3, 7)
SETTINGS = {"max_new_tokens": 8, "stop_at_end": False}


def lane(kind: Kind, own: loading.LoadedModel, gamma: int, watch: Watch) -> Lane:
    spec = LaneSpec(f"{kind.drafter} γ {gamma}", kind.drafter, gamma)
    drafter = kinds.drafter_of(kind, own, watch)
    return Lane(spec, own, drafter, None, config_of(spec, SETTINGS))


def test_lanes_take_turns_without_capturing_again_or_waiting_more(watch: Watch) -> None:
    place = Place("cuda:0", "cuda:0")
    kind = Kind("small_model", WARPS[0], "auto", "llama", torch.bfloat16, place)
    with watch.on(), torch.no_grad():
        target = kinds.loaded(watch, "llama", "cuda:0", torch.bfloat16)
        lanes = [
            Lane(PLAIN, target, None, None, config_of(PLAIN, SETTINGS)),
            lane(kind, loading.with_own_graphs(target), 3, watch),
            lane(kind._replace(drafter="prompt_lookup"), loading.with_own_graphs(target), 3, watch),
        ]
        for each in lanes:
            for _ in range(2):
                warm_up(each, PROMPT, Flag())
                continued(each, PROMPT, Flag(), None)
        caches = [each.target.static for each in lanes]
        assert len({id(cache) for cache in caches}) == 3
        before = [dict(cache._halves) for cache in caches if cache is not None]
        watch.clear()
        texts = [continued(each, PROMPT, Flag(), None) for _ in range(2) for each in lanes]
    assert before == [dict(cache._halves) for cache in caches if cache is not None]
    assert not watch.unmarked
    assert not watch.faults
    assert all(len(text.generation.ids) == 8 for text in texts)
    assert {text.generation.ids for text in texts} == {texts[0].generation.ids}
