"""What lengths will take, and why some cannot be measured, before anything is."""

from pathlib import Path

import pytest

from engine.commands import Load
from engine.measuring import length_job, long_text
from engine.measuring.length_job import LengthDrafter, LengthsJob, ends_at, predictions
from engine.models import devices
from engine.models.kv_size import kv_bytes
from engine.models.loading import LoadedModel
from engine.session.session import Session
from engine.settings import GenerationConfig
from tests import fakes


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    folder: Path = tmp_path_factory.mktemp("job")
    target = fakes.model(max_position_embeddings=512)
    fakes.save(target, folder / "t")
    fakes.save(fakes.model(max_position_embeddings=64), folder / "d")
    made = Session()
    list(made.do(Load(str(folder / "t"), str(folder / "d"))))
    return made


def job(session: Session, lengths: tuple[int, ...], *, longest: int = 400) -> LengthsJob:
    assert session.models is not None and session.target is not None
    texts = long_text.read("builtin", session.target.tokenizer, pages="", part="start", n_texts=1, longest=longest)
    drafter = LengthDrafter("d", session.target, session.drafter, session.models.drafter)
    broken = LengthDrafter("x", session.target, why_not="there is no folder x", hint="check the path")
    plain = LengthDrafter("none", session.target)
    return LengthsJob(
        session.target, (plain, drafter, broken), lengths, texts, GenerationConfig(max_new_tokens=16), 4, 2, 128
    )


def test_every_combination_is_predicted_from_the_configurations(session: Session) -> None:
    made = {(each.length, each.drafter): each for each in predictions(job(session, (32, 512)))}
    target = session.target
    assert target is not None

    def needed(model: LoadedModel, n: int) -> int:
        return kv_bytes(model.model.config, model.dtype, model.runtime, context=n)

    assert made[32, "none"].kv_bytes_target == needed(target, 48)
    assert made[32, "none"].kv_bytes_drafter == 0
    assert made[32, "d"].kv_bytes_drafter > 0
    assert made[32, "d"].why_not == ""
    assert made[32, "x"].why_not == "there is no folder x"


def test_a_length_leaves_room_for_new_tokens_in_the_context(session: Session) -> None:
    assert job(session, (512,)).n_prompt(512) == 496
    assert job(session, (512,)).n_prompt(100) == 100


def test_a_drafter_whose_context_ends_before_the_text_is_left_out_with_both_numbers(session: Session) -> None:
    made = job(session, (100,))
    (refused,) = [each for each in predictions(made) if each.drafter == "d"]
    assert "reads 64 tokens at most, and the text has 100" in refused.why_not
    assert "window:32:d" in refused.hint
    assert ends_at(made.drafters[1]) == 64
    assert ends_at(made.drafters[0]) == 512


def test_a_text_that_is_too_short_is_named_with_both_numbers(session: Session) -> None:
    refused = predictions(job(session, (300,), longest=200))
    assert all("the text has 200 tokens, and 300 were asked for" in each.why_not for each in refused[:2])


def test_what_memory_does_not_hold_is_refused_before(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "free_bytes", lambda device: 100 << 10)
    refused = predictions(job(session, (32,)))
    assert "0.1 MiB are free" in refused[0].why_not
    assert length_job._size(3 << 30) == "3.0 GiB"
