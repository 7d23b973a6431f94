"""Page ranges as people write them."""

from pathlib import Path

import pytest

from engine.documents.page_range import PageRange, parse_pages, refuse_no_file
from engine.errors import InputError


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", None), (" ", None), ("3", PageRange(3, 3)), ("3-7", PageRange(3, 7)), (" 3 – 7 ", PageRange(3, 7)),
     ("3-", PageRange(3, None))],
)  # fmt: skip
def test_ranges_are_read(text: str, expected: PageRange | None) -> None:
    assert parse_pages(text) == expected


@pytest.mark.parametrize("text", ["0", "a", "3,4", "-3", "7-3", "1-2-3", "٣", "9" * 9])
def test_whatever_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="pages"):
        parse_pages(text)


def test_a_text_is_builtin_or_a_file(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a")
    refuse_no_file("builtin")
    refuse_no_file(str(tmp_path / "a.txt"))
    refuse_no_file("builtin:dossiers")
    with pytest.raises(InputError, match="there is no text builtin:poems"):
        refuse_no_file("builtin:poems")
    for text, words in (
        (str(tmp_path), "is a folder"),
        (str(tmp_path / "b"), "no file"),
        ("a\0b", "no file|no path"),
        (" ", "has no name"),
    ):
        with pytest.raises(InputError, match=words):
            refuse_no_file(text)
