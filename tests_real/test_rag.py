"""Ten real pages: what they say is found, and answered by SmolLM2 as both models."""

import json
from pathlib import Path

import pytest

from tests_real.commands import Fields, draftscope
from tests_real.conftest import OpenedModel
from tests_real.figures import Figures
from tests_real.pictures import take_picture

HERE = Path(__file__).parent


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


@pytest.mark.timeout(1800)
def test_every_question_gets_an_answer(index: Path, smollm2: OpenedModel, figures: Figures) -> None:
    summary = draftscope(
        "rag", "eval", "--dataset", HERE / "questions.jsonl", "--index", index, "--target", smollm2.file,
        "--drafter", smollm2.file, "--n", 4, "--m", 2, "--device", "cpu", "--no-save",
    ).summary  # fmt: skip
    speculative, standard = (summary["systems"][name] for name in ("speculative_rag", "standard_rag"))  # type: ignore[index]
    figures.add(
        "answers from ten pages", questions=summary["n_questions"], no_answer=speculative["n_no_answer"],
        right=speculative["accuracy"], right_by_standard_rag=standard["accuracy"],
        latency_ms=speculative["latency_ms"], latency_ms_of_standard_rag=standard["latency_ms"],
    )  # fmt: skip
    assert summary["n_questions"] == len(questions()) == 20
    assert speculative["n_no_answer"] == 0


def test_a_question_shows_its_drafts_and_scores(
    index: Path, smollm2: OpenedModel, place: Path, tmp_path: Path, figures: Figures
) -> None:
    trace = tmp_path / "trace.jsonl"
    said = draftscope(
        "rag", "ask", "--index", index, "--question", questions()[0]["question"], "--target", smollm2.file,
        "--drafter", smollm2.file, "--n", 4, "--m", 2, "--device", "cpu", "--no-save",
        "--trace", trace,
    ).summary  # fmt: skip
    figures.add("one question about ten pages", answer=said["answer"], standard=said["baseline_answer"])  # type: ignore[arg-type]
    assert said["answer"] and 1 <= len(said["scores"]) <= 2  # type: ignore[arg-type]
    for scheme in ("light", "dark"):
        take_picture("rag", scheme, trace, place)
