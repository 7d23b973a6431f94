"""`draftscope runs export` and `import`: out and in again, once."""

import json
from pathlib import Path

import pytest

from engine.cli import main
from engine.machine import paths
from tests.engine.store.kept import keep, run


@pytest.fixture
def ids() -> list[str]:
    return [keep(paths.runs(), run(number)) for number in range(2)]


def summary(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, object]:
    assert main(["runs", *arguments, "--json"]) == 0
    last: dict[str, object] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return last


def test_an_exported_run_is_known_when_it_is_imported(
    ids: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.jsonl"
    assert summary(capsys, "export", "0000", "--out", str(out))["files"] == [str(out)]
    answer = summary(capsys, "import", str(out))
    assert (answer["imported"], answer["known"]) == (0, 1)


def test_a_trace_from_elsewhere_is_listed_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keep(tmp_path / "theirs", run(7, "From afar"))
    answer = summary(capsys, "import", str(tmp_path / "theirs"))
    assert answer["imported"] == 1
    assert summary(capsys, "list", "--search", "afar")["runs"] == 1


def test_several_runs_go_into_a_folder_or_one_table(
    ids: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = summary(capsys, "export", *ids, "--format", "csv", "--out", str(tmp_path))
    assert answer["files"] == [str(tmp_path / f"{name}.csv") for name in ids]
    table = tmp_path / "tokens.parquet"
    assert summary(capsys, "export", *ids, "--format", "parquet", "--out", str(table))["files"] == [str(table)]
    assert table.is_file()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["export", "0000", "--format", "docx", "--out", "x"], "format = docx"),
        (["export", "0000", "0001", "--out", "nowhere"], "is no folder"),
        (["export", "0000", "--format", "pdf", "--out", "x.pdf"], "laid out by Qt"),
        (["export", "0000", "--table", "none", "--format", "csv", "--out", "x.csv"], "no table 'none'"),
        (["import", "nowhere.jsonl"], "is no file"),
    ],
)
def test_bad_input_is_one_line(
    ids: list[str],
    arguments: list[str],
    words: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["runs", *arguments]) == 2
    assert words in capsys.readouterr().err.splitlines()[-1]
    assert not list(tmp_path.glob("x*"))
