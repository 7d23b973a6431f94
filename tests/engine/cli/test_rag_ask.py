"""The command: its events and summary, its account for people, and one line for what cannot be done."""

from pathlib import Path

import msgspec
import pytest

from engine.cli import main
from engine.cli.exit_status import BAD_INPUT, OK
from engine.events import RunFinished
from engine.runs import trace
from tests.library import QUESTION, TEXTS, index_of

_FIELDS = {"answer", "rationale", "scores", "winner", "latency_ms", "baseline_answer", "baseline_latency_ms", "margin"}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> str:
    return index_of(TEXTS, tmp_path_factory.mktemp("index"))


def ask(*arguments: str, index: str) -> int:
    return main(["rag", "ask", "--index", index, "--device", "cpu", *arguments])


def test_events_and_summary_have_the_promised_fields(
    index: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "trace.jsonl"
    assert ask("--question", QUESTION, "--n", "6", "--m", "3", "--json", "--trace", str(path), index=index) == OK
    lines = [msgspec.json.decode(line) for line in capsys.readouterr().out.splitlines()]
    names = [line["event"] for line in lines]
    assert {"retrieved", "partition", "draft", "score", "answered", "cost"} <= set(names)
    assert names.count("draft") == 3 and names[-1] == "summary"
    summary = lines[-1]
    assert set(summary) >= _FIELDS
    assert summary["systems"]["standard_rag"]["answer"] == summary["baseline_answer"]
    assert summary["systems"]["speculative_rag"]["winner"] == summary["winner"]
    assert len(summary["scores"]) == 3
    assert isinstance(trace.read(path).events[-1], RunFinished)


def test_account_for_people_names_the_winner_and_both_systems(index: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask("--question", QUESTION, "--n", "6", index=index) == OK
    out = capsys.readouterr().out
    assert "* draft" in out and "Speculative RAG:" in out and "standard RAG:" in out


def test_settings_out_of_bounds_are_one_line(index: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask("--question", QUESTION, "--m", "0", index=index) == BAD_INPUT
    assert capsys.readouterr().err.splitlines() == [
        "draftscope: m = 0: must be int >= 1; choose a value within the bound"
    ]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--question", " "), "the question is empty"),
        (("--question", QUESTION, "--drafter", "none"), "Speculative RAG needs a drafter"),
        (("--question", QUESTION, "--drafter", "lookup"), "the drafter lookup is no model"),
        (("--question", QUESTION, "--sampling", "clever"), "clever"),
        (("--question", "Where is it? " * 3000), "the prompt has"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    index: str, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], says: str
) -> None:
    assert ask(*arguments, index=index) == BAD_INPUT
    err = [line for line in capsys.readouterr().err.splitlines() if line.startswith("draftscope:")]
    assert len(err) == 1 and says in err[0]


def test_other_target_without_a_drafter_is_refused(index: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask("--question", QUESTION, "--target", "timing:tiny", index=index) == BAD_INPUT
    assert "no drafter is named to draft the answers; name a model with --drafter" in capsys.readouterr().err
