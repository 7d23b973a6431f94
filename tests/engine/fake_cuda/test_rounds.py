"""What a CUDA graph would hold on the stand-in of a GPU: no copy from the host, no read, always the same work."""

import inspect
from collections.abc import Callable
from typing import get_type_hints

import pytest
import torch
from msgspec.structs import replace
from torch import Tensor

from engine.decoding import accept, accept_block, accept_tree, sampling
from engine.decoding.accept import Acceptance
from engine.decoding.accept_tree import TreeAcceptance
from engine.decoding.generation import whole
from engine.decoding.sampling import Warp
from engine.methods.speculative.config import SpeculativeConfig
from tests.fake_cuda import kinds
from tests.fake_cuda.decoding import PROMPT, decoded, repeats, settings
from tests.fake_cuda.fixture import watch
from tests.fake_cuda.kinds import FAMILIES, NONE, WARPS, Kind, Place
from tests.fake_cuda.stand_ins import Graph
from tests.fake_cuda.watch import Watch

__all__ = ["watch"]

GPU = torch.device("cuda:0")
ONE_GPU = Place("cuda:0", "cuda:0")
N, N_ENTRIES = 3, 20


def captured(watch: Watch, work: Callable[[], object]) -> None:
    """Do some work as a capture would."""
    graph = Graph(watch)
    with torch.cuda.graph(graph, capture_error_mode="thread_local"):  # type: ignore[arg-type]
        work()


# Early exit drafts in the target's cache, and decodes without graphs.
CAPTURED = [name for name in kinds.drafter_specs() if name != "early_exit"]


@pytest.mark.parametrize("warp", WARPS, ids=str)
@pytest.mark.parametrize("drafter", CAPTURED)
def test_each_captured_work_is_the_same_at_every_call(
    drafter: str, warp: Warp, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = Kind(drafter, warp, "auto", "llama", torch.bfloat16, ONE_GPU)
    with repeats(watch, monkeypatch) as works:
        decoded(kind, watch, n_new=9)
    assert not watch.faults
    again = [calls for calls in works if len(calls) > 1]
    assert again
    for first, second in again:  # at its first call, and while it was captured; after that it is only replayed
        assert first
        assert first == second


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_captures_the_same_at_every_call(
    family: str, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = Kind("small_model", WARPS[-1], "auto", family, torch.float16, ONE_GPU)
    with repeats(watch, monkeypatch) as works:
        decoded(kind, watch, n_new=9)
    assert not watch.faults
    assert any(len(calls) > 1 for calls in works)
    assert all(calls[0] == call for calls in works for call in calls)


@pytest.mark.parametrize("rows", [(), (N,), (2, N)], ids=["one row", "rows", "batch"])
@pytest.mark.parametrize("warp", WARPS, ids=str)
def test_no_warp_copies_from_the_host_or_reads(warp: Warp, rows: tuple[int, ...], watch: Watch) -> None:
    with watch.on():
        logits = torch.randn(*rows, N_ENTRIES, device=GPU)
        u = torch.rand(rows, dtype=torch.float64, device=GPU)
        captured(watch, lambda: sampling.draw(sampling.probabilities(logits, warp), u))
    assert not watch.faults
    assert not watch.uploads


def rules() -> dict[str, Callable[..., Acceptance | TreeAcceptance]]:
    """Every accept rule there is, found by what it returns."""
    return {
        f"{module.__name__.rsplit('.')[-1]}.{name}": rule
        for module in (accept, accept_block, accept_tree)
        for name, rule in inspect.getmembers(module, inspect.isfunction)
        if get_type_hints(rule).get("return") in (Acceptance, TreeAcceptance) and not name.startswith("_")
    }


def arguments() -> dict[str, Tensor]:
    """What a rule may ask for, by name."""
    p, q = (torch.rand(rows, N_ENTRIES, device=GPU).softmax(-1) for rows in (N + 1, N))
    u = torch.rand(N + 1, dtype=torch.float64, device=GPU)
    tokens = torch.arange(N, device=GPU)
    return {
        "p": p, "q": q, "tokens": tokens, "u": u[:N], "u_last": u[N], "best": torch.arange(N + 1, device=GPU),
        "real": tokens < 2, "parents": tokens // 2 - 1,
    }  # fmt: skip


def test_the_accept_rules_are_found() -> None:
    of_trees = {"greedy_walk", "point_mass", "independent", "recursive", "traversal"}
    of_chains = {"accept.exact", "accept.greedy", "accept.point_mass", "accept_block.block"}
    assert set(rules()) == of_chains | {f"accept_tree.{name}" for name in of_trees}


@pytest.mark.parametrize("padded", [False, True], ids=["whole", "padded"])
@pytest.mark.parametrize("name", rules())
def test_no_accept_rule_copies_from_the_host_or_reads(name: str, padded: bool, watch: Watch) -> None:
    rule = rules()[name]
    with watch.on():
        known = arguments() if padded else {**arguments(), "real": None}
        given = {parameter: known[parameter] for parameter in inspect.signature(rule).parameters}
        watch.clear()
        captured(watch, lambda: rule(**given))
    assert watch.ops
    assert not watch.faults
    assert not watch.waits


def test_captured_rounds_of_one_accept_rule_are_not_those_of_another(watch: Watch) -> None:
    kind = Kind("small_model", Warp(1.5), "auto", "llama", torch.float32, ONE_GPU)
    with watch.on():
        rt = kinds.run_context(kind, watch)
        config = SpeculativeConfig(temperature=1.5, max_new_tokens=24, stop_at_end=False, seed=5)
        block = replace(config, accept="block")
        rt.prepare(block, PROMPT, gamma=3)
        watch.clear()
        first, judged, again = (whole(rt.generate(each, PROMPT, gamma=3)) for each in (config, block, config))
    assert first[1].ids == again[1].ids
    proposed = [token for event in judged[0] for token in event.proposed]
    assert proposed
    assert all(token.prefix_prob is not None for token in proposed)
    assert not any(token.prefix_prob for event in again[0] for token in event.proposed)
    assert not (watch.faults or watch.unmarked or watch.uploads)


@pytest.mark.parametrize(
    ("fault", "work"),
    [
        ("copy between host and device", lambda x: x[..., :1].copy_(torch.tensor([1.0]))),
        ("copy between host and device", lambda x: torch.tensor([1.0], device=x.device)),
        ("read", lambda x: float(x.sum())),
        ("read", lambda x: x.tolist()),
        ("read", lambda x: 1 if x.sum() > 0 else 2),
        ("sized by value", lambda x: x.nonzero()),
        ("sized by value", lambda x: x[x > 0]),
        ("copy", lambda x: x.cpu()),
        ("copy between host and device", lambda x: x[0].__setitem__((..., -1), 0.0)),  # as top-p did to one row
    ],
)
def test_what_a_graph_cannot_hold_is_noticed(fault: str, work: Callable[[Tensor], object], watch: Watch) -> None:
    with watch.on():
        x = torch.rand(4, 4, device=GPU)
        try:
            captured(watch, lambda: work(x))
        except Exception as err:  # what has a size by value cannot even be computed
            assert "sized by value" in fault, err
    assert any(fault in one for one in watch.faults)


def test_a_replay_computes_with_what_lies_at_the_same_places(watch: Watch) -> None:
    with watch.on():
        x = torch.zeros(2, device=GPU)
        graph = Graph(watch)
        with torch.cuda.graph(graph, capture_error_mode="thread_local"):  # type: ignore[arg-type]
            x.add_(1.0)
            made = x * 2
        assert x.tolist() == [0.0, 0.0]
        for n in (1, 2):
            graph.replay()
            assert x.tolist() == [n, n]
            assert made.tolist() == [2 * n, 2 * n]


def test_mixed_devices_raise(watch: Watch) -> None:
    with watch.on(), pytest.raises(RuntimeError, match="device"):
        torch.zeros(2, device="cuda:0") + torch.zeros(2, device="cuda:1")


def test_plain_decoding_has_no_draft_to_capture(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    with repeats(watch, monkeypatch) as works:
        decoded(Kind(NONE, WARPS[0], "auto", "llama", torch.bfloat16, ONE_GPU), watch, n_new=8)
    assert len(works) == 1


@pytest.mark.parametrize("warp", [WARPS[0], WARPS[-1]], ids=["greedy", "sampled"])
@pytest.mark.parametrize("runtime", ["auto", "modules"])
@pytest.mark.parametrize("drafter", CAPTURED)
def test_nothing_is_captured_while_it_is_timed(
    drafter: str, runtime: kinds.RuntimeChoice, warp: Warp, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind, gamma = Kind(drafter, warp, "auto", "llama", torch.bfloat16, ONE_GPU), 0 if drafter == NONE else 3
    with watch.on(), repeats(watch, monkeypatch) as works:
        rt = kinds.run_context(kind, watch)
        if drafter != NONE:  # a drafter on modules proposes on the host's side
            rt.drafter = kinds.drafter_of(kind._replace(runtime=runtime), rt.target, watch)
        config = settings(warp, n_new=8)
        rt.prepare(config, PROMPT, gamma=gamma)
        n_works, n_calls = len(works), sum(map(len, works))
        list(rt.generate(config, PROMPT, gamma=gamma))
    assert n_calls == 2 * n_works
    assert (len(works), sum(map(len, works))) == (n_works, n_calls)
