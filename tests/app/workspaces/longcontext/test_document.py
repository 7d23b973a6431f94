"""Documents of every kind are read, their pages are chosen by number, and what cannot be read says why."""

from pathlib import Path

import pytest

from app.workspaces.longcontext.document import LongDocument, builtin_document, read_document, read_pages
from engine.documents.readers import PlaceMark
from engine.errors import InputError

BOOK = LongDocument(
    "book", "Book", "one two three", (PlaceMark(0, "page 1"), PlaceMark(4, "page 2"), PlaceMark(8, "page 3"))
)


@pytest.mark.parametrize(
    ("pages", "text"),
    [("", "one two three"), ("2", "two "), ("2-3", "two three"), ("-2", "one two "), ("2–", "two three")],
)
def test_pages_are_taken_by_their_numbers(pages: str, text: str) -> None:
    assert BOOK.part(pages) == text


@pytest.mark.parametrize("pages", ["0", "4", "3-2", "x", "1-9", "٢", "1,2", "-", "9" * 40])
def test_pages_that_are_none_are_refused(pages: str) -> None:
    if pages == "-":
        assert read_pages(pages, 3) == (1, 3)
        return
    with pytest.raises(InputError):
        read_pages(pages, 3)


def test_a_text_without_pages_has_no_range() -> None:
    assert read_pages("", 0) == (1, 0)
    with pytest.raises(InputError, match="no pages"):
        LongDocument("x", "x", "text").part("1")


def test_a_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "notes.md"
    file.write_text("# Title\n\nSome words.\n", encoding="utf-8")
    document = read_document(file)
    assert document.title == "Title" and "Some words." in document.text and not document.pages


def test_several_texts_of_a_file_are_one(tmp_path: Path) -> None:
    file = tmp_path / "all.jsonl"
    file.write_text('{"text": "one"}\n{"text": "two"}\nnonsense\n', encoding="utf-8")
    document = read_document(file)
    assert document.text == "one\n\ntwo" and document.problem


@pytest.mark.parametrize("name", ["empty.txt", "absent.txt", "bytes.txt", "picture.png", "folder"])
def test_what_is_no_text_says_why(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty.txt").write_text("")
    (tmp_path / "bytes.txt").write_bytes(bytes(range(256)) * 40)
    (tmp_path / "picture.png").write_bytes(b"\x89PNG")
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError) as refused:
        read_document(tmp_path / name)
    assert "\n" not in refused.value.message and refused.value.hint


def test_the_shipped_text_is_longer_than_the_shipped_context() -> None:
    assert len(builtin_document().text) > 30_000
