"""`draftscope report` as a user types it."""

import json
from pathlib import Path

import pytest

from engine.cli import main
from engine.runs.trace import TraceWriter
from tests.comparisons import comparison


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    writer = TraceWriter(tmp_path / "run" / "trace.jsonl")
    for event in comparison(n_prompts=2, n_tokens=16):
        writer.write(event)
    writer.close()
    return writer.path


def test_a_report_is_written_and_named(trace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "new" / "r.html"
    prices = ["--price-per-gpu-hour", "2.5", "--currency", "CHF", "--prompts", "1"]
    assert main(["report", str(trace.parent), "--out", str(out), *prices, "--json"]) == 0
    summary = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert summary["event"] == "summary" and summary["files"] == {"r.html": out.stat().st_size}
    page = out.read_text(encoding="utf-8")
    assert "CHF" in page and "1 further prompt" in page


def test_tables_are_written_into_a_folder(trace: Path, tmp_path: Path) -> None:
    folder = tmp_path / "tables"
    assert main(["report", str(trace), "--format", "csv", "--out", str(folder)]) == 0
    names = {path.name for path in folder.iterdir()}
    assert names == {
        f"{name}.csv" for name in ("lanes", "categories", "positions", "ranks", "predictions", "generations")
    }
    assert (folder / "lanes.csv").read_text(encoding="utf-8").startswith("lane,drafter,gamma")


def test_a_report_is_called_after_its_run(trace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["report", str(trace)]) == 0
    assert (tmp_path / "draftscope-report-c0ffee00.html").exists()


def test_a_damaged_log_is_reported_up_to_the_damage(
    trace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trace.write_bytes(trace.read_bytes()[:-10])
    assert main(["report", str(trace), "--out", str(tmp_path / "r.html")]) == 0
    assert "damaged" in capsys.readouterr().err
    assert "The log is damaged" in (tmp_path / "r.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--format", "docx"], "unknown format 'docx'; use html"),
        (["--prompts", "-1"], "prompts = -1"),
        (["--price-per-kwh", "-1"], "per kWh"),
        (["--price-per-kwh", "nan"], "per kWh"),
        (["--price-per-kwh", "1", "--currency", ""], "currency"),
        (["--out", "."], "is a folder"),
        (["--out", "taken.html"], "--force"),
        (["--format", "csv", "--out", "taken.html"], "name a folder"),
    ],
)
def test_a_mistake_is_one_line(
    trace: Path, options: list[str], words: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(trace.parent)
    Path("taken.html").write_text("mine", encoding="utf-8")
    assert main(["report", str(trace), *options]) == 2
    err = capsys.readouterr().err
    assert words in err and err.count("\n") == 1
    assert Path("taken.html").read_text(encoding="utf-8") == "mine"


def test_force_replaces_a_file(trace: Path, tmp_path: Path) -> None:
    out = tmp_path / "taken.html"
    out.write_text("old", encoding="utf-8")
    assert main(["report", str(trace), "--out", str(out), "--force"]) == 0
    assert "<!DOCTYPE html>" in out.read_text(encoding="utf-8")


def test_what_is_no_log_is_refused_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for source in (tmp_path, tmp_path / "missing.jsonl"):
        assert main(["report", str(source)]) == 2
        assert capsys.readouterr().err.count("\n") == 1


def test_the_report_is_measured_on_a_kept_comparison(trace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "report", "--trace", str(trace), "--json"]) == 0
    summary = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert summary["n_prompts"] == 2 and summary["bytes"] < 5_000_000 and summary["seconds"] > 0
