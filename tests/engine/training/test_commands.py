"""`train drafter` and `train compare-objectives` as a user types them; Train as the window asks for it."""

import json
from contextlib import closing
from itertools import islice
from pathlib import Path
from queue import Empty
from typing import TypeVar

import pytest

from engine.cli import main
from engine.commands import EstimateTraining, Load, Pause, Resume, Train
from engine.events import (
    Event,
    Measured,
    Refused,
    RunFailed,
    TrainingEstimated,
    TrainingFinished,
    TrainingStarted,
    WorkStarted,
)
from engine.host.thread_host import ThreadHost
from engine.machine import paths
from engine.runs import trace
from engine.world.story import stories
from tests import fakes
from tests.engine.store.kept import opened
from tests.engine.training.drafter_training import make_small

E = TypeVar("E", bound=Event)
SUMMARY = {
    "drafter", "alpha_before", "alpha_after", "alpha_ci", "c", "predicted_speedup", "speedup", "speedup_ci", "tokens",
    "tokens_per_s", "matrix_rate_fraction", "seconds", "stopped", "alpha_overlap", "pays", "because", "start", "c_ci",
    "own_layers", "c_predicted", "break_even_alpha",
}  # fmt: skip
SETTINGS = {"minutes": 0.5, "steps": 30, "width": 32, "layers": 1, "patience": 100}


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> str:
    return fakes.save(fakes.model(sharpness=3.0), tmp_path_factory.mktemp("t") / "t")


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("texts")
    for i, story in enumerate(islice(stories(9), 60)):
        (folder / f"{i}.txt").write_text(story[:200], encoding="utf-8")
    return str(folder)


@pytest.fixture(autouse=True)
def _small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    make_small(monkeypatch)


@pytest.fixture
def host(tmp_path: Path):  # type: ignore[no-untyped-def]
    made = ThreadHost(tmp_path / "runs")
    yield made
    assert made.close()


def until(host: ThreadHost, *kinds: type[Event]) -> Event:
    while not isinstance(event := host.inbox.get(timeout=30), kinds):
        assert not isinstance(event, RunFailed), event
    return event


def silent(host: ThreadHost) -> bool:
    try:
        host.inbox.get(timeout=0.4)
    except Empty:
        return True
    return False


def test_command_prints_measures_and_a_whole_summary(
    target: str, texts: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--steps", "20", "--width", "32", "--layers", "1", "--patience", "99", "--json"]
    command = ["train", "drafter", "--target", target, "--data", texts, "--out", str(tmp_path / "d"), *options]
    assert main(command) == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    names = {one["name"] for one in found if one["event"] == "measured"}
    assert names == {"loss", "alpha"}
    summary = found[-1]
    assert summary["event"] == "summary"
    assert summary.keys() >= SUMMARY
    assert summary["alpha_after"] >= summary["alpha_before"]
    assert summary["stopped"] == "steps"
    assert main([*command[:-1]]) == 2
    assert "--resume" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ([], "no text to learn from"),
        (["--data", "nowhere"], "no texts at nowhere"),
        (["--data", "TEXTS", "--objective", "magic"], "objective = magic"),
        (["--data", "TEXTS", "--minutes", "0"], "minutes = 0"),
        (["--data", "TEXTS", "--layers", "few"], "layers = few"),
        (["--data", "TEXTS", "--layers", "999"], "layers = 999"),
        (["--data", "TEXTS", "--start-from", "own-layers", "--layers", "2"], "the target has 2"),
        (["--data", "TEXTS", "--start-from", "nowhere/at/all"], "nowhere/at/all"),
        (["--data", "TEXTS", "--width", "33"], "width = 33"),
        (["--data", "TEXTS", "--width", "64", "--embed"], "width = 64"),
        (["--data", "TEXTS", "--dtype", "int4"], "dtype = int4"),
        (["--data", "TEXTS", "--device", "tpu"], "unknown device"),
    ],
)
def test_bad_input_is_one_line_and_status_2(
    target: str, texts: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], named: str
) -> None:
    given = [texts if option == "TEXTS" else option for option in options]
    assert main(["train", "drafter", "--target", target, "--out", str(tmp_path / "d"), *given]) == 2
    err = capsys.readouterr().err
    assert named in err
    assert err.count("\n") == 1
    assert not (tmp_path / "d").exists()


def test_comparison_of_a_few_texts_has_a_difference_with_its_range(
    target: str, texts: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--steps", "20", "--width", "32", "--layers", "1", "--json", "--out", str(tmp_path / "c")]
    assert main(["train", "compare-objectives", "--target", target, "--data", texts, *options]) == 0
    summary = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert summary["event"] == "summary"
    assert set(summary["alpha"]) == {"forward-kl", "cross-entropy"}
    assert summary["difference_ci"] is None
    low, high = summary["difference_range"]
    assert low <= summary["difference"] <= high
    assert len(summary["tuned"]["forward-kl"]) == 3
    with closing(opened(paths.runs())) as index:
        (row,) = index.rows([summary["run"]])
    assert (row.kind, row.method, row.state) == ("training", "compare-objectives", "finished")


def test_comparing_cross_entropy_with_itself_is_refused(
    target: str, texts: str, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["train", "compare-objectives", "--target", target, "--data", texts, "--objective", "cross-entropy"]
    assert main(command) == 2
    assert "compared with itself" in capsys.readouterr().err


def test_host_trains_and_keeps_the_training(host: ThreadHost, target: str, texts: str, tmp_path: Path) -> None:
    host.submit(Train(target, texts, str(tmp_path / "d"), SETTINGS))
    assert until(host, TrainingStarted).steps == 30  # type: ignore[attr-defined]
    assert until(host, TrainingFinished).stopped == "steps"  # type: ignore[attr-defined]
    assert host.close()
    (path,) = (tmp_path / "runs").glob("*-training-*/trace.jsonl")
    log = trace.read(path)
    assert (log.of_training, log.damage) == (True, None)
    assert isinstance(log.events[0], WorkStarted)
    assert isinstance(log.events[-1], TrainingFinished)


def test_pause_holds_a_training_and_resume_lets_it_go_on(
    host: ThreadHost, target: str, texts: str, tmp_path: Path
) -> None:
    host.submit(Train(target, texts, str(tmp_path / "d"), {**SETTINGS, "steps": 3000}))
    until(host, Measured)
    host.submit(Pause())
    while not silent(host):
        pass
    host.submit(Resume())
    until(host, Measured)
    host.cancel()
    assert until(host, TrainingFinished).stopped == "user"  # type: ignore[attr-defined]


def test_held_training_can_be_stopped_and_keeps_its_checkpoint(
    host: ThreadHost, target: str, texts: str, tmp_path: Path
) -> None:
    host.submit(Train(target, texts, str(tmp_path / "d"), {**SETTINGS, "steps": 3000}))
    until(host, Measured)
    host.submit(Pause())
    while not silent(host):
        pass
    host.cancel()
    assert until(host, TrainingFinished).stopped == "user"  # type: ignore[attr-defined]
    assert (tmp_path / "d" / "model.safetensors").exists()
    assert (tmp_path / "d" / "training" / "checkpoint" / "progress.json").exists()
    host.submit(Load(target, str(tmp_path / "d")))
    assert not isinstance(host.inbox.get(timeout=30), Refused)


def test_refused_training_says_why(host: ThreadHost, target: str, tmp_path: Path) -> None:
    host.submit(Train(target, str(tmp_path / "no"), str(tmp_path / "d"), SETTINGS))
    refused = until(host, Refused)
    assert isinstance(refused, Refused)
    assert (refused.what, "nothing at" in refused.reason) == ("train", True)


def test_host_estimates_without_loading(host: ThreadHost, target: str, texts: str, tmp_path: Path) -> None:
    host.submit(EstimateTraining(Train(target, texts, str(tmp_path / "d"), {"width": 64})))
    needed = until(host, TrainingEstimated)
    assert isinstance(needed, TrainingEstimated)
    assert (needed.width, needed.why_not) == (64, "")
    assert not (tmp_path / "d").exists()
