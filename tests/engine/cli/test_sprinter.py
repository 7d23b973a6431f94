"""`draftscope sprinter`: from a fake pair to a gate, its run and the fields that other programs read."""

import json
from pathlib import Path

import pytest

from app.workspaces.runs.particulars import read_particulars
from engine.cli import main, sprinter, sprinter_run
from engine.machine import paths
from engine.sprinter import cards
from engine.store.digest import digest
from tests import fakes

FIELDS = {
    "gated", "audited", "eta_fp", "eta_fp_ci", "tv_predicted", "tv_measured", "tv_ci", "speedup_vs_exact",
    "speedup_vs_exact_ci", "alpha", "tau", "tokens", "text", "ms_per_token", "speedup", "speedup_ci",
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("pair")
    target = fakes.model(sharpness=4.0)
    fakes.save(target, made / "t")
    fakes.save(fakes.noisy_copy(target, noise=0.2), made / "d")
    (made / "prompts.txt").write_text("\n".join(f"{word} {word}" for word in "abcdefghijkl"), "utf-8")
    return made


def pair(folder: Path) -> list[str]:
    return ["--target", str(folder / "t"), "--drafter", str(folder / "d"), "--device", "cpu"]


def summary(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, object]:
    assert main(["sprinter", *arguments, "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert all("event" in line for line in lines)
    last: dict[str, object] = lines[-1]
    assert last["event"] == "summary"
    return last


def kept_figures(run: object) -> dict[str, str]:
    """What the Runs tab shows of kept work that has ended as it should."""
    path = paths.runs() / str(run) / "trace.jsonl"
    assert digest(path).end == "finished"
    return dict(read_particulars(path).figures)


def test_a_gate_is_collected_trained_and_run(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows, gate = str(folder / "rows"), str(folder / "gate")
    prompts = ["--prompts", str(folder / "prompts.txt")]
    collected = summary(capsys, "collect", *pair(folder), *prompts, "--tokens", "24", "--out", rows)
    assert (collected["documents"], collected["stopped"]) == (12, False)
    kept = kept_figures(collected["run"])
    assert (kept["documents"], kept["labelled tokens"]) == ("12", str(collected["rows"]))
    trained = summary(capsys, "train", *pair(folder)[:4], "--rows", rows, "--out", gate, "--epochs", "3")
    assert {"auc", "q_auc", "auc_ci", "n_parameters"} <= set(trained)
    assert (folder / "gate" / cards.FILE_NAME).is_file()
    assert kept_figures(trained["run"])["AUC, gate"] == f"{trained['auc']:g}"
    run = summary(
        capsys, "run", *pair(folder), *prompts, "--threshold", "0.3", "--gate", gate, "--gammas", "2",
        "--max-new-tokens", "12", "--no-save",
    )  # fmt: skip
    assert set(run) >= FIELDS
    assert (run["threshold"], run["n_prompts"], run["best_gamma"]) == (0.3, 12, 2)
    assert run["tv_predicted"] is not None


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["run", "--threshold", "1.2"], "threshold = 1.2"),
        (["run", "--drafter", "lookup"], "lookup is no model"),
        (["sweep", "--thresholds", "a,b"], "not a list of numbers"),
        (["train", "--rows", "/nowhere"], "no collection of rows"),
        (["run", "--questions", "-1"], "questions = -1: must be 0 to 10,000"),
        (["run", "--prompts", "/nowhere"], "/nowhere"),
        (["run", "--gate", "/nowhere"], "there is no gate at /nowhere"),
        (["sweep", "--thresholds", ","], "a sweep needs a threshold"),
        (["sweep", "--leniences", "0"], "lenience = 0"),
        (["collect", "--documents", "0"], "documents = 0: must be 1 to 1,000,000"),
        (["collect", "--tokens", "5000"], "tokens = 5,000"),
        (["collect", "--prompts", "builtin:riddles"], "'riddles'"),
    ],
)
def test_bad_input_is_one_line_and_nothing_is_loaded_for_it(
    arguments: list[str], line: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for commands in (sprinter, sprinter_run):
        monkeypatch.delattr(commands, "loaded_session")
    assert main(["sprinter", *arguments]) == 2
    told = capsys.readouterr().err
    assert line in told
    assert told.count("\n") == 1
