"""The fixed places of a pair: prepared once, given back, never more than estimated, nothing left behind in them."""

from pathlib import Path

import pytest
import torch

from engine.commands import Load
from engine.errors import MemoryExhausted, ModelError
from engine.fast import static_kv_cache
from engine.fast.batched import RowsModel
from engine.fast.static_decoder import StaticDecoder
from engine.fast.weights import FusedWeights
from engine.models.kv_size import kv_bytes
from engine.session.session import Session
from engine.settings import GenerationConfig
from tests import fakes
from tests.engine.fast.static_pair import PROMPT, ids_of, on_static, pair, runtime, session
from tests.engine.session.running import emitted, run

__all__ = ["pair", "session"]


def test_preparing_changes_nothing_that_is_made(session: Session) -> None:
    config = GenerationConfig(max_new_tokens=50, stop_at_end=False, temperature=1.0)
    expected = ids_of(runtime(session), config, PROMPT, 4)
    rt = runtime(on_static(session))
    with torch.inference_mode():
        for gamma in (4, 0):
            decoder = rt.decoder(config, gamma=gamma, n_most=60)
            assert isinstance(decoder, StaticDecoder)
            decoder.prepare((gamma,), len(PROMPT), lambda: None)
    assert ids_of(rt, config, PROMPT, 4) == expected


def test_preparing_again_does_nothing_until_the_places_moved(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = fakes.save(fakes.model(max_position_embeddings=2048), tmp_path / "long")
    list(session.do(Load(spec, spec)))
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
    # Shorter rounds are needed where a text ends: at its longest span.
    assert begun == [256] * 2 + [512] * 10 + [256] * 8 + [256] * 2 + [512] * 2 + [1024] * 10


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

    monkeypatch.setattr(static_kv_cache, "RowsModel", short_of_memory)
    with pytest.raises(MemoryExhausted):
        run(session, "The harbour", max_new_tokens=60)
    assert emitted(run(session, "The harbour", max_new_tokens=20)) == expected


def test_recovering_gives_the_room_back(session: Session) -> None:
    run(on_static(session), "The harbour", max_new_tokens=20)
    assert session.target is not None and session.target.static is not None
    session.recover()
    assert session.target.static.bytes() == 0


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
    list(session.do(Load(spec, spec)))
    on_static(session)
    assert session.target is not None and session.target.static is not None
    texts, sizes = [], []
    for n_new in (20, 600, 20):
        texts.append(emitted(run(session, "The harbour", max_new_tokens=n_new)))
        sizes.append(session.target.static.bytes())
    assert texts[1][:20] == texts[0] == texts[2]
    assert sizes[0] < sizes[1] == sizes[2]
