"""Decoding at fixed places makes what the eager loop makes; the rounds are called here, on CUDA they are graphs."""

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event as Flag

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from engine.bench import losslessness
from engine.bench.hosted import HostedPair
from engine.commands import Load
from engine.drafters.prompt_lookup import PromptLookupDrafter
from engine.errors import MemoryExhausted, ModelError
from engine.events import Event, RoundFinished, RunFinished
from engine.fast import static_room
from engine.fast.rows import RowsModel
from engine.fast.static_decoder import StaticDecoder
from engine.fast.static_room import StaticRoom
from engine.fast.weights import FusedWeights
from engine.generation import Generation
from engine.host import ThreadHost
from engine.kv_size import kv_bytes
from engine.method import GenerationConfig, Request
from engine.methods.speculative.config import SpeculativeConfig
from engine.models import LoadedModel
from engine.runtime import Cancelled, Runtime
from engine.session import Session
from engine.speculate import Decoder
from tests import fakes
from tests.engine.running import emitted, rounds, run

WARPS: list[dict[str, float]] = [
    {},
    {"temperature": 1.0},
    {"temperature": 0.7, "top_k": 20},
    {"temperature": 1.0, "top_p": 0.9},
    {"temperature": 1.3, "top_k": 40, "top_p": 0.8, "min_p": 0.02},
]
PROMPT = (5, 9, 2, 11, 3)


class Overwriting:
    """Calls as a graph is replayed: the work is that of the first call, the result lies where the first one lay."""

    def repeated(self, work: Callable[[], Tensor]) -> Callable[[], Tensor]:
        results: list[Tensor] = []

        def again() -> Tensor:
            made = work()
            results[:] = [results[0].copy_(made)] if results else [made]
            return results[0]

        return again


def on_static(session: Session) -> Session:
    """The same pair, its rounds at fixed places."""
    assert session.target is not None
    session.target = static(session.target)
    return session


def static(target: LoadedModel) -> LoadedModel:
    assert target.fused is not None
    return target._replace(static=StaticRoom(target.fused, context=target.context, repeaters=Overwriting))


@pytest.fixture
def pair(tmp_path: Path) -> tuple[str, str]:
    target = fakes.model()
    return fakes.save(target, tmp_path / "t"), fakes.save(fakes.noisy_copy(target), tmp_path / "d")


@pytest.fixture
def session(pair: tuple[str, str]) -> Session:
    made = Session()
    list(made.load(*pair))
    return made


@pytest.fixture(scope="module")
def unlike(tmp_path_factory: pytest.TempPathFactory) -> tuple[Session, LoadedModel]:
    """A pair whose drafter is right now and then, and its target at fixed places."""
    target, folder, made = fakes.model(sharpness=4.0), tmp_path_factory.mktemp("unlike"), Session()
    drafter = fakes.noisy_copy(target, noise=0.3)
    list(made.load(fakes.save(target, folder / "t"), fakes.save(drafter, folder / "d")))
    assert made.target is not None
    return made, static(made.target)


def runtime(session: Session) -> Runtime:
    assert session.target is not None
    return Runtime(session.target, session.drafter, "", cancelled=Flag())


def ids_of(rt: Runtime, config: GenerationConfig, prompt: tuple[int, ...], gamma: int) -> tuple[int, ...]:
    with torch.inference_mode():
        *_, made = rt.generate(config, prompt, gamma=gamma)
    assert isinstance(made, Generation)
    return made.ids


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
def test_builtin_pair_makes_the_same_tokens_at_fixed_places(temperature: float) -> None:
    session = Session()
    list(session.load("builtin", "builtin"))
    assert session.target is not None
    config = GenerationConfig(max_new_tokens=80, stop_at_end=False, temperature=temperature, seed=3)
    prompt = tuple(session.target.tokenizer("The harbour master")["input_ids"])
    eager = Runtime(session.target, session.drafter, "", cancelled=Flag())
    fixed = Runtime(static(session.target), session.drafter, "", cancelled=Flag())
    for gamma in (0, 4):
        assert ids_of(fixed, config, prompt, gamma) == ids_of(eager, config, prompt, gamma)


def test_plain_decoding_and_drafts_from_the_host_are_verified_at_fixed_places_too(session: Session) -> None:
    assert session.target is not None
    lookup = PromptLookupDrafter(2, device=session.target.device)
    config = GenerationConfig(max_new_tokens=80, stop_at_end=False)
    for drafter, gamma in ((None, 0), (lookup, 4)):
        eager = Runtime(session.target, drafter, "", cancelled=Flag())
        fixed = Runtime(static(session.target), drafter, "", cancelled=Flag())
        assert ids_of(fixed, config, PROMPT, gamma) == ids_of(eager, config, PROMPT, gamma)


def test_drafter_on_modules_is_verified_at_fixed_places(pair: tuple[str, str]) -> None:
    found = []
    for runtime_name in ("fused", "modules"):
        session = Session()
        list(session.load(*pair, runtime=runtime_name))
        if runtime_name == "modules":
            eager = Session()
            list(eager.load(*pair))
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
    list(session.load(target, fakes.save(fakes.model(max_position_embeddings=40), tmp_path / "d")))
    expected = run(session, "The harbour", max_new_tokens=80, gamma=4)
    found = run(on_static(session), "The harbour", max_new_tokens=80, gamma=4)
    assert [len(one.proposed) for one in rounds(found)] == [len(one.proposed) for one in rounds(expected)]
    assert emitted(found) == emitted(expected)


@pytest.mark.parametrize("n_drafter", [fakes.N_ENTRIES - 20, fakes.N_ENTRIES + 20])
def test_padded_vocabularies_may_differ(tmp_path: Path, n_drafter: int) -> None:
    words = fakes.tokenizer(250)
    target = fakes.save(fakes.model(), tmp_path / "t", words=words)
    session = Session()
    list(session.load(target, fakes.save(fakes.model(vocab_size=n_drafter), tmp_path / "d", words=words)))
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
        for event in session.run("speculative", {"baseline": False, "max_new_tokens": 40}, request, flag):
            if isinstance(event, RoundFinished):
                flag.set()
    assert emitted(run(session, "The harbour", max_new_tokens=40, temperature=1.0)) == expected


def test_baseline_of_a_run_is_the_same_text(session: Session) -> None:
    chosen = {"max_new_tokens": 30, "repeats": 2, "stop_at_end": False}
    events = list(on_static(session).run("speculative", chosen, Request("The harbour"), Flag()))
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
    *items, _ = generated(runtime(session), max_new_tokens=30)
    assert len(made) == 30
    assert n_begun == len(begun) == sum(isinstance(item, RoundFinished) for item in items)


def generated(rt: Runtime, *, max_new_tokens: int) -> list[object]:
    with torch.inference_mode():
        return list(rt.generate(GenerationConfig(max_new_tokens=max_new_tokens, stop_at_end=False), PROMPT, gamma=4))


def test_preparing_changes_nothing_that_is_made(session: Session) -> None:
    config = GenerationConfig(max_new_tokens=50, stop_at_end=False, temperature=1.0)
    expected = ids_of(runtime(session), config, PROMPT, 4)
    rt = runtime(on_static(session))
    with torch.inference_mode():
        for gamma in (4, 0):
            decoder = rt.decoder(config, gamma=gamma, n_most=60)
            assert isinstance(decoder, StaticDecoder)
            decoder.prepare(gamma, len(PROMPT), lambda: None)
    assert ids_of(rt, config, PROMPT, 4) == expected


def test_preparing_again_does_nothing_until_the_places_moved(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = fakes.save(fakes.model(max_position_embeddings=2048), tmp_path / "long")
    list(session.load(spec, spec))
    rt = runtime(on_static(session))
    begun: list[int] = []
    launch = StaticDecoder._launch

    def noted(self: StaticDecoder, gamma: int, length: int) -> object:
        begun.append(length + gamma)
        return launch(self, gamma, length)

    monkeypatch.setattr(StaticDecoder, "_launch", noted)
    with torch.inference_mode():
        for n_new in (400, 400, 100, 1000):
            rt.prepare(GenerationConfig(max_new_tokens=n_new), PROMPT, gamma=4)
    assert begun == [256, 256, 512, 512, 256, 256, 512, 512, 1024, 1024]


def test_logits_that_are_not_numbers_leave_nothing_behind(session: Session) -> None:
    expected = emitted(run(on_static(session), "The harbour", max_new_tokens=20))
    assert session.target is not None
    weight = session.target.model.get_input_embeddings().weight
    kept = weight.detach().clone()
    with torch.no_grad():
        weight.fill_(float("nan"))
    with pytest.raises(ModelError, match="target's logits are not finite"):
        run(session, "The harbour", max_new_tokens=20)
    with torch.no_grad():
        weight.copy_(kept)
    assert emitted(run(session, "The harbour", max_new_tokens=20)) == expected


def test_round_ahead_that_nobody_reads_leaves_nothing_behind(session: Session) -> None:
    """Its numbers are none; the text after it is shorter, so that it overwrites none of them."""
    expected = emitted(run(on_static(session), "a", max_new_tokens=20))
    assert session.target is not None
    rt, weight = runtime(session), session.target.model.get_input_embeddings().weight
    kept = weight.detach().clone()
    decoder = rt.decoder(GenerationConfig(), gamma=4, n_most=100)
    assert isinstance(decoder, StaticDecoder)
    with torch.inference_mode():
        decoder.prefill(range(1, 60), lambda: None)
        decoder.round(4)
        weight.data.fill_(float("nan"))
        decoder._flying = decoder._launch(4, len(decoder.ids))
        weight.data.copy_(kept)
    assert emitted(run(session, "a", max_new_tokens=20)) == expected


@pytest.mark.parametrize("n_before", [0, 1])
def test_shorter_run_after_one_that_found_no_memory_is_made(
    session: Session, monkeypatch: pytest.MonkeyPatch, n_before: int
) -> None:
    """n_before: caches that are still made, of the target and of the drafter."""
    expected = emitted(run(on_static(session), "The harbour", max_new_tokens=20))
    on_static(session)
    n_made = 0

    def short_of_memory(weights: FusedWeights, *, n_rows: int, capacity: int) -> RowsModel:
        nonlocal n_made
        n_made += 1
        if n_made == n_before + 1:
            raise MemoryError
        return RowsModel(weights, n_rows=n_rows, capacity=capacity)

    monkeypatch.setattr(static_room, "RowsModel", short_of_memory)
    with pytest.raises(MemoryExhausted):
        run(session, "The harbour", max_new_tokens=60)
    assert emitted(run(session, "The harbour", max_new_tokens=20)) == expected


def test_recovering_gives_the_room_back(session: Session) -> None:
    run(on_static(session), "The harbour", max_new_tokens=20)
    assert session.target is not None and session.target.static is not None
    session.recover()
    assert session.target.static.bytes() == 0


class StaticSession(Session):
    """Decodes at fixed places, as on a GPU."""

    def load(self, target: str, drafter: str, **places: str) -> Iterator[Event]:
        yield from super().load(target, drafter, **places)
        assert self.target is not None
        self.target = static(self.target)


def test_sampled_openings_have_the_joint_distribution_of_the_target(unlike: tuple[Session, LoadedModel]) -> None:
    session, target = unlike
    config = SpeculativeConfig(temperature=1.0, top_k=4, max_new_tokens=8)
    load = Load(target.spec, session.drafter_spec)
    with HostedPair(ThreadHost(new_session=StaticSession), load, lambda event: None) as hosted:
        *_, found = losslessness.check(hosted, target, [PROMPT], config, n_samples=600)
    assert isinstance(found, losslessness.Losslessness)
    assert found.greedy_equal
    assert found.n_cells > 5
    assert found.sampling_p_value > 1e-3


def test_caches_take_no_more_than_the_estimate_says(session: Session) -> None:
    on_static(session)
    assert session.target is not None and session.target.static is not None
    room, target = session.target.static, session.target
    assert room.bytes() == 0
    for n_new in (5, 10_000):
        run(session, "The harbour", max_new_tokens=n_new)
        assert 0 < room.bytes() <= 2 * kv_bytes(target.model.config, target.dtype, "fused", context=target.context)


def test_a_longer_text_moves_to_more_room_and_a_shorter_one_stays(session: Session, tmp_path: Path) -> None:
    spec = fakes.save(fakes.model(max_position_embeddings=2048), tmp_path / "long")
    list(session.load(spec, spec))
    on_static(session)
    assert session.target is not None and session.target.static is not None
    texts, sizes = [], []
    for n_new in (20, 600, 20):
        texts.append(emitted(run(session, "The harbour", max_new_tokens=n_new)))
        sizes.append(session.target.static.bytes())
    assert texts[1][:20] == texts[0] == texts[2]
    assert sizes[0] < sizes[1] == sizes[2]


@settings(max_examples=60)
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
    eager = Runtime(session.target, session.drafter, "", cancelled=Flag()).decoder(config, gamma=5, n_most=128)
    fixed = Runtime(target, session.drafter, "", cancelled=Flag()).decoder(config, gamma=5, n_most=128)
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
