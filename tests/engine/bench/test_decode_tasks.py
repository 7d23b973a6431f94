"""A set of prompts is measured task by task, with any drafter."""

import json
from pathlib import Path

import pytest

from engine.cli import main
from tests import fakes


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> str:
    return fakes.save(fakes.model(max_position_embeddings=512), tmp_path_factory.mktemp("target"))


def summary(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    assert main(["bench", "decode", *arguments, "--max-new-tokens", "8", "--json"]) == 0
    found: dict[str, object] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return found


def test_lookup_is_measured_against_the_lookup_of_transformers(target: str, capsys: pytest.CaptureFixture[str]) -> None:
    result = summary(["--target", target, "--drafter", "lookup", "--prompts", "english", "--n-prompts", "7"], capsys)
    tasks = result["tasks"]
    assert isinstance(tasks, list)
    assert [task["n_prompts"] for task in tasks] == [2, 1, 1, 1, 1, 1, 7]
    assert tasks[-1]["task"] == "all tasks"
    for task in tasks:
        assert task["same_tokens"]
        ms = task["ms_per_token"]
        assert task["drafted_ratio"] == ms["transformers_assisted"] / ms["ours_speculative"]
        assert task["plain_ratio"] == ms["transformers_plain"] / ms["ours_plain"]
        assert task["speedup"] == ms["ours_plain"] / ms["ours_speculative"]
    assert (result["drafter"], result["prompt_set"]) == ("lookup", "english")


def test_model_that_drafts_is_measured_on_a_file(
    target: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mine.txt"
    file.write_text("The harbour\nIn the town of\n")
    result = summary(["--target", target, "--drafter", target, "--prompts", str(file)], capsys)
    tasks = result["tasks"]
    assert isinstance(tasks, list)
    assert tasks[-1]["n_prompts"] == 2
    assert tasks[-1]["drafted_ratio"] is not None
    assert tasks[-1]["alpha"] > 0.9


def test_people_get_a_table_of_tasks(target: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--target", target, "--drafter", "lookup", "--prompts", "english:code", "--n-prompts", "1"]
    assert main(["bench", "decode", *arguments, "--max-new-tokens", "4"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-3].split()[:2] == ["task", "prompts"]
    assert lines[-2].split()[:2] == ["code", "1"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--prompts", "english:poetry"], "no task 'poetry'"),
        (["--prompts", "english", "--drafter", "none"], "no drafter to measure"),
        (["--prompts", "english", "--max-new-tokens", "9000"], "new ones"),
    ],
)
def test_what_cannot_be_measured_is_refused(
    target: str, arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", "decode", "--target", target, *arguments]) == 2
    assert words in capsys.readouterr().err


def test_prompts_of_an_instruct_model_go_through_its_template_unless_raw(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = fakes.save(fakes.model(sharpness=3.0), tmp_path / "m-instruct", words=fakes.chat_tokenizer())
    file = tmp_path / "mine.txt"
    file.write_text("The harbour\n")
    arguments = ["--target", spec, "--drafter", "lookup", "--prompts", str(file)]
    assert [summary([*arguments, *switch], capsys)["chat"] for switch in ((), ("--raw",))] == [True, False]
