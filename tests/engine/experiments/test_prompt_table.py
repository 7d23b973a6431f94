"""Prompts in Parquet files, as SPEED-Bench is published."""

from pathlib import Path

import pyarrow
import pytest
from pyarrow import parquet

from engine.errors import InputError
from engine.experiments import prompt_table
from engine.experiments.prompt_file import read

PLACEHOLDER = "FULL BENCHMARK DATA SHOULD BE FETCHED FROM THE SOURCE USING SPECDEC_BENCH"


def written(path: Path, **columns: list[object]) -> Path:
    """A table as a file."""
    parquet.write_table(pyarrow.table(columns), path)
    return path


def test_rows_of_the_layout_of_speed_bench_are_prompts(tmp_path: Path) -> None:
    path = written(
        tmp_path / "test.parquet", question_id=["a", "b", "c"], category=["math", "rag", "rag"],
        sub_category=["x", None, None], turns=[["one"], ["two", "three"], [PLACEHOLDER]],
        source=["s"] * 3, src_id=["1"] * 3, difficulty=[None] * 3, multiturn=[False, True, False],
    )  # fmt: skip
    contents = read(path)
    assert [(prompt.id, prompt.turns, prompt.category) for prompt in contents.prompts] == [
        ("a", ("one",), "math"),
        ("b", ("two", "three"), "rag"),
    ]
    assert contents.skipped[0].startswith("row 3: is a placeholder")


def test_columns_that_mean_nothing_here_are_not_read(tmp_path: Path) -> None:
    path = written(tmp_path / "a.parquet", prompt=["x", "y"], vectors=[[1.0] * 9] * 2)
    assert [entry.fields for entry in prompt_table.rows(path)] == [{"prompt": "x"}, {"prompt": "y"}]


def test_the_name_of_a_table_does_not_matter(tmp_path: Path) -> None:
    assert len(read(written(tmp_path / "prompts.txt", prompt=["x"])).prompts) == 1


def test_messages_in_columns_are_turns(tmp_path: Path) -> None:
    path = written(tmp_path / "a.parquet", messages=[[{"role": "user", "content": "x"}]])
    assert read(path).prompts[0].turns == ("x",)


@pytest.mark.parametrize("keep", [4, 60, 0.5, 0.95])
def test_a_truncated_table_is_damaged(tmp_path: Path, keep: float) -> None:
    path = written(tmp_path / "a.parquet", prompt=[f"text {i}" for i in range(500)])
    raw = path.read_bytes()
    path.write_bytes(raw[: int(keep if keep >= 1 else keep * len(raw))])
    with pytest.raises(InputError, match="damaged Parquet"):
        read(path)


def test_a_table_without_prompts_has_none(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no usable prompt"):
        read(written(tmp_path / "a.parquet", vectors=[1.0, 2.0]))
