"""A drafter is one file: two that read the target's states are put on the path, and are exact on every runtime."""

from collections.abc import Iterator
from pathlib import Path
from threading import Event as Flag

import pytest
import torch
from transformers import PreTrainedModel

from engine import drafters
from engine.bench import losslessness
from engine.bench.hosted import HostedPair
from engine.commands import Command, Load, Run
from engine.decoding.drafting import Capabilities
from engine.drafters.prompt_lookup import PromptLookupDrafter
from engine.errors import InputError
from engine.events import Event
from engine.host.thread_host import ThreadHost
from engine.methods.speculative.config import SpeculativeConfig
from engine.session.session import Session
from engine.settings import Request
from tests import fakes
from tests.engine.fast.static_pair import on_static
from tests.engine.session.running import emitted, rounds, run

RUNTIMES = ("modules", "fused", "captured")
TOYS = ("hidden-toy", "last-kv-toy")
PROMPT = "The harbour of the old town lay quiet"


class OnRuntime(Session):
    """A session whose rounds are made at fixed places where that is asked for."""

    captured = False

    def do(self, command: Command, cancelled: Flag | None = None) -> Iterator[Event]:
        yield from super().do(command, cancelled)
        if self.captured and isinstance(command, Load):
            on_static(self)


class Captured(OnRuntime):
    captured = True


@pytest.fixture(autouse=True)
def toys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drafters, "__path__", [*drafters.__path__, str(Path(__file__).parent / "toys")])


@pytest.fixture(scope="module")
def made() -> PreTrainedModel:
    return fakes.model(sharpness=2.0)


@pytest.fixture(scope="module")
def target(made: PreTrainedModel, tmp_path_factory: pytest.TempPathFactory) -> str:
    return fakes.save(made, tmp_path_factory.mktemp("target") / "t")


def loaded(target: str, drafter: str, runtime: str) -> Session:
    session = Captured() if runtime == "captured" else OnRuntime()
    list(session.do(Load(target, drafter, runtime="modules" if runtime == "modules" else "auto")))
    return session


def test_they_are_found_and_offered_beside_those_of_the_house() -> None:
    assert {spec.name for spec in drafters.discover()} >= {"small_model", "hidden_toy", "last_kv_toy"}
    assert [offered.spec for offered in drafters.offered()] == ["early-exit", "lookup", *TOYS]
    assert all(offered.help.endswith(".") for offered in drafters.offered())


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("toy", TOYS)
def test_greedy_text_is_that_of_plain_decoding(target: str, toy: str, runtime: str) -> None:
    alone = loaded(target, "none", runtime).do(
        Run("plain", {"max_new_tokens": 40, "stop_at_end": False}, Request(PROMPT))
    )
    plain = emitted(list(alone))
    for gamma in (1, 3):
        events = run(loaded(target, toy, runtime), PROMPT, max_new_tokens=40, gamma=gamma)
        assert emitted(events) == plain
        assert any(token.fate == "rejected" for one in rounds(events) for token in one.proposed)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_its_trees_are_verified_as_well(target: str, runtime: str) -> None:
    alone = loaded(target, "none", runtime).do(
        Run("plain", {"max_new_tokens": 40, "stop_at_end": False}, Request(PROMPT))
    )
    events = run(loaded(target, "hidden-toy", runtime), PROMPT, max_new_tokens=40, tree="6,12,4")
    assert emitted(events) == emitted(list(alone))
    assert any(one.path for one in rounds(events))


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("toy", TOYS)
def test_sampled_text_has_the_targets_distribution(target: str, toy: str, runtime: str) -> None:
    session = Captured if runtime == "captured" else OnRuntime
    pair = Load(target, toy, runtime="modules" if runtime == "modules" else "auto")
    config = SpeculativeConfig(temperature=1.0, top_k=3, max_new_tokens=4)
    own = loaded(target, "none", runtime).target
    assert own is not None
    with HostedPair(ThreadHost(new_session=session), pair, lambda event: None) as hosted:
        *_, verdict = losslessness.check(hosted, own, [own.tokenizer(PROMPT)["input_ids"]], config, n_samples=150)
    assert isinstance(verdict, losslessness.Losslessness)
    assert verdict.greedy_equal
    assert verdict.n_cells > 1
    assert verdict.sampling_p_value > 1e-3


@pytest.mark.parametrize("tree", ["", "6,12,4"], ids=["chains", "trees"])
@pytest.mark.parametrize("runtime", RUNTIMES)
def test_hidden_states_are_those_of_the_committed_ids(
    made: PreTrainedModel, target: str, runtime: str, tree: str
) -> None:
    session = loaded(target, "hidden-toy", runtime)
    toy, ids = session.drafter, []
    settings = {"max_new_tokens": 24, "gamma": 3, "tree": tree, "baseline": False}
    for event in session.do(Run("speculative", settings, Request(PROMPT))):
        ids += getattr(event, "prompt_ids", ()) or getattr(event, "emitted", ())
        seen = torch.cat(toy.seen, 1) if toy.seen else None
    assert seen is not None and seen.shape[1] > 20
    with torch.no_grad():
        output = made(torch.tensor([ids[: seen.shape[1]]]), output_hidden_states=True)
    torch.testing.assert_close(seen[0], output.hidden_states[1][0], rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(made.model.norm(seen[1]), output.hidden_states[-1][0], rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_last_keys_are_those_of_the_committed_ids(made: PreTrainedModel, target: str, runtime: str) -> None:
    session = loaded(target, "last-kv-toy", runtime)
    toy, ids = session.drafter, []
    for event in session.do(Run("speculative", {"max_new_tokens": 24, "gamma": 3, "baseline": False}, Request(PROMPT))):
        ids += getattr(event, "prompt_ids", ()) or getattr(event, "emitted", ())
        keys = toy.keys
    assert keys is not None and len(keys) > 20
    with torch.no_grad():
        cache = made(torch.tensor([ids[: len(keys)]]), use_cache=True).cache
    torch.testing.assert_close(keys, cache.layers[-1].keys[0].transpose(0, 1), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(
    ("family", "runtime", "needs", "reason"),
    [
        ("llama", "auto", Capabilities(trees=True), ""),
        ("llama", "auto", Capabilities(hidden_layers=(7,)), "reads layer 7, and .* has 2 layers"),
        ("llama", "auto", Capabilities(hidden_layers=(1, -1)), "names one of the 2 layers of .* twice"),
        ("gemma2", "modules", Capabilities(hidden_layers=(0, 1)), ""),
        (
            "gemma2-windowed",
            "modules",
            Capabilities(last_kv=True),
            "reads keys and values of the last layer, of which .* keeps 12 only",
        ),
        ("mistral-sliding", "modules", Capabilities(last_kv=True), ""),
        ("gpt2", "modules", Capabilities(hidden_layers=(0,), last_kv=True, embedding_and_head=True), ""),
    ],
)
def test_what_a_target_cannot_give_is_refused_with_the_reason(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, family: str, runtime: str, needs: Capabilities, reason: str
) -> None:
    monkeypatch.setattr(PromptLookupDrafter, "capabilities", needs)
    session = OnRuntime()
    changes = {"layer_types": ["full_attention", "sliding_attention"]} if family == "gemma2-windowed" else {}
    made = fakes.model(family.removesuffix("-windowed"), **changes)
    loading = session.do(Load(fakes.save(made, tmp_path / "t"), "lookup", runtime=runtime))
    if not reason:
        list(loading)
        assert emitted(run(session, "The harbour", max_new_tokens=8))
        return
    with pytest.raises(InputError, match=f"the drafter lookup {reason}"):
        list(loading)
    assert session.target is None
