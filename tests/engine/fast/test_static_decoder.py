"""Decoding at fixed places makes what the eager loop makes; the rounds are called here, on CUDA they are graphs."""

from collections.abc import Iterator
from pathlib import Path
from threading import Event as Flag

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.bench import losslessness
from engine.bench.hosted import HostedPair
from engine.commands import Command, Load, Run
from engine.decoding.speculate import Decoder
from engine.drafters.prompt_lookup import PromptLookupDrafter
from engine.events import Event, RoundFinished, RunFinished
from engine.fast.static_decoder import StaticDecoder
from engine.host.thread_host import ThreadHost
from engine.methods.speculative.config import SpeculativeConfig
from engine.models.loading import LoadedModel
from engine.runtime import Cancelled, RunContext
from engine.session.session import Session
from engine.settings import GenerationConfig, Request
from tests import fakes
from tests.engine.fast.static_pair import PROMPT, ids_of, on_static, pair, runtime, session, static
from tests.engine.session.running import emitted, rounds, run

__all__ = ["pair", "session"]

WARPS: list[dict[str, float]] = [
    {},
    {"temperature": 1.0},
    {"temperature": 0.7, "top_k": 20},
    {"temperature": 1.0, "top_p": 0.9},
    {"temperature": 1.3, "top_k": 40, "top_p": 0.8, "min_p": 0.02},
]


@pytest.fixture(scope="module")
def unlike(tmp_path_factory: pytest.TempPathFactory) -> tuple[Session, LoadedModel]:
    """A pair whose drafter is right now and then, and its target at fixed places."""
    target, folder, made = fakes.model(sharpness=4.0), tmp_path_factory.mktemp("unlike"), Session()
    drafter = fakes.noisy_copy(target, noise=0.3)
    list(made.do(Load(fakes.save(target, folder / "t"), fakes.save(drafter, folder / "d"))))
    assert made.target is not None
    return made, static(made.target)


@pytest.mark.parametrize("warp", WARPS, ids=str)
@pytest.mark.parametrize("gamma", [1, 4, 16])
def test_whole_runs_equal_those_of_the_eager_loop(session: Session, warp: dict[str, float], gamma: int) -> None:
    expected = run(session, "The harbour", max_new_tokens=60, gamma=gamma, **warp)
    found = run(on_static(session), "The harbour", max_new_tokens=60, gamma=gamma, **warp)
    assert emitted(found) == emitted(expected)
    for ours, theirs in zip(rounds(found), rounds(expected), strict=True):
        assert [token.id for token in ours.proposed] == [token.id for token in theirs.proposed]
        assert [token.fate for token in ours.proposed] == [token.fate for token in theirs.proposed]
        assert [token.u for token in ours.proposed] == [token.u for token in theirs.proposed]
        assert [token.q for token in ours.proposed] == pytest.approx([token.q for token in theirs.proposed], abs=1e-4)
        assert [token.p for token in ours.proposed] == pytest.approx([token.p for token in theirs.proposed], abs=1e-4)


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_local_and_global_layers_make_the_same_tokens_at_fixed_places(temperature: float, tmp_path: Path) -> None:
    target, session = fakes.model("gemma3_text", num_hidden_layers=3), Session()
    list(session.do(Load(fakes.save(target, tmp_path / "t"), fakes.save(fakes.noisy_copy(target), tmp_path / "d"))))
    settings = {"max_new_tokens": 60, "gamma": 4, "temperature": temperature}
    expected = emitted(run(session, "The harbour", **settings))
    assert emitted(run(on_static(session), "The harbour", **settings)) == expected


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_builtin_pair_makes_the_same_tokens_at_fixed_places(temperature: float) -> None:
    session = Session()
    list(session.do(Load("builtin", "builtin")))
    assert session.target is not None
    config = GenerationConfig(max_new_tokens=80, stop_at_end=False, temperature=temperature, seed=3)
    prompt = tuple(session.target.tokenizer("The harbour master")["input_ids"])
    eager = RunContext(session.target, session.drafter, "", cancelled=Flag())
    fixed = RunContext(static(session.target), session.drafter, "", cancelled=Flag())
    for gamma in (0, 4):
        assert ids_of(fixed, config, prompt, gamma) == ids_of(eager, config, prompt, gamma)


def test_plain_decoding_and_drafts_from_the_host_are_verified_at_fixed_places_too(session: Session) -> None:
    assert session.target is not None
    lookup = PromptLookupDrafter(2, device=session.target.device)
    config = GenerationConfig(max_new_tokens=80, stop_at_end=False)
    for drafter, gamma in ((None, 0), (lookup, 4)):
        eager = RunContext(session.target, drafter, "", cancelled=Flag())
        fixed = RunContext(static(session.target), drafter, "", cancelled=Flag())
        assert ids_of(fixed, config, PROMPT, gamma) == ids_of(eager, config, PROMPT, gamma)


def test_drafter_on_modules_is_verified_at_fixed_places(pair: tuple[str, str]) -> None:
    found = []
    for runtime_name in ("fused", "modules"):
        session = Session()
        list(session.do(Load(*pair, runtime=runtime_name)))
        if runtime_name == "modules":
            eager = Session()
            list(eager.do(Load(*pair)))
            session.target = eager.target
            on_static(session)
        found.append([emitted(run(session, "The harbour", max_new_tokens=40, temperature=t)) for t in (0.0, 1.0)])
    assert found[0] == found[1]


@pytest.mark.parametrize("prompt", ["a", "The harbour"])
def test_context_is_filled_to_the_last_position(session: Session, prompt: str) -> None:
    events = run(on_static(session), prompt, max_new_tokens=10_000, gamma=5)
    assert len(events[0].prompt_ids) + len(emitted(events)) == fakes.CONTEXT  # type: ignore[attr-defined]
    assert isinstance(events[-1], RunFinished)
    assert events[-1].reason == "context"


def test_prompt_of_one_token_gives_what_the_eager_loop_gives(session: Session) -> None:
    expected = run(session, "a", max_new_tokens=20, temperature=1.0)
    assert len(expected[0].prompt_ids) == 1  # type: ignore[attr-defined]
    assert emitted(run(on_static(session), "a", max_new_tokens=20, temperature=1.0)) == emitted(expected)


def test_drafter_with_a_shorter_context_stops_proposing_at_its_end(tmp_path: Path) -> None:
    target = fakes.save(fakes.model(), tmp_path / "t")
    session = Session()
    list(session.do(Load(target, fakes.save(fakes.model(max_position_embeddings=40), tmp_path / "d"))))
    expected = run(session, "The harbour", max_new_tokens=80, gamma=4)
    found = run(on_static(session), "The harbour", max_new_tokens=80, gamma=4)
    assert [len(one.proposed) for one in rounds(found)] == [len(one.proposed) for one in rounds(expected)]
    assert emitted(found) == emitted(expected)


@pytest.mark.parametrize("n_drafter", [fakes.N_ENTRIES - 20, fakes.N_ENTRIES + 20])
def test_padded_vocabularies_may_differ(tmp_path: Path, n_drafter: int) -> None:
    words = fakes.tokenizer(250)
    target = fakes.save(fakes.model(), tmp_path / "t", words=words)
    session = Session()
    list(session.do(Load(target, fakes.save(fakes.model(vocab_size=n_drafter), tmp_path / "d", words=words))))
    expected = emitted(run(session, "The harbour", max_new_tokens=40, temperature=1.0))
    assert emitted(run(on_static(session), "The harbour", max_new_tokens=40, temperature=1.0)) == expected


@pytest.mark.parametrize("at", [0, 1, 4, 9])
def test_stop_token_ends_the_text_and_the_round_begun_after_it_counts_nowhere(session: Session, at: int) -> None:
    free = emitted(run(session, "The harbour", max_new_tokens=30))
    stop = next(token for token in free[at:] if free.index(token) >= at)
    on_static(session)
    assert session.target is not None
    session.target = session.target._replace(stop_ids=frozenset([stop]))
    for _ in range(2):
        events = run(session, "The harbour", max_new_tokens=30, stop_at_end=True)
        assert emitted(events) == free[: free.index(stop) + 1]


def test_run_cancelled_between_rounds_leaves_the_next_one_as_it_would_have_been(session: Session) -> None:
    expected = emitted(run(session, "The harbour", max_new_tokens=40, temperature=1.0))
    on_static(session)
    flag = Flag()
    request = Request("In the town of")
    with pytest.raises(Cancelled):
        for event in session.do(Run("speculative", {"baseline": False, "max_new_tokens": 40}, request), flag):
            if isinstance(event, RoundFinished):
                flag.set()
    assert emitted(run(session, "The harbour", max_new_tokens=40, temperature=1.0)) == expected


def test_baseline_of_a_run_is_the_same_text(session: Session) -> None:
    chosen = {"max_new_tokens": 30, "repeats": 2, "stop_at_end": False}
    events = list(on_static(session).do(Run("speculative", chosen, Request("The harbour"))))
    assert [event.same for event in events if type(event).__name__ == "Compared"] == [True]


def test_round_ahead_is_begun_only_where_it_is_sure_to_be_asked_for(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[int] = []
    launch = StaticDecoder._launch

    def counted(self: StaticDecoder, gamma: int, length: int) -> object:
        begun.append(gamma)
        return launch(self, gamma, length)

    monkeypatch.setattr(StaticDecoder, "_launch", counted)
    made = ids_of(runtime(on_static(session)), GenerationConfig(max_new_tokens=30, stop_at_end=False), PROMPT, 4)
    n_begun = len(begun)
    begun.clear()
    items = generated(runtime(session), max_new_tokens=30)
    assert len(made) == 30
    assert n_begun == len(begun) == sum(isinstance(item, RoundFinished) for item in items)


def generated(rt: RunContext, *, max_new_tokens: int) -> list[object]:
    with torch.inference_mode():
        return list(rt.generate(GenerationConfig(max_new_tokens=max_new_tokens, stop_at_end=False), PROMPT, gamma=4))


class StaticSession(Session):
    """Decodes at fixed places, as on a GPU."""

    def do(self, command: Command, cancelled: Flag | None = None) -> Iterator[Event]:
        yield from super().do(command, cancelled)
        if isinstance(command, Load):
            assert self.target is not None
            self.target = static(self.target)


def test_sampled_openings_have_the_joint_distribution_of_the_target(unlike: tuple[Session, LoadedModel]) -> None:
    session, target = unlike
    config = SpeculativeConfig(temperature=1.0, top_k=4, max_new_tokens=8)
    load = Load(target.spec, session.drafter_spec)
    with HostedPair(ThreadHost(new_session=StaticSession), load, lambda event: None) as hosted:
        *_, found = losslessness.check(hosted, target, [PROMPT], config, n_samples=300)
    assert isinstance(found, losslessness.Losslessness)
    assert found.greedy_equal
    assert found.n_cells > 5
    assert found.sampling_p_value > 1e-3


@settings(max_examples=25)
@given(
    steps=st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=1, max_size=25),
    prompt=st.lists(st.integers(0, fakes.N_ENTRIES - 1), min_size=1, max_size=30),
    temperature=st.sampled_from([0.0, 1.0]),
    seed=st.integers(0, 2**31),
)
def test_any_draft_lengths_from_any_prompt_give_what_the_eager_loop_gives(
    unlike: tuple[Session, LoadedModel],
    steps: list[tuple[int, bool]],
    prompt: list[int],
    temperature: float,
    seed: int,
) -> None:
    """Random drafts of random lengths; a round may be begun ahead where the next has the same length."""
    session, target = unlike
    config = GenerationConfig(temperature=temperature, seed=seed)
    assert session.target is not None
    eager = RunContext(session.target, session.drafter, "", cancelled=Flag()).decoder(config, gamma=5, n_most=128)
    fixed = RunContext(target, session.drafter, "", cancelled=Flag()).decoder(config, gamma=5, n_most=128)
    assert isinstance(eager, Decoder)
    with torch.inference_mode():
        for decoder in (eager, fixed):
            decoder.prefill(prompt, lambda: None)
        gammas = [gamma for gamma, _ in steps]
        for i, (gamma, ahead) in enumerate(steps):
            if len(eager.ids) + 2 * (gamma + 1) > fakes.CONTEXT:
                break
            followed = ahead and gammas[i + 1 : i + 2] == [gamma] and len(eager.ids) + 3 * (gamma + 1) <= fakes.CONTEXT
            ours, theirs = fixed.round(gamma, followed=followed), eager.round(gamma)
            assert fixed.ids == eager.ids
            assert ours.record.tokens == theirs.record.tokens
            assert ours.record.q == pytest.approx(theirs.record.q, abs=1e-4)
