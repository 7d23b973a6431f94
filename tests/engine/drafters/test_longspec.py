"""LongSpec drafts: the same with the last window's keys as with all, exact on every runtime, of fixed memory."""

from collections.abc import Iterator
from pathlib import Path
from threading import Event as Flag

import pytest
import torch
from torch import Tensor
from transformers import PreTrainedModel

from engine import drafters
from engine.bench import losslessness
from engine.bench.hosted import HostedPair
from engine.commands import Command, Estimate, Load, Run, Survey
from engine.decoding.drafting import DraftContext, LastKv, TargetState
from engine.decoding.sampling import Warp
from engine.drafters.longspec import LongspecDrafter, drafter_over
from engine.errors import InputError
from engine.events import Estimated, Event, ModelLoaded, Surveyed
from engine.host.thread_host import ThreadHost
from engine.longspec.block import LongspecBlock, turns_of
from engine.longspec.ring import attended
from engine.longspec.shape import DRAFT_ROOM, memory_bytes, ring_bytes
from engine.longspec.target_fit import rope_of, shape_of
from engine.methods.speculative.config import SpeculativeConfig
from engine.session.session import Session
from engine.settings import Request
from tests import fakes, longspec
from tests.engine.drafters.test_toys import RUNTIMES, Captured, OnRuntime
from tests.engine.fast.static_pair import on_static, static
from tests.engine.session.running import emitted, rounds, run
from tests.fake_cuda.kinds import loaded as loaded_model

PROMPT = "The harbour of the old town lay quiet"
DRAFTS = "drafts captured as well"
FAMILIES = ("llama", "qwen2", "qwen3", "granite", "gemma3_text", "mistral", "olmo2")


@pytest.fixture(scope="module")
def made() -> PreTrainedModel:
    return fakes.model(sharpness=2.0)


@pytest.fixture(scope="module")
def target(made: PreTrainedModel, tmp_path_factory: pytest.TempPathFactory) -> str:
    return fakes.save(made, tmp_path_factory.mktemp("target") / "t")


@pytest.fixture(scope="module")
def drafter(made: PreTrainedModel, target: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    return longspec.save(longspec.block_for(made), tmp_path_factory.mktemp("drafter") / "d", target)


class DraftsCaptured(OnRuntime):
    """A session whose rounds are made at fixed places, those of the drafter as well."""

    def do(self, command: Command, cancelled: Flag | None = None) -> Iterator[Event]:
        yield from super().do(command, cancelled)
        if isinstance(command, Load):
            on_static(self)
            assert self.target is not None
            if command.drafter != drafters.NONE:
                self.drafter = drafters.build(command.drafter, self.target, None)


def session_on(runtime: str) -> type[Session]:
    return {"captured": Captured, DRAFTS: DraftsCaptured}.get(runtime, OnRuntime)


def loaded(target: str, drafter: str, runtime: str) -> Session:
    session = session_on(runtime)()
    list(session.do(Load(target, drafter, runtime="modules" if runtime == "modules" else "auto")))
    return session


@pytest.mark.parametrize("runtime", [*RUNTIMES, DRAFTS])
def test_greedy_text_is_that_of_plain_decoding(target: str, drafter: str, runtime: str) -> None:
    alone = loaded(target, "none", runtime).do(
        Run("plain", {"max_new_tokens": 40, "stop_at_end": False}, Request(PROMPT))
    )
    plain = emitted(list(alone))
    for gamma in (1, 3):
        events = run(loaded(target, drafter, runtime), PROMPT, max_new_tokens=40, gamma=gamma)
        assert emitted(events) == plain
        assert any(token.fate == "rejected" for one in rounds(events) for token in one.proposed)


@pytest.mark.parametrize("family", FAMILIES)
def test_families_on_both_runtimes_say_what_they_say_alone(tmp_path: Path, family: str) -> None:
    full = {"layer_types": ["sliding_attention", "full_attention"]} if family == "gemma3_text" else {}
    model = fakes.model(family, sharpness=2.0, **full)
    target = fakes.save(model, tmp_path / "t")
    drafter = longspec.save(longspec.block_for(model), tmp_path / "d", target)
    for runtime in ("auto", "modules"):
        session = Session()
        list(session.do(Load(target, drafter, runtime=runtime)))
        drafted = emitted(run(session, PROMPT, max_new_tokens=24, gamma=3))
        list(session.do(Load(target, "none", runtime=runtime)))
        alone = session.do(Run("plain", {"max_new_tokens": 24, "stop_at_end": False}, Request(PROMPT)))
        assert drafted == emitted(list(alone))


@pytest.mark.parametrize("runtime", [*RUNTIMES, DRAFTS])
def test_sampled_text_has_the_targets_distribution(target: str, drafter: str, runtime: str) -> None:
    session = session_on(runtime)
    pair = Load(target, drafter, runtime="modules" if runtime == "modules" else "auto")
    config = SpeculativeConfig(temperature=1.0, top_k=3, max_new_tokens=4)
    own = loaded(target, "none", runtime).target
    assert own is not None
    with HostedPair(ThreadHost(new_session=session), pair, lambda event: None) as hosted:
        *_, verdict = losslessness.check(hosted, own, [own.tokenizer(PROMPT)["input_ids"]], config, n_samples=150)
    assert isinstance(verdict, losslessness.Losslessness)
    assert verdict.greedy_equal
    assert verdict.n_cells > 1
    assert verdict.sampling_p_value > 1e-3


class Text:
    """A random text, the keys and values of a target that read it, and a block over them."""

    def __init__(self, *, n: int, window: int) -> None:
        self.model = loaded_model(None, "llama", "cpu", torch.float32)
        self.shape = shape_of(self.model.model.config, window=window)
        self.block: LongspecBlock = longspec.block(self.shape)
        torch.manual_seed(n)
        self.ids = torch.randint(0, fakes.N_ENTRIES, (n,)).tolist()
        self.keys = torch.randn(n, self.shape.n_kv_heads, self.shape.head_size)
        self.values = torch.randn(n, self.shape.n_kv_heads, self.shape.head_size)
        self.drafter: LongspecDrafter = drafter_over(self.block, self.model)

    def state(self, n: int) -> TargetState:
        model = self.model.model
        kv = LastKv(self.keys, self.values, n)
        return TargetState(last_kv=kv, embed=model.get_input_embeddings(), head=model.get_output_embeddings())

    def draft(self, ids: list[int], n: int) -> list[int]:
        u = torch.zeros(n, dtype=torch.float64)
        with torch.inference_mode():
            return self.drafter.propose(
                DraftContext(ids, n, Warp(), u, target=self.state(len(ids) - 1))
            ).tokens.tolist()

    def reference(self, ids: list[int], n: int) -> list[int]:
        """The draft of a block that computes the whole text anew for each token, with a mask and no ring."""
        text = list(ids)
        for _ in range(n):
            text.append(int(self.logits_after(text, len(ids) - 1).argmax()))
        return text[len(ids) :]

    def logits_after(self, text: list[int], n_known: int) -> Tensor:
        """What the block says after a text, of which the target has read the first n_known ids."""
        model, positions = self.model.model, torch.arange(len(text))
        age = positions[:, None] - positions
        own_bias = torch.zeros(age.shape).masked_fill((age < 0) | (age > self.shape.window), -torch.inf)

        def attend(queries: Tensor, keys: Tensor, values: Tensor, bias: Tensor = own_bias) -> Tensor:
            rows = [attended(queries[i : i + 1], keys, values, bias[i : i + 1]) for i in range(len(queries))]
            return torch.cat(rows)

        def cross(queries: Tensor) -> Tensor:
            return attend(queries, self.keys[:n_known], self.values[:n_known], torch.zeros(len(text), n_known))

        turns = turns_of(rope_of(model), positions, torch.float32)
        with torch.inference_mode():
            hidden = self.block(model.get_input_embeddings()(torch.tensor(text)), turns, attend, cross)
            logits: Tensor = model.get_output_embeddings()(hidden[-1])
        return logits


@pytest.mark.parametrize("n", [2, 9, 40, 200, 420])
def test_a_draft_after_the_last_window_alone_is_that_of_the_whole_text(n: int) -> None:
    text = Text(n=n, window=12)
    assert text.draft(text.ids, 5) == text.reference(text.ids, 5)


def test_drafts_stay_those_of_the_whole_text_through_rollbacks_across_the_wrap() -> None:
    text = Text(n=420, window=12)
    rng, n_ids = torch.Generator().manual_seed(5), 100
    while n_ids < 400:
        ids, n = text.ids[:n_ids], int(torch.randint(1, 33, (1,), generator=rng))
        drafted = text.draft(ids, n)
        assert drafted[:3] == text.reference(ids, min(3, n))
        n_accepted = int(torch.randint(0, n + 1, (1,), generator=rng))
        text.ids[n_ids : n_ids + n_accepted] = drafted[:n_accepted]
        n_ids += n_accepted + 1
        text.drafter.commit(text.ids[:n_ids])


def test_a_draft_never_outgrows_the_room_it_has_in_the_ring() -> None:
    text = Text(n=30, window=12)
    assert len(text.draft(text.ids, 500)) == DRAFT_ROOM


def test_after_a_single_id_there_is_nothing_of_the_target_to_attend_to() -> None:
    text = Text(n=1, window=12)
    assert len(text.draft(text.ids, 3)) == 3


def test_its_memory_is_the_same_at_every_length_and_what_the_estimate_says() -> None:
    sizes = set()
    for n in (20, 2000):
        text = Text(n=n, window=64)
        text.draft(text.ids, 4)
        sizes.add(text.drafter.cache_bytes())
        assert memory_bytes(text.shape, 4) == text.drafter.cache_bytes() + text.drafter.weights_bytes()
    assert sizes == {ring_bytes(text.shape, 4)}


def test_a_load_counts_it_and_names_it(target: str, drafter: str, made: PreTrainedModel) -> None:
    expected = memory_bytes(shape_of(made.config, window=longspec.WINDOW), 4)
    session = Session()
    (estimate,) = [event for event in session.do(Estimate(Load(target, drafter))) if isinstance(event, Estimated)]
    assert estimate.why_not == ""
    assert estimate.drafter_bytes == expected
    (event,) = [event for event in session.do(Load(target, drafter)) if isinstance(event, ModelLoaded)]
    assert 0 < event.drafter_bytes < expected
    assert dict(session.provenance.hashes).keys() == {"target", "drafter"}


def test_what_does_not_fit_in_memory_is_refused_before_loading(
    target: str, drafter: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = memory_bytes(longspec.block_for(fakes.model()).shape, 4)
    monkeypatch.setattr("engine.models.devices.free_bytes", lambda device: free)
    with pytest.raises(InputError, match="the models need"):
        list(Session().do(Load(target, drafter)))


def test_it_serves_folders_with_its_tensors_only(target: str, drafter: str) -> None:
    assert drafters.find(drafter).name == "longspec"
    for other in (target, "builtin", "lookup", "timing:tiny", "./nowhere", "no/such-model", "a\0b", ""):
        assert drafters.find(other).name != "longspec"


def test_it_is_listed_as_a_drafter_with_why_it_cannot_serve(target: str, drafter: str, tmp_path: Path) -> None:
    other = fakes.save(fakes.model(seed=5), tmp_path / "other")
    for spec, words in ((target, ""), (other, "differ")):
        (answer,) = Session().do(Survey(spec, (drafter,)))
        assert isinstance(answer, Surveyed)
        (option,) = [option for option in answer.options if option.spec == drafter]
        assert (option.role, option.n_bytes > 0) == ("drafter", True)
        assert bool(option.why_not) == bool(words)
        assert words in option.why_not


def test_a_sequence_may_begin_anew(target: str, drafter: str) -> None:
    session = loaded(target, drafter, "fused")
    first = emitted(run(session, PROMPT, max_new_tokens=20, temperature=1.0, seed=3))
    run(session, "In the town of", max_new_tokens=20)
    assert emitted(run(session, PROMPT, max_new_tokens=20, temperature=1.0, seed=3)) == first


@pytest.mark.parametrize("warp", [Warp(), Warp(1.0, top_p=0.9)], ids=["greedy", "sampled"])
def test_captured_drafts_are_those_launched_one_by_one(warp: Warp) -> None:
    direct, captured = Text(n=420, window=12), Text(n=420, window=12)
    captured.drafter = drafter_over(captured.block, static(captured.model))
    n_ids, u = 2, torch.rand(5, dtype=torch.float64)
    while n_ids < 400:
        texts = []
        for text in (direct, captured):
            ids = text.ids[:n_ids]
            with torch.inference_mode():
                draft = text.drafter.propose(DraftContext(ids, 5, warp, u, target=text.state(n_ids - 1)))
            assert (draft.q is None) == warp.greedy
            texts.append(draft.tokens.tolist())
            text.drafter.commit(text.ids[: n_ids + 1])
        assert texts[0] == texts[1]
        n_ids += 1 if n_ids % 3 else 40  # every third time after so many rounds without a draft


def test_captured_drafts_keep_their_ring_and_forget_the_text() -> None:
    text = Text(n=60, window=12)
    text.drafter = drafter_over(text.block, static(text.model))
    first = text.draft(text.ids, 4)
    text.drafter.reset()
    text.draft(text.ids[30:], 4)
    text.drafter.reset()
    assert text.drafter.cache_bytes() == ring_bytes(text.shape, 4)
    assert text.draft(text.ids, 4) == first


def test_the_built_in_one_drafts_for_the_built_in_target_alone(target: str) -> None:
    session = Session()
    list(session.do(Load("builtin", "builtin:longspec")))
    events = run(session, "The harbour at Saltwick was never quiet, and", max_new_tokens=48, gamma=4)
    list(session.do(Load("builtin", "none")))
    alone = session.do(
        Run(
            "plain",
            {"max_new_tokens": 48, "stop_at_end": False},
            Request("The harbour at Saltwick was never quiet, and"),
        )
    )
    assert emitted(events) == emitted(list(alone))
    fates = [token.fate for one in rounds(events) for token in one.proposed]
    assert fates.count("accepted") > fates.count("rejected")
    with pytest.raises(InputError, match="builtin:longspec is a LongSpec drafter of another target"):
        list(session.do(Load(target, "builtin:longspec")))


def test_the_built_in_one_is_offered_with_its_size_and_refused_beside_another_target(target: str) -> None:
    for chosen, refused in (("builtin", False), (target, True)):
        (surveyed,) = [e for e in Session().do(Survey(chosen, ())) if isinstance(e, Surveyed)]
        (option,) = [option for option in surveyed.options if option.spec == "builtin:longspec"]
        assert option.n_bytes > 1_000_000 and bool(option.why_not) is refused
