"""Exports of kept logs: the trace itself, tables, a row a token, a report; whole or not there."""

from pathlib import Path

import pytest
from pyarrow import parquet

from engine.errors import EngineError, InputError
from engine.reports.exporting import TokenRow, export, export_tokens, token_rows
from engine.runs import trace
from tests import comparisons
from tests.engine.runs import stories
from tests.engine.store.kept import keep, run


@pytest.fixture
def a_run(tmp_path: Path) -> Path:
    return tmp_path / "runs" / keep(tmp_path / "runs", run(0)) / "trace.jsonl"


def test_a_trace_is_copied_as_it_is(a_run: Path, tmp_path: Path) -> None:
    assert export(a_run, "a", "trace", tmp_path / "out.jsonl") == ""
    assert (tmp_path / "out.jsonl").read_bytes() == a_run.read_bytes()
    assert trace.read(tmp_path / "out.jsonl").damage is None


def test_every_token_has_a_row() -> None:
    rows = list(token_rows("a", stories.whole_run()))
    assert [(row.round, row.position, row.fate) for row in rows[:6]] == [
        (0, 0, "accepted"), (0, 1, "accepted"), (0, 2, "bonus"), (1, 0, "rejected"), (1, 1, "untested"),
        (1, 2, "correction"),
    ]  # fmt: skip
    assert rows[2].q is None
    assert rows[2].prompt is None


def test_the_tokens_of_a_comparison_have_their_lane_and_prompt() -> None:
    rows = list(token_rows("c", comparisons.comparison(n_prompts=2, n_tokens=12)))
    assert {row.lane for row in rows} == {"plain", "builtin:small γ 2", "builtin γ 4"}
    assert {row.prompt for row in rows} == {0, 1}


def test_tokens_of_several_runs_are_one_parquet_file(a_run: Path, tmp_path: Path) -> None:
    assert export_tokens([("a", a_run), ("b", a_run)], tmp_path / "t.parquet") == ""
    table = parquet.read_table(tmp_path / "t.parquet")
    assert tuple(table.column_names) == TokenRow._fields
    rows = list(token_rows("a", stories.whole_run()))
    assert table.num_rows == 2 * len(rows)
    assert table.slice(0, 1).to_pylist()[0] == rows[0]._asdict()


def test_a_run_without_tokens_is_an_empty_table(tmp_path: Path) -> None:
    path = tmp_path / "runs" / keep(tmp_path / "runs", run(0, n_events=1)) / "trace.jsonl"
    export_tokens([("a", path)], tmp_path / "t.parquet")
    assert parquet.read_table(tmp_path / "t.parquet").num_rows == 0


def test_the_main_table_of_a_run_is_that_of_its_rounds(a_run: Path, tmp_path: Path) -> None:
    export(a_run, "a", "csv", tmp_path / "rounds.csv")
    head, *rows = (tmp_path / "rounds.csv").read_text().splitlines()
    assert head.startswith("round,")
    assert len(rows) == 3
    export(a_run, "a", "csv", tmp_path / "positions.csv", table="positions")
    assert (tmp_path / "positions.csv").read_text().startswith("position,")
    with pytest.raises(InputError, match=r"no table 'lanes'.*rounds"):
        export(a_run, "a", "csv", tmp_path / "lanes.csv", table="lanes")


def test_the_main_table_of_a_comparison_is_that_of_its_lanes(tmp_path: Path) -> None:
    path = tmp_path / "runs" / keep(tmp_path / "runs", comparisons.comparison()) / "trace.jsonl"
    export(path, "c", "csv", tmp_path / "lanes.csv")
    assert "builtin:small γ 2" in (tmp_path / "lanes.csv").read_text(encoding="utf-8")


def test_a_report_says_where_the_log_is_damaged(a_run: Path, tmp_path: Path) -> None:
    a_run.write_bytes(a_run.read_bytes()[:-5])
    assert "was not finished" in export(a_run, "a", "html", tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.lstrip().lower().startswith("<!doctype html>")
    assert "damaged" in page
    assert "was not finished" in export(a_run, "a", "parquet", tmp_path / "t.parquet")


def test_a_pdf_is_left_to_the_window(a_run: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="laid out by Qt"):
        export(a_run, "a", "pdf", tmp_path / "report.pdf")


def test_what_is_there_is_not_replaced(a_run: Path, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(InputError, match="exists already"):
        export(a_run, "a", "trace", tmp_path / "out")
    assert (tmp_path / "out").read_text() == "mine"


@pytest.mark.parametrize("format", ["trace", "csv", "html", "parquet"])
def test_a_disk_that_refuses_leaves_nothing_half(a_run: Path, tmp_path: Path, format: str) -> None:
    with pytest.raises(EngineError, match="cannot be written"):
        export(a_run, "a", format, tmp_path / "no such folder" / "out")  # type: ignore[arg-type]
    assert not (tmp_path / "no such folder").exists()
