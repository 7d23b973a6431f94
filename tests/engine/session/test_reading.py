"""A file as a prompt of the loaded target."""

from pathlib import Path
from threading import Event as Flag

import pytest

from engine.commands import Load, ReadText, Run
from engine.errors import InputError
from engine.events import RunStarted, TextRead
from engine.session.session import Session
from engine.settings import Request
from tests import fakes


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    made = Session()
    list(made.do(Load(fakes.save(fakes.model(), tmp_path_factory.mktemp("t") / "t"), "lookup")))
    return made


@pytest.fixture
def story(tmp_path: Path) -> str:
    path = tmp_path / "story.txt"
    path.write_text(" ".join(f"The harbour of number {i} was quiet." for i in range(60)), encoding="utf-8")
    return str(path)


def test_a_file_is_cut_to_what_the_context_holds_and_can_be_run(session: Session, story: str) -> None:
    (text,) = session.do(ReadText(story, n_new=8, part="end", serial=3), Flag())
    assert isinstance(text, TextRead)
    assert len(text.ids) == fakes.CONTEXT - 8 and text.serial == 3
    assert "to its end" in text.cut and text.text.endswith("number 59 was quiet.")
    why_not = {kernel.name: kernel.why_not for kernel in text.kernels}
    assert why_not["auto"] == "" and "CUDA only" in why_not["cudnn"]
    settings = {"max_new_tokens": 8, "baseline": False, "stop_at_end": False}
    told = list(session.do(Run("speculative", settings, Request(text.text, text.ids)), Flag()))
    started = next(event for event in told if isinstance(event, RunStarted))
    assert started.prompt_ids == text.ids


def test_a_shorter_part_is_as_long_as_it_was_asked_for(session: Session, story: str) -> None:
    (text,) = session.do(ReadText(story, length=20, n_new=8), Flag())
    assert isinstance(text, TextRead)
    assert len(text.ids) == 20 and text.text.startswith("The harbour of number 0")


@pytest.mark.parametrize(
    ("question", "words"),
    [
        (ReadText("/nowhere", n_new=8), "no file"),
        (ReadText("builtin", pages="1", n_new=8), "no pages"),
        (ReadText("builtin", length=500, n_new=8), "500 tokens and 8 new ones: .* has a context of 128"),
        (ReadText("builtin", n_new=500), "500 new tokens: .* has a context of 128"),
    ],
)
def test_what_cannot_be_read_is_refused(session: Session, question: ReadText, words: str) -> None:
    with pytest.raises(InputError, match=words):
        list(session.do(question, Flag()))


def test_without_a_target_there_are_no_tokens() -> None:
    with pytest.raises(InputError, match="no model is loaded"):
        list(Session().do(ReadText("builtin"), Flag()))
