"""Every kind of file becomes documents, and every bad one a reason."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from engine.documents import readers, sources
from engine.documents.pdf import PdfReader
from engine.documents.readers import Document, PlaceMark
from engine.documents.sources import Skipped, SourceFile
from engine.world import corpus
from tests.papers import book, locked_pdf, pdf, put, word_file, word_paragraph


@pytest.fixture(scope="module")
def pdfs() -> Iterator[PdfReader]:
    reader = PdfReader(most_pages=3)
    yield reader
    reader.close()


def read(folder: Path, name: str, content: bytes | str, pdfs: PdfReader) -> list[Document | Skipped]:
    put(folder, {name: content})
    (entry,) = sources.find([str(folder / name)]).entries
    return list(readers.read(entry, pdfs))


def only(folder: Path, name: str, content: bytes | str, pdfs: PdfReader) -> Document:
    (found,) = read(folder, name, content, pdfs)
    assert isinstance(found, Document)
    return found


def reason(folder: Path, name: str, content: bytes | str, pdfs: PdfReader) -> str:
    (found,) = read(folder, name, content, pdfs)
    assert isinstance(found, Skipped)
    return found.reason


def test_text_markdown_and_pages_have_titles(tmp_path: Path, pdfs: PdfReader) -> None:
    assert only(tmp_path, "a.txt", "plain", pdfs)[:4] == ("a.txt", "", "a", "plain")
    assert only(tmp_path, "b.md", "intro\n## The *harbour*\nx", pdfs).title == "The *harbour*"
    page = only(tmp_path, "c.html", "<title>Salt</title><p>sea</p>", pdfs)
    assert (page.title, page.text) == ("Salt", "sea")


def test_a_page_in_its_own_encoding_is_read(tmp_path: Path, pdfs: PdfReader) -> None:
    page = only(tmp_path, "a.html", '<meta charset="koi8-r"><p>Привет'.encode("koi8-r"), pdfs)
    assert (page.text, page.guessed) == ("Привет", False)


def test_a_text_in_no_known_encoding_is_named_and_not_guessed(tmp_path: Path, pdfs: PdfReader) -> None:
    raw = bytes(Random(1).choices(range(128, 256), k=1_000))
    assert "encoding that is not known" in reason(tmp_path, "a.txt", raw, pdfs)
    assert only(tmp_path, "b.txt", "港口的守夜人叫欧拉。".encode("gb18030"), pdfs).text == "港口的守夜人叫欧拉。"


def test_letters_are_written_in_one_way_and_marks_stay_at_their_parts(tmp_path: Path, pdfs: PdfReader) -> None:
    found = only(tmp_path, "a.csv", "na\u00adme,town\nOr\u00adla,Ke\ufb02\nPim,Har\n", pdfs)
    assert found.text == "name: Orla\ntown: Kefl\n\nname: Pim\ntown: Har"
    assert found.text[found.marks[1].start :].startswith("name: Pim")


def test_what_a_table_and_a_book_lack_is_told_beside_what_they_hold(tmp_path: Path, pdfs: PdfReader) -> None:
    table, open_quote = read(tmp_path, "a.csv", 'a,b\n1,"x\n2,y\n', pdfs)
    assert isinstance(table, Document) and table.text == "a: 1\nb: x\n\na: 2\nb: y"
    assert isinstance(open_quote, Skipped) and "quote that is not closed" in open_quote.reason
    novel, gap = read(tmp_path, "b.epub", book("<h1>One</h1>", missing=True), pdfs)
    assert isinstance(novel, Document) and (novel.title, novel.marks) == ("The keeper", (PlaceMark(0, "chapter 1"),))
    assert gap == Skipped("b.epub", "chapter 2 is missing or cannot be read")
    assert only(tmp_path, "c.docx", word_file(word_paragraph("Orla.")), pdfs)[2:5] == ("c", "Orla.", ())


def test_pages_of_a_pdf_are_marked(tmp_path: Path, pdfs: PdfReader) -> None:
    found = only(tmp_path, "a.pdf", pdf("first page", "second page"), pdfs)
    assert found.text == "first page\n\nsecond page"
    assert found.marks == (PlaceMark(0, "page 1"), PlaceMark(12, "page 2"))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (locked_pdf("secret", "word"), "is encrypted"),
        (pdf("a")[:60], "is not a whole PDF"),
        (b"", "is not a whole PDF"),
        (b"%PDF-1.7\n" + bytes(range(256)) * 20, "is not a whole PDF"),
        (pdf("a", "b", "c", "d"), "has 4 pages, more than the 3"),
        (pdf("", ""), "holds no text; scanned pages"),
    ],
)
def test_a_bad_pdf_is_named_with_its_reason(tmp_path: Path, pdfs: PdfReader, content: bytes, words: str) -> None:
    assert words in reason(tmp_path, "a.pdf", content, pdfs)


def test_a_pdf_without_a_password_but_encrypted_is_read(tmp_path: Path, pdfs: PdfReader) -> None:
    assert only(tmp_path, "a.pdf", locked_pdf("open to all", ""), pdfs).text == "open to all"


def test_rows_have_the_names_of_their_columns(tmp_path: Path, pdfs: PdfReader) -> None:
    found = only(tmp_path, "a.csv", 'ship;port\nGull;"Salt; Bay"\n;;\nTern;Lamp;extra\n', pdfs)
    assert found.text == "ship: Gull\nport: Salt; Bay\n\nship: Tern\nport: Lamp\nextra"
    assert [mark.name for mark in found.marks] == ["row 1", "row 2"] and found.apart


def test_lines_have_their_names_and_bad_ones_are_told(tmp_path: Path, pdfs: PdfReader) -> None:
    lines = (
        '{"text": "one", "id": 7, "title": "T"}\n\n{"text": "two", "source": "s"}\n{"text": "three"}\n{"text": 1}\n{'
    )
    *found, first, second = read(tmp_path, "a.jsonl", lines, pdfs)
    assert [(one.name, one.title, one.text) for one in found if isinstance(one, Document)] == [
        ("7", "T", "one"), ("s", "", "two"), ("line 4", "", "three"),
    ]  # fmt: skip
    assert isinstance(first, Skipped) and first.source == "a.jsonl, line 5" and "no text" in first.reason
    assert isinstance(second, Skipped) and second.source == "a.jsonl, line 6"


def test_many_bad_lines_are_told_together(tmp_path: Path, pdfs: PdfReader) -> None:
    found = read(tmp_path, "a.jsonl", "no\n" * 25 + '{"text": "x"}', pdfs)
    assert len([one for one in found if isinstance(one, Skipped)]) == 11
    assert found[-1] == Skipped("a.jsonl", "has 15 more lines that could not be read")


def test_a_corpus_of_ours_is_lines(tmp_path: Path, pdfs: PdfReader) -> None:
    made = [corpus.DocumentRecord("d0", "Salt.", "S", 1500, (("a", "b", "c"),)), corpus.DocumentRecord("d1", "Sea.")]
    corpus.write(tmp_path / "d.jsonl", made)
    (entry,) = sources.find([str(tmp_path / "d.jsonl")]).entries
    assert [one.name for one in readers.read(entry, pdfs) if isinstance(one, Document)] == ["d0", "d1"]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.txt", b"\x7fELF\0\0\x01", "is no text"),
        ("a.txt", " \n\t", "holds no text"),
        ("a.html", "<script>x</script>", "holds no text"),
        ("a.csv", "a,b\n", "holds no row"),
        ("a.jsonl", b"[1]", "is not a JSON object"),
    ],
)
def test_what_holds_no_text_is_named(tmp_path: Path, pdfs: PdfReader, name: str, content: bytes, words: str) -> None:
    assert words.lower() in reason(tmp_path, name, content, pdfs).lower()


def test_a_file_that_is_gone_meanwhile_is_named(tmp_path: Path, pdfs: PdfReader) -> None:
    (found,) = readers.read(SourceFile("a.txt", tmp_path / "a.txt", "text", 1, 1), pdfs)
    assert found == Skipped("a.txt", "cannot be read (No such file or directory)", retry=True)


def test_a_pdf_that_takes_too_long_ends_its_process_and_not_the_reading(tmp_path: Path) -> None:
    put(tmp_path, {"a.pdf": pdf("text")})
    slow, patient = PdfReader(longest_s=0.0), PdfReader()
    try:
        assert "takes longer than 0 s" in slow.read(tmp_path / "a.pdf").reason
        assert patient.read(tmp_path / "a.pdf").pages == ("text",)
        patient.end()
        assert "ends the program" in patient.read(tmp_path / "a.pdf").reason
        assert patient.read(tmp_path / "a.pdf").pages == ("text",)
    finally:
        slow.close()
        patient.close()
