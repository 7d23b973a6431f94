"""Rounds as CUDA graphs make what the eager loop makes, without a wait or a byte too many; `pytest -m gpu`."""

from pathlib import Path
from threading import Event as Flag

import pytest
import torch

from engine.commands import Load, Unload
from engine.decoding.generation import whole
from engine.events import ModelLoaded, RunStarted
from engine.fast.static_decoder import StaticDecoder
from engine.runtime import RunContext
from engine.session.session import Session
from engine.settings import GenerationConfig
from tests import fakes
from tests.engine.session.running import emitted, rounds, run

pytestmark = pytest.mark.gpu
LONG = 16_384
WARPS = [{}, {"temperature": 1.0}, {"temperature": 0.8, "top_k": 30, "top_p": 0.9, "min_p": 0.01}]


def loaded(folder: Path, *, context: int = 2048, dtype: str = "float32", runtime: str = "auto") -> Session:
    target = fakes.model(max_position_embeddings=context)
    drafter = fakes.noisy_copy(target)
    session = Session()
    *_, event = session.do(
        Load(
            fakes.save(target, folder / "t"),
            fakes.save(drafter, folder / "d"),
            device="cuda",
            dtype=dtype,
            runtime=runtime,
        )
    )
    assert isinstance(event, ModelLoaded)
    assert event.graphs == (runtime == "auto")
    return session


def decoder(session: Session, *, gamma: int, n_most: int) -> StaticDecoder:
    assert session.target is not None
    rt = RunContext(session.target, session.drafter, "", cancelled=Flag())
    made = rt.decoder(GenerationConfig(), gamma=gamma, n_most=n_most)
    assert isinstance(made, StaticDecoder)
    return made


@pytest.mark.parametrize(("warp", "n_new"), [*((warp, 60) for warp in WARPS), ({}, 600)], ids=str)
def test_captured_rounds_make_what_the_eager_loop_makes(tmp_path: Path, warp: dict[str, float], n_new: int) -> None:
    chosen = {"max_new_tokens": n_new, "gamma": 4, "seed": 5, **warp}
    captured = loaded(tmp_path)
    found = [run(captured, "The harbour", **chosen) for _ in range(3)]
    expected = run(loaded(tmp_path, runtime="fused-eager"), "The harbour", **chosen)
    assert isinstance(found[0][0], RunStarted)
    assert found[0][0].graphs
    for events in found:
        assert emitted(events) == emitted(expected)
        for ours, theirs in zip(rounds(events), rounds(expected), strict=True):
            assert [t.u for t in ours.proposed] == [t.u for t in theirs.proposed]
            assert [t.q for t in ours.proposed] == pytest.approx([t.q for t in theirs.proposed], abs=1e-3)
            assert [t.p for t in ours.proposed] == pytest.approx([t.p for t in theirs.proposed], abs=1e-3)


@pytest.mark.parametrize("drafter", ["lookup", "none"])
def test_drafts_of_the_host_and_plain_decoding_are_captured_too(tmp_path: Path, drafter: str) -> None:
    target = fakes.save(fakes.model(), tmp_path / "t")
    found = []
    for runtime in ("auto", "fused-eager"):
        session = Session()
        list(session.do(Load(target, drafter, device="cuda", dtype="float32", runtime=runtime)))
        assert session.target is not None
        rt = RunContext(session.target, session.drafter, drafter, cancelled=Flag())
        config = GenerationConfig(max_new_tokens=60, stop_at_end=False)
        with torch.inference_mode():
            for _ in range(2):
                _, made = whole(rt.generate(config, [5, 6, 7, 5, 6], gamma=4 if drafter == "lookup" else 0))
        found.append(made)
    assert found[0].ids == found[1].ids  # type: ignore[union-attr]


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_half_precision_repeats_with_the_seed_and_says_positive_times(
    tmp_path: Path, dtype: str, temperature: float
) -> None:
    session = loaded(tmp_path, dtype=dtype)
    first, second = (run(session, "The harbour", max_new_tokens=200, temperature=temperature) for _ in range(2))
    assert emitted(first) == emitted(second)
    assert all(one.draft_ms > 0 and one.verify_ms > 0 for one in rounds(first) if one.proposed)


def test_two_thousand_rounds_take_no_more_memory_than_the_first(tmp_path: Path) -> None:
    made = decoder(loaded(tmp_path, context=LONG, dtype="bfloat16"), gamma=4, n_most=LONG)
    with torch.inference_mode():
        made.prepare((4,), 8, lambda: None)
        made.prefill([3, 1, 4, 1, 5, 9, 2, 6], lambda: None)
        for _ in range(20):
            made.round(4, followed=True)
        before = torch.cuda.memory_allocated()
        for _ in range(2000):
            made.round(4, followed=True)
        assert torch.cuda.memory_allocated() <= before


def test_launching_a_round_waits_for_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = decoder(loaded(tmp_path, dtype="bfloat16"), gamma=4, n_most=2048)
    launch = StaticDecoder._launch
    launched: list[int] = []

    def watched(self: StaticDecoder, gamma: int, length: int) -> object:
        launched.append(gamma)
        torch.cuda.set_sync_debug_mode("error")
        try:
            return launch(self, gamma, length)
        finally:
            torch.cuda.set_sync_debug_mode("default")

    with torch.inference_mode():
        made.prepare((4,), 8, lambda: None)
        made.prefill([3, 1, 4, 1, 5, 9, 2, 6], lambda: None)
        for _ in range(4):
            made.round(4, followed=True)
        monkeypatch.setattr(StaticDecoder, "_launch", watched)
        for _ in range(50):
            made.round(4, followed=True)
    assert len(launched) >= 49  # the first round of them was launched ahead


def test_what_was_captured_is_given_back_after_unloading(tmp_path: Path) -> None:
    before = torch.cuda.memory_allocated()
    session = loaded(tmp_path, dtype="bfloat16")
    run(session, "The harbour", max_new_tokens=300)
    list(session.do(Unload()))
    assert torch.cuda.memory_allocated() <= before


def test_longer_texts_and_other_drafters_are_captured_anew(tmp_path: Path) -> None:
    session = loaded(tmp_path)
    texts = [emitted(run(session, "The harbour", max_new_tokens=n)) for n in (20, 400, 20, 1000)]
    assert all(texts[-1][: len(text)] == text for text in texts)
    assert session.target is not None
    other = Session()
    list(other.do(Load(session.target.spec, session.target.spec, device="cuda", dtype="float32")))
    session.drafter = other.drafter
    assert emitted(run(session, "The harbour", max_new_tokens=400)) == texts[1]
