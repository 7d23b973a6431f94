"""Gated rounds on the stand-in of a GPU: decoded without graphs, which is said, with a wait for each drafted token."""

from threading import Event as Flag
from typing import Any, cast

import pytest
import torch

from engine import methods
from engine.decoding.generation import whole
from engine.decoding.sampling import Warp
from engine.events import BlockFinished, RoundFinished, RunFinished, RunStarted, Warned
from engine.methods.sprinter.config import SprinterConfig
from engine.methods.sprinter.run import gated
from engine.runtime import DocumentResources, RunContext
from engine.settings import Request
from engine.sprinter.files import Q, StoredGate
from engine.sprinter.gate import Q_ALONE, Gate, GateWeights
from tests.engine.sprinter import gates
from tests.fake_cuda import kinds
from tests.fake_cuda.decoding import PROMPT, repeats
from tests.fake_cuda.fixture import watch
from tests.fake_cuda.kinds import Kind, Place
from tests.fake_cuda.watch import Watch

__all__ = ["watch"]

CAPTURED = Kind("small_model", Warp(), "auto", "llama", torch.float32, Place("cuda:0", "cuda:0"))
CONFIG = SprinterConfig(gate=Q, threshold=0.001, cap=3, max_new_tokens=12, repeats=1, stop_at_end=False, audit=0.0)


def context(kind: Kind, watch: Watch | None) -> RunContext:
    """A pair whose drafter's model the gate can read."""
    target = kinds.loaded(watch, kind.family, kind.place.target, kind.dtype, kind.runtime)
    model = kinds.loaded(watch, kind.family, kind.place.drafter, kind.dtype, kind.runtime, noisy=True)
    documents = DocumentResources(model, cast(Any, None), cast(Any, None))
    return RunContext(target, None, "D", cancelled=Flag(), documents=documents)


def moved(gate: Gate, watch: Watch) -> Gate:
    """The same gate on the device."""
    if gate.weights is None:
        return gate
    device = torch.device(CAPTURED.place.drafter)
    out, bias = (watch.faked(weight, device) for weight in gate.weights[:2])
    return gate._replace(weights=GateWeights(out, bias))


def texts(gate: Gate, watch: Watch) -> tuple[list[RoundFinished], tuple[int, ...], tuple[int, ...]]:
    """The rounds on the device, their text, and that of the same pair on a CPU."""
    stored = StoredGate("made", gate, None)
    with watch.on():
        rt = context(CAPTURED, watch)
        on_device = stored._replace(gate=moved(gate, watch))
        watch.clear()
        rounds, made = whole(gated(CONFIG, PROMPT, rt, on_device))
    with torch.inference_mode():
        on_cpu = context(CAPTURED._replace(place=Place("cpu", "cpu")), None)
        _, theirs = whole(gated(CONFIG, PROMPT, on_cpu, stored))
    return rounds, made.ids, theirs.ids


@pytest.mark.parametrize("gate", [Q_ALONE, gates.linear(32)], ids=["q alone", "reads states"])
def test_a_gated_text_is_that_of_the_cpu_and_waits_once_a_drafted_token(gate: Gate, watch: Watch) -> None:
    rounds, ids, theirs = texts(gate, watch)
    assert ids == theirs
    assert "unverified" in {token.fate for event in rounds for token in event.proposed}
    n_drafted = sum(len(event.proposed) for event in rounds)
    n_waits_a_token = 2  # its id, and what the gate says of it
    assert sum(watch.waits.values()) <= 1 + len(rounds) + n_waits_a_token * n_drafted
    assert not (watch.unmarked or watch.faults)


def test_a_target_whose_rounds_are_captured_says_that_gated_ones_are_not(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    with watch.on(), repeats(watch, monkeypatch) as works:
        rt = context(CAPTURED, watch)
        assert rt.target.graphs
        watch.clear()
        events = list(methods.find("sprinter").run(CONFIG, Request("", prompt_ids=PROMPT), rt))
    assert [event.graphs for event in events if isinstance(event, RunStarted)] == [False]
    (said,) = (event.message for event in events if isinstance(event, Warned))
    assert "without CUDA graphs" in said
    assert isinstance(events[-1], RunFinished)
    lanes = [event.lane for event in events if isinstance(event, BlockFinished)]
    assert lanes == ["speculative", "plain", "speculative"]
    assert works, "plain decoding, which it is compared with, is timed with its graphs"
    assert not (watch.unmarked or watch.faults)


def test_without_graphs_there_is_nothing_to_say(watch: Watch) -> None:
    with watch.on():
        rt = context(CAPTURED._replace(runtime="fused-eager"), watch)
        events = list(methods.find("sprinter").run(CONFIG, Request("", prompt_ids=PROMPT), rt))
    assert not [event for event in events if isinstance(event, Warned)]
