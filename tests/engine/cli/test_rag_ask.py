"""The command: its events and summary, its account for people, and one line for what cannot be done."""

from pathlib import Path

import msgspec
import pytest

from engine.cli import main
from engine.cli.exit_status import BAD_INPUT, OK
from engine.cli.rag_ask import verifier_fields, verifier_line
from engine.events import RunFinished, VerifierTested
from engine.runs import trace
from tests import fakes
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
    assert {"can_judge", "n_right", "n_cases", "mass"} <= set(summary["verifier"])
    assert summary["verifier"]["can_judge"] and "verifier_tested" in names
    assert isinstance(trace.read(path).events[-1], RunFinished)


def test_no_answer_is_null_and_never_a_cut(index: str, capsys: pytest.CaptureFixture[str]) -> None:
    few = ("--question", QUESTION, "--n", "6", "--m", "2", "--max-new-tokens", "4")
    assert ask(*few, "--json", index=index) == OK
    lines = [msgspec.json.decode(line) for line in capsys.readouterr().out.splitlines()]
    summary = lines[-1]
    assert (summary["answer"], summary["rationale"], summary["winner"]) == (None, None, None)
    assert (summary["latency_cut"], summary["margin"]) == (None, None)
    assert summary["latency_ms"] > 0
    assert all(each["answer"] is None for each in lines if each.get("system") == "drafter_alone")
    assert ask(*few, index=index) == OK
    out, err = capsys.readouterr()
    assert "warning: both models are built in and know only the shipped documents" in " ".join(err.split())
    assert "Speculative RAG: no answer (" in out
    assert "no response (no response within 4 tokens" in out


def test_a_verifier_that_cannot_judge_is_said_in_the_account_and_the_summary() -> None:
    unable = VerifierTested("some/model", 5, 10, 0.031, can_judge=False)
    assert "CANNOT JUDGE" in verifier_line(unable) and "5 of 10" in verifier_line(unable)
    assert verifier_fields(unable) == {
        "target": "some/model", "can_judge": False, "n_right": 5, "n_cases": 10, "mass": 0.031,
    }  # fmt: skip
    assert verifier_fields(None) is None


def test_account_for_people_names_the_winner_and_both_systems(index: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask("--question", QUESTION, "--n", "6", "--m", "2", index=index) == OK
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
        (("--question", QUESTION, "--chat"), "builtin has no chat template; have the text continued as it is (--raw)"),
        (("--question", "Where is it? " * 3000), "the prompt has"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    index: str, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], says: str
) -> None:
    assert ask(*arguments, index=index) == BAD_INPUT
    err = [line for line in capsys.readouterr().err.splitlines() if line.startswith("draftscope:")]
    assert len(err) == 1 and says in err[0]


def test_other_target_without_a_drafter_is_refused(
    index: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    elsewhere = fakes.save(fakes.model(), tmp_path / "elsewhere")
    assert ask("--question", QUESTION, "--target", elsewhere, index=index) == BAD_INPUT
    assert "no drafter is named to draft the answers; name a model with --drafter" in capsys.readouterr().err


def test_an_instruct_model_is_asked_as_chat_unless_its_text_is_to_be_continued(
    index: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    made = fakes.model(max_position_embeddings=1024, sharpness=3.0)
    spec = fakes.save(made, tmp_path / "m-instruct", words=fakes.chat_tokenizer())
    few = ("--question", QUESTION, "--n", "2", "--m", "2", "--k", "1", "--max-new-tokens", "8", "--json")
    asked = {}
    for switch in ((), ("--raw",)):
        pair = ("--target", spec, "--drafter", spec, "--demonstrations", "none", "--baselines", "standard", *switch)
        assert ask(*few, *pair, index=index) == OK
        lines = [msgspec.json.decode(line) for line in capsys.readouterr().out.splitlines()]
        read = [line["chat"] for line in lines if line["event"] == "prompt_read"]
        asked[switch] = set(read), lines[-1]["asked_as_chat"]
    assert asked == {(): ({True}, ["drafter", "target"]), ("--raw",): ({False}, [])}
