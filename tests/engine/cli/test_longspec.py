"""`train longspec` as a user types it."""

import json
from itertools import islice
from pathlib import Path

import pytest

from engine.cli import main
from engine.world.story import stories
from tests import fakes
from tests.engine.training.drafter_training import make_small


def test_it_trains_and_says_what_came_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make_small(monkeypatch)
    target = fakes.save(fakes.model(sharpness=3.0), tmp_path / "t")
    for i, story in enumerate(islice(stories(9), 20)):
        (tmp_path / f"{i}.txt").write_text(story[:200], encoding="utf-8")
    options = ["--target", target, "--data", str(tmp_path), "--out", str(tmp_path / "d"), "--minutes", "0.5"]
    switches = ["--window", "16", "--no-anchor-offset", "--add-text", "--steps", "4", "--no-save", "--json"]
    assert main(["train", "longspec", *options, *switches]) == 0
    summary = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (summary["start"], summary["layers"], summary["steps"]) == ("longspec", 1, 4)
    assert json.loads((tmp_path / "d" / "config.json").read_text("utf-8"))["window"] == 16


def test_an_impossible_window_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "longspec", "--data", str(tmp_path), "--window", "0"]) != 0
    assert "window" in capsys.readouterr().err
