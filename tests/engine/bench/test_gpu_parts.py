"""The parts of `bench gpu`: what they are to take, and what is kept of parts that fail or are cut off."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from engine.bench import gpu_parts
from engine.bench.gpu_parts import BenchPart, parts, run
from engine.cli import main
from engine.models import devices


def part(name: str, code: str, file: str = "out.txt") -> BenchPart:
    return BenchPart(name, "a test", file, ("-c", code), 1.0, 1)


def test_all_parts_fit_in_ten_minutes_and_each_leaves_a_file_of_its_own() -> None:
    found = parts()
    assert sum(one.minutes for one in found) <= 10
    assert len({one.file for one in found}) == len(found) == 5
    assert all(one.minutes > 0 and one.memory_bytes > 0 for one in found)


@pytest.mark.parametrize("one", [one for one in parts() if one.name != "tests"], ids=lambda one: one.name)
def test_the_options_of_each_part_are_those_of_its_command(one: BenchPart) -> None:
    said = subprocess.run(
        [sys.executable, *one.argv[:4], "--help"], capture_output=True, text=True, check=True, env={"COLUMNS": "200"}
    )
    options = [word for word in one.argv if word.startswith("--")]
    assert [option for option in [*options, "--out"] if option not in said.stdout] == []


def test_memory_is_that_of_both_models_and_their_caches() -> None:
    decode = next(one for one in parts() if one.name == "decode")
    # 7.62e9 and 0.63e9 parameters of two bytes: heads apart from embeddings.
    assert 15.0 < decode.memory_bytes / 2**30 < 17.0


def test_a_part_that_fails_costs_the_others_nothing(tmp_path: Path) -> None:
    chosen = (part("bad", "raise SystemExit('no GPU')", "bad.txt"), part("good", "print('fine')", "good.txt"))
    ended = list(run(chosen, tmp_path / "new", minutes=1))
    assert [(one.name, one.status) for one in ended] == [("bad", "failed"), ("good", "done")]
    assert "no GPU" in ended[0].tail
    assert (tmp_path / "new" / "good.txt").read_text() == "fine\n"


def test_what_has_no_time_left_is_said_and_what_ended_is_kept(tmp_path: Path) -> None:
    slow = "print('begun', flush=True); import time; time.sleep(60)"
    chosen = (part("first", "print(1)", "first.txt"), part("slow", slow, "slow.txt"), part("last", "print(2)", "l.txt"))
    ended = list(run(chosen, tmp_path, minutes=0.05))
    assert [one.status for one in ended] == ["done", "out of time", "out of time"]
    assert (tmp_path / "first.txt").exists()
    assert "begun" in (tmp_path / "slow.txt").read_text()


def test_measuring_parts_are_given_the_file_to_write(tmp_path: Path) -> None:
    code = "import json, sys; open(sys.argv[2], 'w').write(json.dumps(sys.argv[1:]))"
    (ended,) = run((part("writes", code, "made.json"),), tmp_path, minutes=1)
    assert json.loads(Path(ended.file).read_text()) == ["--out", str(tmp_path / "made.json")]


def test_each_part_is_named_once() -> None:
    assert [one.name for one in gpu_parts.parts()] == ["tests", "decode", "rag", "contexts", "lengths"]


@pytest.mark.parametrize("device", ["cuda", "cpu"])
def test_without_cuda_no_part_is_begun(
    device: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert main(["bench", "gpu", "--folder", str(tmp_path / "new"), "--device", device]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "new").exists()


def test_why_a_part_failed_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    chosen = (part("bad", "print('first'); raise SystemExit('no memory left')", "bad.txt"),)
    monkeypatch.setattr(gpu_parts, "parts", lambda: chosen)
    monkeypatch.setattr(devices, "parse_device", torch.device)
    assert main(["bench", "gpu", "--folder", str(tmp_path)]) == 0
    assert "bad.txt: no memory left" in capsys.readouterr().err
