"""Words for files that are no traces."""

from pathlib import Path

import pytest

from engine.errors import InputError
from engine.events import CheckpointSaved
from engine.runs import trace
from engine.runs.foreign_files import why_foreign

MIB = 2**20


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"", "it is empty"),
        (b"x" * (MIB + 1), "its first line is longer than 1 MiB"),
        (b"\x89PNG\r\n\x1a\n\0\0", "it holds no text"),
        (b"round,proposed,accepted\n", "it is a table, such as CSV, which keeps too little of a run"),
        (b"a;b;c\n", "it is a table, such as CSV, which keeps too little of a run"),
        (b"Dear reader\n", "its lines are no JSON"),
        (b'{"prompt": "x"}\n', "its lines are JSON of something else"),
        (b"[" * 5000, "it ends within its first line"),
        (b'{"type": "RunSta', "it ends within its first line"),
        (b'{"type": "RunSta\n', "its first line is damaged"),
        ("é".encode() * 3000 + b"\n", "its lines are no JSON"),
    ],
)
def test_the_reason_is_in_words(line: bytes, words: str) -> None:
    assert why_foreign(line, MIB) == words


def test_a_refused_file_is_one_sentence_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text("a,b,c\n1,2,3\n")
    with pytest.raises(InputError) as refusal:
        trace.read(tmp_path / "table.csv")
    assert refusal.value.message == (
        f"{tmp_path / 'table.csv'} is not a Draftscope trace: "
        "it is a table, such as CSV, which keeps too little of a run"
    )
    assert "trace.jsonl" in refusal.value.hint


def test_a_folder_in_place_of_a_file_is_named_as_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not a Draftscope trace: it is a folder"):
        trace.read(tmp_path)


def test_work_without_its_start_says_so(tmp_path: Path) -> None:
    writer = trace.TraceWriter(tmp_path / "x.jsonl")
    writer.write(CheckpointSaved(1))
    writer.close()
    with pytest.raises(InputError, match="does not begin with the start"):
        trace.read(tmp_path / "x.jsonl")
