"""What is printed for people: names and figures without the signs of the language."""

import errno
import io
import os
import sys
from pathlib import Path

import msgspec
import pytest

from engine.cli import output as printing
from engine.cli.output import Output, project
from engine.errors import EngineError, InputError
from engine.events import PolicyDecided, Progressed


def test_lists_are_printed_plainly(capsys: pytest.CaptureFixture[str]) -> None:
    Output(json=False).summary({"files": ["a.html", "b.csv"], "ci": [1.0, 2.5], "none": [], "run": None})
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert [" ".join(line.split()) for line in lines] == ["files a.html, b.csv", "ci [1, 2.5]", "none -", "run -"]


@pytest.mark.parametrize("name", ["folder", "pipe", "missing/x.json", "y" * 300])
def test_a_file_that_could_not_be_written_is_refused_before_the_work(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError):
        Output(json=True, out=tmp_path / name)


def test_a_summary_is_printed_also_where_its_file_cannot_be_written_any_more(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "there").mkdir()
    output = Output(json=True, out=tmp_path / "there" / "x.json")
    (tmp_path / "there").rmdir()
    with pytest.raises(EngineError, match=r"x\.json cannot be written \(No such file"):
        output.summary({"alpha": 0.5})
    assert '"alpha":0.5' in capsys.readouterr().out


def test_a_file_is_written_also_where_nobody_reads_the_summary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    output = Output(json=True, out=tmp_path / "x.json")
    monkeypatch.setattr(sys, "stdout", Closed())
    with pytest.raises(BrokenPipeError):
        output.summary({"alpha": 0.5}, saved={"alpha": 0.5, "rows": [1]})
    assert msgspec.json.decode((tmp_path / "x.json").read_bytes())["rows"] == [1]


def test_a_full_disk_leaves_the_file_before_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x.json").write_text("before")
    output = Output(json=True, out=tmp_path / "x.json")

    def full(self: Path, content: bytes) -> int:
        self.touch()
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(EngineError, match=r"No space left on device.*; free the disk"):
        output.summary({"alpha": 0.5})
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("x.json", "before")]


def test_a_decision_of_a_policy_is_an_object_of_its_own() -> None:
    assert project(PolicyDecided(40, 4, 7, 1.62, 1.71, "faster")) == {
        "event": "policy", "round": 40, "gamma_before": 4, "gamma_after": 7, "predicted_before": 1.62,
        "predicted_after": 1.71, "reason": "faster", "at_s": 0.0,
    }  # fmt: skip


def test_without_a_terminal_progress_is_a_line_now_and_then(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now_s = 1_000.0
    monkeypatch.setattr(printing.time, "monotonic", lambda: now_s)
    output = Output(json=True)
    for step in range(100):
        now_s += 1.0
        output.event(Progressed("training", step, 5_000, "steps", left_s=60.0))
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.splitlines() == [f"training {step} of 5,000 steps, 60 s left" for step in (29, 59, 89)]
