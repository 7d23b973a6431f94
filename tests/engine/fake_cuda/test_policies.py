"""Policies on the stand-in of a GPU: one graph a length, none captured again, and no more waits than without."""

import pytest
import torch
from msgspec.structs import replace

from engine.decoding.generation import whole
from engine.decoding.sampling import Warp
from engine.methods.speculative.config import SpeculativeConfig
from engine.settings import PolicyName
from tests.fake_cuda import kinds
from tests.fake_cuda.decoding import PROMPT, repeats
from tests.fake_cuda.fixture import watch
from tests.fake_cuda.kinds import Kind, Place
from tests.fake_cuda.watch import Watch

__all__ = ["watch"]

ONE_GPU = Place("cuda:0", "cuda:0")
CONFIG = SpeculativeConfig(max_new_tokens=40, stop_at_end=False, gamma=2, most_gamma=4)


@pytest.mark.parametrize("policy", ["best-s", "heuristic", "fallback", "saturation", "alpha-0.6"])
@pytest.mark.parametrize("drafter", ["small_model", "prompt_lookup"])
def test_a_policy_captures_before_the_run_and_adds_no_wait(
    drafter: str, policy: PolicyName, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind, config = Kind(drafter, Warp(), "auto", "llama", torch.bfloat16, ONE_GPU), replace(CONFIG, policy=policy)
    with watch.on(), repeats(watch, monkeypatch) as works:
        rt = kinds.run_context(kind, watch)
        rt.prepare(config, PROMPT, gamma=config.gamma)
        n_calls = sum(map(len, works))
        watch.clear()
        rounds, made = whole(rt.generate(config, PROMPT, gamma=config.gamma))
        waits = sum(watch.waits.values())
    assert sum(map(len, works)) == n_calls, "nothing is captured while it is timed"
    assert len({len(event.proposed) for event in rounds}) > 1
    assert waits <= len(rounds) + 2  # and for the prompt
    assert not (watch.faults or watch.unmarked)
    assert len(made.ids) == 40


def test_confidence_decodes_without_graphs_and_waits_for_each_token(watch: Watch) -> None:
    kind = Kind("small_model", Warp(), "auto", "llama", torch.bfloat16, ONE_GPU)
    config = replace(CONFIG, policy="confidence", confidence=0.9, gamma=3)
    with watch.on():
        rt = kinds.run_context(kind, watch)
        watch.clear()
        rounds, _ = whole(rt.generate(config, PROMPT, gamma=3))
    assert not watch.unmarked
    assert sum(watch.waits.values()) <= 2 + sum(1 + len(event.proposed) for event in rounds)
    assert {len(event.proposed) for event in rounds} - {3}
