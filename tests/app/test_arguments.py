import subprocess
import sys

import pytest
from PySide6.QtGui import QImage

from app import arguments
from app.__main__ import main
from engine.commands import Load
from engine.errors import InputError
from engine.machine import paths
from engine.reports import pages
from engine.runs.trace import TraceWriter
from tests.app.factory import whole_run
from tests.app.workspaces.train.test_record import GOLDEN
from tests.engine.store.kept import keep, run


@pytest.mark.parametrize(
    "argv",
    [
        ["--nonsense"],
        ["--screenshot"],
        ["--screenshot", "x.png", "--workspace", "kitchen"],
        ["--screenshot", "x.png", "--size", "big"],
        ["--screenshot", "x.png", "--size", "1x1"],
        ["--screenshot", "x.png", "--scheme", "pink"],
        ["--screenshot", "x.jpg"],
        ["--screenshot", "no/such/folder/x.png"],
        ["--dtype", "int3"],
        ["--trace", "x"],
        ["--workspace", "rag"],
        ["--scheme", "dark"],
        ["--size", "1280x720"],
        ["--engine", "steam"],
    ],
)
def test_bad_usage_is_one_line_and_status_2(argv, capsys):
    assert main(argv) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith("draftscope: ")


def test_engine_is_where_it_was_unless_asked_for():
    assert arguments.parse([]).engine is None
    assert arguments.parse(["--engine", "process"]).engine == "process"


def test_without_arguments_the_built_in_pair_is_chosen():
    assert arguments.parse([]) == arguments.Arguments(Load("builtin", "builtin"), False, None)


def test_a_pair_that_was_asked_for_is_named_even_if_it_is_the_default():
    assert arguments.parse(["--target", "builtin"]).named
    assert arguments.parse(["--drafter", "lookup"]).named


def test_another_target_gets_prompt_lookup_unless_told_otherwise():
    assert arguments.parse(["--target", "x"]).pair.drafter == "lookup"
    assert arguments.parse(["--target", "x", "--drafter", "none"]).pair.drafter == "none"


def test_an_unknown_workspace_is_named_with_the_known_ones():
    with pytest.raises(InputError, match=r"kitchen.*decode"):
        arguments.parse(["--screenshot", "x.png", "--workspace", "kitchen"])


def _app(*argv: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, "-m", "app", *argv], capture_output=True, text=True, check=False, timeout=60)


def test_a_screenshot_of_a_trace_is_a_picture_of_the_wanted_size(tmp_path):
    trace, out = tmp_path / "trace.jsonl", tmp_path / "out.png"
    writer = TraceWriter(trace)
    for event in whole_run():
        writer.write(event)
    writer.close()
    done = _app("--screenshot", str(out), "--trace", str(trace), "--scheme", "dark", "--size", "800x600")
    picture = QImage(str(out))
    assert done.returncode == 0, done.stderr
    assert (picture.width(), picture.height()) == (800, 600)
    assert picture.pixelColor(2, 300).lightness() < 80


def test_a_screenshot_of_a_training_needs_its_log_only(tmp_path):
    out = tmp_path / "out.png"
    done = _app("--screenshot", str(out), "--workspace", "train", "--trace", str(GOLDEN), "--size", "1280x720")
    assert done.returncode == 0, done.stderr
    assert (QImage(str(out)).width(), QImage(str(out)).height()) == (1280, 720)


def test_a_run_is_not_pictured_as_a_training(tmp_path):
    run = GOLDEN.with_name("v1.jsonl")
    done = _app("--screenshot", str(tmp_path / "out.png"), "--workspace", "train", "--trace", str(run))
    assert done.returncode == 2
    assert "holds a run, not a training; use --workspace decode" in done.stderr
    assert not (tmp_path / "out.png").exists()


def test_a_screenshot_of_what_is_no_trace_is_refused_in_one_line(tmp_path):
    (tmp_path / "notes").write_text("hello\n")
    done = _app("--screenshot", str(tmp_path / "out.png"), "--trace", str(tmp_path / "notes"))
    lines = [line for line in done.stderr.splitlines() if "propagateSizeHints" not in line]
    assert done.returncode == 2
    assert len(lines) == 1
    assert "not a Draftscope trace" in lines[0]
    assert not (tmp_path / "out.png").exists()


def test_the_window_keeps_what_is_done_in_it_unless_told_otherwise():
    assert not arguments.parse([]).no_save
    assert arguments.parse(["--no-save"]).no_save


def test_runs_export_writes_pdf_where_qt_is_at_hand(tmp_path, monkeypatch, qapp):
    run_id = keep(paths.runs(), run(1))
    out = tmp_path / "run.pdf"
    monkeypatch.setattr(pages, "PAGES", dict(pages.PAGES))
    assert main(["runs", "export", run_id, "--format", "pdf", "--out", str(out)]) == 0
    assert out.read_bytes().startswith(b"%PDF")
