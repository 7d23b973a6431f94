"""The commands: events and summary, the tree for people, and one line for what cannot be done."""

from pathlib import Path

import msgspec
import pytest

from engine.cli import main
from engine.cli.exit_status import BAD_INPUT, OK
from engine.runs import trace
from tests.library import TEXTS, index_of
from tests.scaling import ANSWER, BRIDGE


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> str:
    return index_of(TEXTS, tmp_path_factory.mktemp("index"))


def ask(*arguments: str) -> int:
    return main(["scaling", "ask", "--device", "cpu", "-m", "0", "--max-new-tokens", "24", *arguments])


def test_iterations_and_summary_have_the_promised_fields(
    index: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "trace.jsonl"
    assert ask("--question", BRIDGE, "--index", index, "-k", "3", "-n", "3", "--json", "--trace", str(path)) == OK
    lines = [msgspec.json.decode(line) for line in capsys.readouterr().out.splitlines()]
    first = next(line for line in lines if line["event"] == "iteration")
    assert {"follow_up", "documents", "intermediate", "probability", "input_tokens"} <= set(first)
    summary = lines[-1]
    assert (summary["event"], summary["iterations"]) == ("summary", 2) and ANSWER in summary["answer"]
    calls = [line for line in lines if line["event"] == "call"]
    assert summary["effective_context"] == sum(call["input_tokens"] for call in calls)
    assert summary["priced"]["cost"] is None and summary["priced"]["docs_k"] == 3 and summary["right"] is None
    assert summary["baseline_answer"] is not None and trace.read(path).events


def test_people_see_the_tree_and_both_answers(index: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask("--question", BRIDGE, "--index", index, "-k", "3", "--baselines", "all", "--no-save") == OK
    out = capsys.readouterr().out
    assert (
        BRIDGE in out and "IterDRAG: " in out and ANSWER in out and "standard RAG:" in out and "the same tokens" in out
    )
    prices = ("--input-price", "2", "--output-price", "8")
    assert ask("--question", BRIDGE, "--index", index, "-k", "0", "--method", "drag", "--no-save", *prices) == OK
    out = capsys.readouterr().out
    assert "zero-shot:" in out and "at the entered prices" in out


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("--question", " "), "the question is empty; ask something"),
        (("--question", "x", "--method", "tree"), "method = tree: is not known; use iterdrag or drag"),
        (("--question", "x", "-n", "0"), "n = 0: must be"),
        (("--question", "x", "-k", "-1"), "k = -1: must be"),
        (("--question", "x", "--index", "/nowhere"), "there is no index at /nowhere"),
        (("--question", "x", "-m", "1", "--pool", "/dev/null"), "/dev/null"),
        (("--question", "x", "-m", "1", "--pool", "/no/such"), "/no/such cannot be read"),
        (("--question", "x", "--preset", "fit"), "there is no sweep yet"),
    ],
)
def test_bad_input_is_one_line(arguments: tuple[str, ...], line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(*arguments) == BAD_INPUT
    err = capsys.readouterr().err
    assert line in err and err.count("\n") == 1
