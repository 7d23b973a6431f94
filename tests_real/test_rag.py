"""Ten real pages: what they say is found, and answered by SmolLM2 as both models."""

import json
from pathlib import Path

import pytest

from tests_real.commands import Fields, draftscope
from tests_real.conftest import OpenedModel
from tests_real.figures import Figures

HERE = Path(__file__).parent
_N_ASKED = 20


def questions() -> list[Fields]:
    lines = (HERE / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def index(smollm2: OpenedModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("index") / "pages"
    said = draftscope("rag", "index", HERE / "pages", "--index", path, "--target", smollm2.file, "--device", "cpu")
    assert said.summary["n_files"] == 10
    return path


def test_the_page_with_the_answer_is_found(index: Path, figures: Figures) -> None:
    n = 0
    for question in questions():
        said = draftscope("rag", "search", "--index", index, "--question", question["question"], "--n", 3)
        assert said.status == 0, said.words
        text = json.dumps(said.events, ensure_ascii=False).lower()
        n += any(answer.lower() in text for answer in question["answer"])  # type: ignore[attr-defined]
    figures.add("search in ten pages", questions=len(questions()), answer_among_three_passages=n)
    assert n >= 18


@pytest.mark.part("answers")
@pytest.mark.timeout(1800)
def test_every_question_gets_an_answer(index: Path, smollm2: OpenedModel, figures: Figures) -> None:
    n_answered = n_right = 0
    for question in questions()[:_N_ASKED]:
        said = draftscope(
            "rag", "ask", "--index", index, "--question", question["question"], "--target", smollm2.file,
            "--drafter", smollm2.file, "--n", 4, "--m", 2, "--baselines", "standard", "--max-new-tokens", 64,
            "--device", "cpu", "--no-save",
        ).summary  # fmt: skip
        answer = str(said["answer"] or "")
        answered = bool(answer.strip()) and "no response" not in answer
        assert answered, f"no answer to {question['question']}"
        n_answered += answered
        n_right += any(right.lower() in answer.lower() for right in question["answer"])  # type: ignore[attr-defined]
        figures.add("answers from ten pages", questions=_N_ASKED, answered=n_answered, right=n_right)
