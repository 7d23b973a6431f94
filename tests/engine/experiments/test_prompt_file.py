"""Files of prompts: their format by content, their encodings, and everything that can be wrong with them."""

import json
import os
from pathlib import Path

import pytest

from engine.errors import InputError
from engine.experiments import prompt_file
from engine.experiments.prompt_file import PromptFile, read


def of(folder: Path, raw: bytes, name: str = "prompts") -> PromptFile:
    """What a file with this content holds."""
    path = folder / name
    path.write_bytes(raw)
    return read(path)


def texts(contents: PromptFile) -> list[str]:
    """The first turn of each prompt."""
    return [prompt.turns[0] for prompt in contents.prompts]


@pytest.mark.parametrize("ending", [b"\n", b"\r\n", b"\r"])
def test_each_line_of_a_text_is_a_prompt(tmp_path: Path, ending: bytes) -> None:
    contents = of(tmp_path, ending.join([b"The harbour ", b"", b"  ", b" A letter"]))
    assert texts(contents) == ["The harbour ", " A letter"]
    assert [prompt.id for prompt in contents.prompts] == ["line 1", "line 4"]
    assert contents.skipped == ()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize(
    "content", ["The harbour café\nA quiet letter\n", '{"prompt": "The harbour café"}\n{"prompt": "A quiet letter"}']
)
def test_every_unicode_encoding_is_the_same_prompt(tmp_path: Path, encoding: str, content: str) -> None:
    assert texts(of(tmp_path, content.encode(encoding))) == ["The harbour café", "A quiet letter"]


@pytest.mark.parametrize("encoding", ["cp1251", "shift_jis", "gb18030", "euc_kr", "cp1252"])
def test_lines_in_older_encodings_are_skipped_and_not_guessed(tmp_path: Path, encoding: str) -> None:
    line = {"cp1251": "Каждый вечер", "cp1252": "Zoé à côté", "euc_kr": "항구의 등대지기"}.get(encoding, "港の番人")
    contents = of(tmp_path, b"The harbour\n" + line.encode(encoding))
    assert texts(contents) == ["The harbour"]
    assert contents.skipped == ("line 2: is not valid text; save the file in UTF-8",)


def test_broken_lines_are_named_skipped_and_counted(tmp_path: Path) -> None:
    lines = [
        b'{"prompt": "good", "score": NaN}', b"{", b'["a"]', b'{"prompt": 3}', b'{"text": "a"}', b'{"prompt": " "}',
        b"", b'{"prompt": "a\\u0000"}', b'{"prompt": "\\ud800"}', b'{"prompt": "\xff"}',
        b'{"prompt": "' + b"a" * (1 << 20) + b'"}',
        b"[" * 100_000, b'{"prompt": "a", "id": ' + b"9" * 5000 + b"}", b'{"prompt": "last"}',
    ]  # fmt: skip
    contents = of(tmp_path, b"\n".join(lines))
    assert texts(contents) == ["good", "last"]
    assert [line.partition(":")[0] for line in contents.skipped] == [
        f"line {n}" for n in (2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13)
    ]
    assert contents.skipped[0] == (
        "line 2: is not valid JSON (Expecting property name enclosed in double quotes, character 2)"
    )


def test_very_many_broken_lines_are_counted_but_not_all_named(tmp_path: Path) -> None:
    contents = of(tmp_path, b'{"prompt": "a"}\n' + b"{\n" * 5000)
    assert len(contents.skipped) == prompt_file.MOST_NAMED + 1
    assert contents.skipped[-1] == "4,000 more entries that could not be used"


def test_a_broken_first_line_does_not_make_a_text_of_the_file(tmp_path: Path) -> None:
    assert texts(of(tmp_path, b'{"prompt": "torn\n{"prompt": "whole"}\n')) == ["whole"]
    assert texts(of(tmp_path, b'# prompts\n{"prompt": "whole"}\n{"prompt": "too"}\n')) == ["whole", "too"]


def test_a_text_may_hold_braces(tmp_path: Path) -> None:
    assert texts(of(tmp_path, b"Explain\nint f() {\n{ x }\n[1, 2]\n")) == ["Explain", "int f() {", "{ x }", "[1, 2]"]


def test_question_files_keep_their_turns_and_categories(tmp_path: Path) -> None:
    lines = [
        {"question_id": 81, "category": "writing", "turns": ["Write.", "Rewrite."]},
        {"question_id": 161, "category": "translation", "turns": ["Translate."], "reference": ["x"]},
    ]
    first, second = of(tmp_path, "\n".join(map(json.dumps, lines)).encode(), "question.jsonl").prompts
    assert (first.id, first.turns, first.category) == ("81", ("Write.", "Rewrite."), "writing")
    assert (second.id, second.turns, second.category) == ("161", ("Translate.",), "translation")


def test_repeated_ids_become_ids_of_their_own(tmp_path: Path) -> None:
    ids = ["a", "a", "a (2)", "a"]
    contents = of(tmp_path, "\n".join(json.dumps({"prompt": "x", "id": name}) for name in ids).encode())
    assert [prompt.id for prompt in contents.prompts] == ["a", "a (2)", "a (2) (2)", "a (3)"]


def test_very_many_equal_ids_take_no_time_to_tell_apart(tmp_path: Path) -> None:
    contents = of(tmp_path, b'{"prompt": "x", "id": "a"}\n' * 20_000)
    assert contents.prompts[-1].id == "a (20000)"


def test_an_array_of_objects_is_read_whatever_its_line_breaks(tmp_path: Path) -> None:
    items = [{"prompt": "x", "category": "c"}, {"prompt": ""}, {"turns": ["y", "z"]}]
    contents = of(tmp_path, json.dumps(items, indent=2).encode())
    assert texts(contents) == ["x", "y"]
    assert contents.skipped == ("item 2: the prompt is empty",)


def test_a_torn_array_is_refused_with_its_line(tmp_path: Path) -> None:
    raw = json.dumps([{"prompt": "x"}, {"prompt": "y"}], indent=2).encode()
    with pytest.raises(InputError, match=r"line \d+: is not valid JSON"):
        of(tmp_path, raw[:-10])


def test_an_object_over_several_lines_is_no_text(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no usable prompt"):
        of(tmp_path, json.dumps({"prompts": ["x"]}, indent=2).encode())


def test_single_nul_bytes_cost_only_their_lines(tmp_path: Path) -> None:
    contents = of(tmp_path, b"The harbour\nwith a \0 in it\nA letter\n")
    assert texts(contents) == ["The harbour", "A letter"]
    assert contents.skipped == ("line 2: holds a NUL character",)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf \n\r\n", "is empty"),
        (b"\x7fELF\x02\x01\x01" + bytes(range(256)) * 40, "is not text"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(32)) * 100, "is not text"),
        (b'{"prompt": ""}\n', "line 1: the prompt is empty"),
    ],
)
def test_what_holds_no_prompt_is_one_clear_error(tmp_path: Path, raw: bytes, words: str) -> None:
    with pytest.raises(InputError, match=words) as error:
        of(tmp_path, raw)
    assert "\n" not in str(error.value)
    assert error.value.hint


def test_what_is_no_readable_file_is_one_clear_error(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, words in (
        (tmp_path / "missing", "cannot be read"),
        (tmp_path, "is a folder"),
        (tmp_path / "pipe", "is not a file"),
        (Path("a\0b"), "cannot be read"),
        (tmp_path / ("n" * 5000), "cannot be read"),
    ):
        with pytest.raises(InputError, match=words):
            read(path)


def test_a_huge_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prompt_file, "LARGEST_BYTES", 1000)
    with pytest.raises(InputError, match="more than"):
        of(tmp_path, b"a line of text\n" * 100)
