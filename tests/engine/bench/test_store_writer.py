"""The process that is killed in benches: what it prints is already in the files."""

import random
from pathlib import Path

import pytest

from engine.bench import store_writer
from engine.bench.store import made_run
from engine.runs import trace


def test_a_line_is_printed_only_once_it_is_true(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store_writer.keep(tmp_path, 5, random.Random(0))
    *rounds, last = capsys.readouterr().out.splitlines()
    word, name = last.split()
    assert word == "finished"
    assert rounds[-1] == f"round {name} {len(rounds)}"
    assert len(trace.read(tmp_path / name / "trace.jsonl").events) == len(list(made_run(5, random.Random(0))))
