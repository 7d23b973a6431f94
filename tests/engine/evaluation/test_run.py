"""Evaluations with the built-in pair: from a file, from a fresh world, killed and resumed, stopped from the command."""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from threading import Event as Flag

import msgspec
import pytest

from engine import cli
from engine.cli import exit_status
from engine.commands import Load
from engine.errors import InputError
from engine.evaluation import fresh_world
from engine.evaluation import run as evaluation
from engine.evaluation.file import Grid, QuestionLine
from engine.evaluation.run import EvaluationPlan, Opened
from engine.events import Indexed, Progressed
from engine.events.evaluation import Figures
from engine.methods.speculative_rag.config import SpeculativeRagConfig
from engine.runtime import Cancelled
from engine.session.evaluate import answers
from engine.session.session import Session
from tests import encoders
from tests.evaluations import write_questions
from tests.library import TEXTS

CONFIG = SpeculativeRagConfig(n=4, m=3, max_new_tokens=48)
NO_GRID = Grid()


@cache
def builtin() -> Session:
    made = Session()
    list(made.do(Load("builtin", "builtin:rag", device="cpu")))
    return made


@pytest.fixture
def encoder(tmp_path: Path) -> str:
    return str(encoders.save(tmp_path / "encoder"))


@pytest.fixture
def file(tmp_path: Path) -> str:
    return write_questions(tmp_path / "own.jsonl")


def plan(dataset: str, encoder: str, *, grid: Grid = NO_GRID, **changes: object) -> EvaluationPlan:
    config = msgspec.structs.replace(CONFIG, **changes)
    return EvaluationPlan(dataset, 4, ("claim", "single") if dataset == "builtin" else (), "", encoder, config, grid)


def run(chosen: EvaluationPlan, *, most: int = 100) -> tuple[Opened, list[QuestionLine], Figures | None]:
    """Evaluate; killed after so many new lines."""
    opened, lines, found = None, [], None
    items = answers(builtin(), chosen, Flag())
    for item in items:
        if isinstance(item, Opened):
            opened = item
        elif isinstance(item, QuestionLine):
            lines.append(item)
        elif isinstance(item, Figures):
            found = item
        if len(lines) == most:
            items.close()
            break
    assert opened is not None
    return opened, lines, found


def timeless(value: object) -> object:
    """Figures without anything that is a time."""
    if isinstance(value, dict):
        return {name: timeless(one) for name, one in value.items() if not re.search("_ms|latency", name)}
    return [timeless(one) for one in value] if isinstance(value, list) else value


def test_a_killed_evaluation_ends_as_an_uninterrupted_one(file: str, encoder: str) -> None:
    chosen = plan(file, encoder, grid=Grid(("one_per_cluster", "random"), (2, 3), (2,)))
    first, lines, found = run(chosen, most=2)
    assert (len(lines), found) == (2, None)
    second, again, resumed = run(chosen)
    assert second.path == first.path and again[:2] == lines
    first.path.unlink()
    _, _, whole = run(chosen)
    assert resumed is not None and whole is not None
    assert timeless(msgspec.to_builtins(resumed)) == timeless(msgspec.to_builtins(whole))


def test_every_question_is_answered_by_every_system_and_marked(file: str, encoder: str) -> None:
    _, lines, found = run(plan(file, encoder))
    assert found is not None
    assert list(found.systems) == [
        "speculative_rag", "speculative_rag_stored", "standard_rag", "standard_rag_speculative", "drafter_alone",
        "random_choice",
    ]  # fmt: skip
    for line in lines:
        chosen = line.systems["speculative_rag"]
        assert line.winner is not None and line.drafts[line.winner].right is chosen.right
        assert chosen.latency_ms > line.systems["drafter_alone"].latency_ms
        assert line.systems["standard_rag"].answer == line.systems["standard_rag_speculative"].answer
    assert [line.found for line in lines if line.kind == "claim"] == [None, None]


def test_stored_vectors_stand_beside_the_papers_clusters_and_nothing_beside_themselves(file: str, encoder: str) -> None:
    _, lines, _ = run(plan(file, encoder))
    _, same, _ = run(plan(file, encoder, conditioning="stored"))
    for line, other in zip(lines, same, strict=True):
        assert line.systems["speculative_rag_stored"].answer == other.systems["speculative_rag"].answer
        assert "speculative_rag_stored" not in other.systems


def test_scores_of_the_paper_choose_the_same_in_the_ablation(file: str, encoder: str) -> None:
    _, lines, found = run(plan(file, encoder, grid=Grid(("one_per_cluster",), (3,), (2,))))
    assert found is not None
    for line in lines:
        assert line.cells["one_per_cluster m=3 k=2 all"] == line.systems["speculative_rag"].right
        right = [draft.right for draft in line.drafts if draft.scores is not None]
        assert line.cells["one_per_cluster m=3 k=2 random"] == pytest.approx(sum(right) / max(1, len(right)))
    assert found.ablation[0].difference == 0.0


def test_systems_take_turns_in_going_first(file: str, encoder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    turns: list[int] = []
    examine = evaluation.examine

    def noted(*args: object, turn: int, **options: object) -> QuestionLine:
        turns.append(turn)
        return examine(*args, turn=turn, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(evaluation, "examine", noted)
    run(plan(file, encoder))
    assert turns == [0, 0, 0, 1, 1], "the first one is asked twice: once to warm up; then by kind"


def test_a_question_too_long_is_named_and_the_others_are_asked(file: str, encoder: str) -> None:
    with Path(file).open("a", encoding="utf-8") as out:
        out.write(json.dumps({"question": "Who? " * 9000, "answer": "x", "documents": TEXTS}) + "\n")
    _, _lines, found = run(plan(file, encoder)._replace(n_questions=5))
    assert found is not None and found.n_answered == 4
    assert "tokens without its passages" in found.failed["line 5"]


def test_stopping_keeps_what_was_answered(file: str, encoder: str) -> None:
    flag, lines = Flag(), []
    with pytest.raises(Cancelled):
        for item in answers(builtin(), plan(file, encoder), flag):
            if isinstance(item, QuestionLine):
                lines.append(item)
                flag.set()
    assert len(lines) == 1
    assert run(plan(file, encoder))[1][0] == lines[0]


@pytest.fixture
def small_world(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(fresh_world, "_SHARE", 0.02)
    yield


def indexing(told: list[object]) -> bool:
    return any(isinstance(item, Progressed) and item.phase == "embedding" for item in told)


def test_a_fresh_world_is_indexed_once_and_asked_by_kind(small_world: None, encoder: str) -> None:
    told = list(answers(builtin(), plan("builtin", encoder), Flag()))
    lines = [item for item in told if isinstance(item, QuestionLine)]
    assert sorted(line.kind for line in lines) == ["claim", "claim", "single", "single"]
    assert all(line.found is not None for line in lines)
    again = list(answers(builtin(), plan("builtin", encoder, m=2), Flag()))
    assert [indexing(told), indexing(again)] == [True, False]
    assert not any(isinstance(item, Indexed) for item in told), "it says of a command that it is done"


def test_needs_are_all_documents_that_state_a_fact(small_world: None) -> None:
    made = fresh_world.fresh_world(3, n=40, kinds=("single", "bridge", "claim"), form="pages")
    texts = {document.id: document for document in made.documents}
    for asked in made.asked:
        assert len(asked.needs) == (2 if asked.kind == "bridge" else 1)
        assert all(asked.needs) and all(name in texts for need in asked.needs for name in need)
        if asked.kind == "single":
            assert all(asked.answers[0] in texts[name].text for name in asked.needs[0])
    assert made.asked == fresh_world.fresh_world(3, n=40, kinds=("single", "bridge", "claim"), form="pages").asked


def test_questions_without_documents_need_an_index(tmp_path: Path, encoder: str) -> None:
    path = tmp_path / "bare.jsonl"
    path.write_text('{"question": "Who?", "answer": "x"}\n', encoding="utf-8")
    with pytest.raises(InputError, match="comes without documents"):
        run(plan(str(path), encoder))
    with pytest.raises(InputError, match="documents of its own"):
        run(plan("builtin", encoder)._replace(index_spec="somewhere"))


def test_the_command_ends_with_the_summary(file: str, encoder: str, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--n", "4", "--m", "3", "--max-new-tokens", "48", "--device", "cpu", "--embedder", encoder]
    assert cli.main(["rag", "eval", "--dataset", file, "--questions", "3", "--json", *options]) == exit_status.OK
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["event"] for one in printed].count("question") == 3
    summary = printed[-1]
    assert (summary["event"], summary["n_answered"], summary["stopped"]) == ("summary", 3, False)
    assert {"accuracy", "accuracy_ci", "latency_ms", "latency_cut", "target_tokens"} <= set(
        summary["systems"]["speculative_rag"]
    )
    assert cli.main(["rag", "eval", "--dataset", file, "--questions", "3", "--ablation", *options]) == exit_status.OK
    shown = capsys.readouterr().out
    assert "one_per_cluster m=3 k=2 all" in shown and "wrong answers of standard RAG" in shown


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["--questions", "0"], "questions = 0"),
        (["--kinds", "claim,odd"], "'odd' is not known"),
        (["--ablation-m", "3"], "add --ablation"),
        (["--ablation", "--ablation-k", "2,x"], "ablation-k"),
        (["--m", "0"], "m = 0"),
        (["--dataset", "none.jsonl"], "cannot be read"),
    ],
)
def test_bad_options_are_one_line(options: list[str], word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["rag", "eval", *options, "--device", "cpu"]) == exit_status.BAD_INPUT
    said = capsys.readouterr().err
    assert word in said and said.strip().count("\n") == 0
