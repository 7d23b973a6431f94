"""What ends a generation, exactly, and what rounds state about their tokens."""

from pathlib import Path
from threading import Event as Flag

import pytest
import torch

from engine.commands import Load, Run
from engine.errors import InputError, ModelError
from engine.events import RunFinished
from engine.session.session import Session
from engine.settings import Request
from tests import fakes
from tests.engine.session.running import emitted, loaded, rounds, run


@pytest.fixture(params=["fused", "modules"])
def runtime(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    target, folder = fakes.model(), tmp_path_factory.mktemp("pair")
    return fakes.save(target, folder / "t"), fakes.save(fakes.noisy_copy(target), folder / "d")


@pytest.fixture
def session(runtime: str, pair: tuple[str, str]) -> Session:
    return loaded(Load(*pair, runtime=runtime))


def stop_at(session: Session, *ids: int) -> None:
    assert session.target is not None
    session.target = session.target._replace(stop_ids=frozenset(ids))


@pytest.mark.parametrize("at", [0, 1, 2, 3, 5, 8])
def test_stop_token_ends_the_text_wherever_it_falls_in_a_round(session: Session, at: int) -> None:
    free = emitted(run(session, "The harbour", max_new_tokens=30, gamma=4))
    stop = next(token for token in free[at:] if free.index(token) >= at)
    expected = free[: free.index(stop) + 1]
    stop_at(session, stop)
    events = run(session, "The harbour", max_new_tokens=30, gamma=4, stop_at_end=True)
    assert emitted(events) == expected
    assert isinstance(events[-1], RunFinished)
    assert events[-1].reason == "end_of_text"


def test_tokens_after_an_accepted_stop_token_are_untested_and_the_round_has_no_last_token(
    session: Session, runtime: str
) -> None:
    assert session.target is not None
    list(session.do(Load(session.target.spec, session.target.spec, runtime=runtime)))
    free = emitted(run(session, "The harbour", max_new_tokens=10, gamma=4))
    stop_at(session, free[1])
    if free[0] == free[1]:
        pytest.skip("the second token repeats the first")
    (only,) = rounds(run(session, "The harbour", max_new_tokens=10, gamma=4, stop_at_end=True))
    assert [token.fate for token in only.proposed] == ["accepted", "accepted", "untested", "untested"]
    assert only.last is None
    assert only.emitted == free[:2]


def test_context_is_filled_to_the_last_position_and_not_beyond(session: Session) -> None:
    assert session.target is not None
    events = run(session, "The harbour", max_new_tokens=10_000, gamma=5)
    n_prompt = len(events[0].prompt_ids)  # type: ignore[attr-defined]
    assert n_prompt + len(emitted(events)) == fakes.CONTEXT
    assert events[-1].reason == "context"  # type: ignore[attr-defined]


@pytest.mark.parametrize("prompt", ["The harbour", "漢字"])
def test_texts_of_the_rounds_join_to_the_text_of_the_run(session: Session, prompt: str) -> None:
    assert session.target is not None
    events = run(session, prompt, max_new_tokens=60, gamma=3, temperature=1.5)
    texts = [event.text for event in rounds(events)]
    whole = session.target.texts.text(emitted(events))
    assert any(texts)
    assert "".join(texts).replace("\ufffd", "") == whole.replace("\ufffd", "")


@pytest.mark.parametrize("prompt", ["", "word " * 300])
def test_empty_and_overlong_prompts_are_refused_and_the_engine_stays_usable(session: Session, prompt: str) -> None:
    with pytest.raises(InputError, match="prompt"):
        run(session, prompt)
    assert len(emitted(run(session, "The", max_new_tokens=3))) == 3


def test_prompt_of_one_token_needs_no_prefill(session: Session) -> None:
    events = run(session, "a", max_new_tokens=5)
    assert len(emitted(events)) == 5


@pytest.mark.parametrize("prompt", ["\ud800", "\x00\x01", "😀👩‍👩‍👧", "<|end|>", "<b>&amp;\u202e"])
def test_hostile_prompt_is_continued_like_any_other(session: Session, prompt: str) -> None:
    assert len(emitted(run(session, prompt, max_new_tokens=5))) == 5


def test_logits_that_are_not_numbers_become_an_error_and_the_engine_stays_usable(session: Session) -> None:
    assert session.target is not None
    weight = session.target.model.get_input_embeddings().weight
    kept = weight.detach().clone()
    with torch.no_grad():
        weight.fill_(float("nan"))
    with pytest.raises(ModelError, match="not finite"):
        run(session, "The harbour", max_new_tokens=5)
    with torch.no_grad():
        weight.copy_(kept)
    assert len(emitted(run(session, "The harbour", max_new_tokens=5))) == 5


def test_drafter_whose_logits_are_not_numbers_is_named(session: Session, runtime: str, tmp_path: Path) -> None:
    assert session.target is not None
    broken = fakes.model()
    with torch.no_grad():
        broken.get_input_embeddings().weight.fill_(float("nan"))
    list(session.do(Load(session.target.spec, fakes.save(broken, tmp_path / "nan"), runtime=runtime)))
    for temperature in (0.0, 1.0):
        with pytest.raises(ModelError, match="drafter's logits are not finite"):
            run(session, "The harbour", max_new_tokens=5, temperature=temperature)


@pytest.mark.parametrize("temperature", [1e-45, 1e-38, 1e-6])
def test_tiny_temperature_is_as_good_as_greedy(session: Session, temperature: float) -> None:
    greedy = emitted(run(session, "The harbour", max_new_tokens=20))
    assert emitted(run(session, "The harbour", max_new_tokens=20, temperature=temperature)) == greedy


def test_fork_continues_from_ids_as_they_are(session: Session) -> None:
    whole = run(session, "The harbour", max_new_tokens=20)
    ids = (*whole[0].prompt_ids, *emitted(whole)[:7])  # type: ignore[attr-defined]
    settings = {"max_new_tokens": 13, "baseline": False, "stop_at_end": False}
    forked = list(session.do(Run("speculative", settings, Request("", ids, "ab12", 6)), Flag()))
    assert emitted(forked) == emitted(whole)[7:]
    assert (forked[0].forked_from, forked[0].forked_at) == ("ab12", 6)  # type: ignore[attr-defined]


def test_fork_with_a_foreign_id_is_refused(session: Session) -> None:
    with pytest.raises(InputError, match="vocabulary"):
        list(session.do(Run("speculative", {}, Request("", (1, 99_999))), Flag()))


def test_recorded_numbers_agree_with_the_models(session: Session) -> None:
    assert session.target is not None
    events = run(session, "The harbour", max_new_tokens=12, gamma=3, temperature=1.0)
    ids = list(events[0].prompt_ids)  # type: ignore[attr-defined]
    for one in rounds(events):
        fed = torch.tensor([[*ids, *(token.id for token in one.proposed)]])
        with torch.inference_mode():
            p = session.target.model(input_ids=fed, use_cache=False).logits[0].softmax(-1)[len(ids) - 1 :]
        for i, token in enumerate(one.proposed):
            assert token.p == pytest.approx(float(p[i, token.id]), abs=1e-5)
            assert token.accept_prob == pytest.approx(min(1.0, token.p / token.q), abs=1e-4)
            assert token.top_p[0].id == int(p[i].argmax())
            assert token.top_q[token.rank].id == token.id if token.rank < 5 else True
            if token.fate != "untested":
                assert token.u is not None
                assert (token.u < token.accept_prob) == (token.fate == "accepted")
        ids += one.emitted
