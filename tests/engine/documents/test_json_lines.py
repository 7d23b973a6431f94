"""JSON Lines as exporters write them: only the text matters."""

import json
from pathlib import Path

import pytest

from engine.documents.json_lines import BadLine, JsonText, json_lines


def read(path: Path, raw: bytes) -> list[JsonText | BadLine]:
    path.write_bytes(raw)
    return list(json_lines(path))


def test_nulls_numbers_and_nan_are_fine(tmp_path: Path) -> None:
    lines = [
        {"id": "a", "title": None, "text": "one"}, {"id": None, "text": "two"}, {"id": 3.0, "text": "three"},
        {"id": float("nan"), "text": "four", "score": float("inf")}, {"id": ["x"], "source": 7, "text": "five"},
    ]  # fmt: skip
    found = read(tmp_path / "a.jsonl", "\n".join(map(json.dumps, lines)).encode())
    assert [(line.name, line.text) for line in found if isinstance(line, JsonText)] == [
        ("a", "one"), ("", "two"), ("3.0", "three"), ("", "four"), ("7", "five"),
    ]  # fmt: skip


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1251", "gb18030"])
def test_other_encodings_are_fine(tmp_path: Path, encoding: str) -> None:
    text = "港口的守夜人叫欧拉。她每天晚上点亮灯塔。" if encoding == "gb18030" else "Смотрителя гавани зовут Орла."
    raw = "\r\n".join(json.dumps({"text": text}, ensure_ascii=False) for _ in range(3)).encode(encoding)
    assert read(tmp_path / "a.jsonl", raw) == [JsonText(number, text) for number in (1, 2, 3)]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"text": null}', "no text in its field text"),
        ('{"title": "a"}', "has no field text"),
        ('{"text": " "}', "holds no text"),
        ("[1]", "is not a JSON object"),
        ('{"text": "a', "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("x" * 4_000_001, "is longer than"),
    ],
)
def test_a_bad_line_is_named_and_the_next_one_read(tmp_path: Path, line: str, reason: str) -> None:
    bad, good = read(tmp_path / "a.jsonl", f'{line}\n{{"text": "good"}}'.encode())
    assert isinstance(bad, BadLine) and reason in bad.reason and good == JsonText(2, "good")
