"""The chapters of a book come in its reading order; locked ones are named."""

import zipfile
from pathlib import Path

import pytest

from engine.documents.epub import NoBook, read_book
from tests.papers import book, zipped


def test_chapters_and_title(tmp_path: Path) -> None:
    (tmp_path / "a.epub").write_bytes(book("<p>One", "<p>Two"))
    assert read_book(tmp_path / "a.epub") == ("The keeper", ("One", "Two"), ())


def test_a_locked_chapter_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.epub").write_bytes(book("<p>One", "<p>Two"))
    with zipfile.ZipFile(tmp_path / "a.epub", "a") as archive:
        archive.writestr(
            "META-INF/encryption.xml",
            '<encryption><EncryptedData><EncryptionMethod Algorithm="aes"/><CipherReference URI="text/c%202.xhtml"/>'
            "</EncryptedData></encryption>",
        )
    found = read_book(tmp_path / "a.epub")
    assert (found.chapters, found.problems) == (("One",), ("chapter 2 is locked against copying",))


def test_a_file_that_names_no_package_is_no_book(tmp_path: Path) -> None:
    (tmp_path / "a.epub").write_bytes(zipped({"META-INF/container.xml": "<container/>"}))
    with pytest.raises(NoBook):
        read_book(tmp_path / "a.epub")
