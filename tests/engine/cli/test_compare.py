"""`draftscope compare` as other programs read it."""

import json
from pathlib import Path

import pytest

from engine.cli import main
from engine.experiments.builtin_prompts import BUILTIN_SETS
from tests import fakes

LANE = {
    "drafter", "alpha", "alpha_ci", "tau", "efficiency", "speedup", "speedup_ci", "memory_bytes", "same_as_baseline",
    "why_not", "verify_per_token", "predicted_speedup", "joules_per_token", "break_even_alpha",
}  # fmt: skip
SHORT = ["--max-new-tokens", "8", "--n-prompts", "2", "--prompts", "builtin:stories"]


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("pair")
    model = fakes.model()
    fakes.save(model, folder / "t")
    fakes.save(fakes.noisy_copy(model), folder / "d")
    return ["--target", str(folder / "t"), "--drafter", str(folder / "d")]


def compared(capsys: pytest.CaptureFixture[str], *options: str) -> list[dict[str, object]]:
    assert main(["compare", *options, "--json"]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_lane_an_object_and_last_what_is_recommended(target: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    found = compared(capsys, *target, "--drafter", "lookup", "--gamma", "1,2", *SHORT)
    lanes = [each for each in found if each["event"] == "lane"]
    assert [lane["lane"] for lane in lanes] == ["plain", "d γ 1", "d γ 2", "lookup γ 1", "lookup γ 2"]
    assert all(lane.keys() >= LANE for lane in lanes)
    summary = found[-1]
    assert summary["event"] == "summary"
    assert summary.keys() >= {"recommended", "gamma", "because", "why_not", "workload"}
    assert summary["recommended"] in {"none", "lookup", target[3]}
    assert all("rounds" not in each for each in found if each["event"] == "generation")


def test_without_drafters_a_foreign_target_is_compared_with_prompt_lookup(
    target: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    lanes = [each["lane"] for each in compared(capsys, *target[:2], *SHORT) if each["event"] == "lane"]
    assert lanes == ["plain", "lookup γ 4"]


def test_a_table_for_people_names_every_lane_and_why_not(target: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", *target, *SHORT]) == 0
    shown = capsys.readouterr().out
    assert "d γ 4" in shown
    assert "because" in shown
    line = next(line for line in shown.splitlines() if line.startswith("d γ 4: "))
    assert "×" in line and "writes the text of plain decoding on every prompt" in line
    assert any(line.startswith(("plain: slower", "d γ 4: ")) and "writes" not in line for line in shown.splitlines())


def test_names_that_look_like_markup_are_printed_as_they_are(
    target: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = tmp_path / "[b]:smile:["
    folder.symlink_to(target[3])
    assert main(["compare", *target[:2], "--drafter", str(folder), *SHORT]) == 0
    assert "[b]:smile:[ γ 4" in capsys.readouterr().out


def test_the_help_names_the_tasks_of_the_built_in_prompts(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "--help"]) == 0
    shown = capsys.readouterr().out
    assert all(task in shown for task in BUILTIN_SETS)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--prompts", "/nowhere.txt"], "nowhere"),
        (["--gamma", "0"], "gamma"),
        (["--n-prompts", "-1"], "n-prompts"),
        (["--temperature", "-1"], "temperature"),
        (["--drafter", ""], "drafter"),
        (["--method", "nothing"], "method"),
    ],
)
def test_mistakes_are_one_line(
    target: list[str], options: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", *target[:2], *options]) == 2
    line = capsys.readouterr().err
    assert words in line
    assert line.count("\n") == 1


def test_prompts_of_a_file_that_cannot_be_used_are_counted(
    target: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "set.jsonl"
    path.write_text('{"prompt": "The harbour"}\nbroken\n')
    found = compared(capsys, *target, "--prompts", str(path), "--max-new-tokens", "4")
    assert found[-1]["n_prompts"] == 1
    started = next(each for each in found if each["event"] == "comparison")
    assert len(started["skipped"]) == 1  # type: ignore[arg-type]


def test_prompts_that_are_left_out_are_counted_for_people_with_five_reasons(
    target: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "set.jsonl"
    path.write_text('{"prompt": "The harbour"}\n' + "broken\n" * 7)
    assert main(["compare", *target, "--prompts", str(path), "--max-new-tokens", "4"]) == 0
    lines = [line for line in capsys.readouterr().err.splitlines() if "set.jsonl" in line or line.startswith("line ")]
    assert lines[0] == "7 entries are left out of set.jsonl, 1 prompt is used"
    assert len(lines) == 6 and lines[1].startswith("line 2: ")


def test_a_file_without_a_usable_prompt_gives_the_count_and_five_reasons_in_one_line(
    target: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "set.jsonl"
    path.write_text('{"a": 1}\n' * 7)
    assert main(["compare", *target, "--prompts", str(path)]) == 2
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert "7 entries cannot be used: line 1: " in line and "line 5: " in line and "line 6: " not in line


def test_trees_are_compared_beside_chains_and_refused_where_a_drafter_has_none(
    target: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--drafter", target[3], "--drafter", "lookup", "--gamma", "2", "--tree", "2,2", "--accept", "block"]
    found = compared(capsys, *target[:2], *options, *SHORT)
    lanes = {str(each["lane"]): each for each in found if each["event"] == "lane"}
    assert list(lanes) == ["plain", "d γ 2", "lookup γ 2", "d tree 2,2", "lookup tree 2,2"]
    assert lanes["d tree 2,2"]["tau"] and lanes["d tree 2,2"]["break_even_alpha"] is None
    assert lanes["d tree 2,2"]["same_as_baseline"] is True
    assert "chains only" in str(lanes["lookup tree 2,2"]["why_not"])


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--tree", "2,2", "--tune"], "--tune chooses draft lengths of chains"),
        (["--tree", "2,2", "--method", "plain"], "plain drafts no trees"),
        (["--tree", "2,x"], "not a list of whole numbers"),
    ],
)
def test_trees_that_cannot_be_compared_are_refused(
    options: list[str], told: str, target: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", *target, *options, *SHORT, "--json"]) == 2
    assert told in capsys.readouterr().err


def test_a_policy_is_a_lane_with_its_limits_and_states_its_decisions(
    target: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--gamma", "2", "--policy", "heuristic", "--most-gamma", "3", "--draft-until", "12", *SHORT)
    found = compared(capsys, *target, *options)
    texts = [each for each in found if each["event"] == "generation"]
    assert {str(text["lane"]) for text in texts} == {"plain", "d γ 2", "d γ 2, heuristic"}
    for text in texts:
        decided = [decision["reason"] for decision in text["decisions"]]  # type: ignore[attr-defined]
        is_long = len(text["prompt_ids"]) + len(text["ids"]) > 20  # type: ignore[arg-type]
        assert ("long_text" in decided) == (text["lane"] == "d γ 2, heuristic" and is_long)
    assert any(text["decisions"] for text in texts)


def test_settings_of_a_policy_need_one(target: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", *target, "--least-free", "100", *SHORT]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "--least-free belongs to a policy" in line and "--policy" in line
