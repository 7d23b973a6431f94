"""`draftscope longcontext` as other programs and people read it."""

import json
from pathlib import Path

import pytest

from engine.cli import main

PAIR = ["--target", "timing:tiny", "--device", "cpu"]
SHORT = [*PAIR, "--max-new-tokens", "8", "--repeats", "1", "--lengths", "24,48"]
DRAFTERS = ["--drafter", "lookup", "--drafter", "timing:tiny-draft@0.7", "--drafter", "window:timing:tiny-draft"]
FIELDS = {
    "length", "drafter", "prefill_ms", "ms_per_token", "plain_ms_per_token", "speedup", "speedup_ci", "alpha", "tau",
    "kv_bytes_target", "kv_bytes_drafter",
}  # fmt: skip


def told(capsys: pytest.CaptureFixture[str], *options: str) -> list[dict[str, object]]:
    assert main(["longcontext", *options, "--json"]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_an_object_for_each_length_and_drafter_and_last_the_summary(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = tmp_path / "lengths.json"
    lines = told(capsys, *SHORT, *DRAFTERS, "--window", "16", "--sinks", "2", "--out", str(out))
    rows = [line for line in lines if line["event"] == "length"]
    specs = ["none", "lookup", "timing:tiny-draft@0.7", "window:16+2:timing:tiny-draft"]
    assert [(row["length"], row["drafter"]) for row in rows] == [(n, spec) for n in (24, 48) for spec in specs]
    assert all(row.keys() >= FIELDS for row in rows)
    assert all(isinstance(row["speedup"], float) for row in rows)
    assert sum(line["event"] == "prefill" for line in lines) == 2
    summary = lines[-1]
    assert summary["event"] == "summary" and summary["n_measured"] == 8 and summary["stopped"] is False
    saved = json.loads(out.read_text("utf-8"))
    assert len(saved["rows"]) == 8 and saved["target"] == "timing:tiny" and saved["measured_utc"]


def test_people_get_tables_of_lengths_of_reading_and_of_kernels(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["longcontext", *SHORT, "--drafter", "lookup", "--drafter", "/nowhere"]) == 0
    shown = capsys.readouterr()
    assert "K/V drafter" in shown.out and "bare work" in shown.out and "equal to float64" in shown.out
    assert "the package flash-attn is not installed" in shown.out
    assert "/nowhere at 24 tokens is left out" in shown.err
    assert "n measured" in shown.out


def test_a_file_is_cut_where_it_was_asked_for_and_that_is_said(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "story.txt"
    path.write_text("The harbour of the old town lay quiet. " * 40)
    summary = told(capsys, *SHORT, "--drafter", "lookup", "--text", str(path), "--part", "end")[-1]
    assert "48 are read to its end" in str(summary["cut"])
    assert summary["text"] == "story.txt"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--lengths", "0"], "lengths"),
        (["--lengths", "1"], "2 tokens or more"),
        (["--lengths", "99999"], "99,999"),
        (["--text", "/nowhere.pdf"], "nowhere.pdf"),
        (["--text", "/"], "folder"),
        (["--pages", "7-3"], "page 3 comes before page 7"),
        (["--pages", "1-2"], "no pages"),
        (["--window", "0"], "window = 0"),
        (["--drafter", ""], "no name"),
        (["--drafter", "window:0:timing:tiny-draft"], "window must be 1 or more"),
        (["--drafter", "window:8:lookup"], "lookup is no model"),
        (["--attention", "fastest"], "fastest"),
        (["--attention", "efficient"], "CUDA only"),
        (["--part", "middle"], "middle"),
        (["--chunk", "1"], "chunk = 1"),
        (["--tree", "4,x"], "not a list of whole numbers"),
        (["--temperature", "-1"], "temperature"),
        (["--out", "/nowhere/x.json"], "/nowhere/x.json"),
    ],
)
def test_mistakes_are_one_line(options: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["longcontext", *PAIR, "--drafter", "lookup", *options]) == 2
    line = capsys.readouterr().err
    assert words in line
    assert line.count("\n") == 1
