"""Office files and books become text with the names of their parts; a broken one has a reason."""

import datetime
from pathlib import Path

import pytest
import xlsxwriter
from odfdo import Document, Header, Paragraph
from pptx import Presentation

from engine.documents import office
from engine.documents.file_text import ChildKind, PdfRequest, PdfText
from engine.documents.pdf_child import read
from tests.papers import book, word_file, word_paragraph, zipped


def text_of(path: Path, kind: ChildKind, content: bytes | None = None) -> PdfText:
    if content is not None:
        path.write_bytes(content)
    return read(PdfRequest(str(path), 100, 60, kind))


def test_a_word_file_is_read_with_its_changes_accepted(tmp_path: Path) -> None:
    body = (
        word_paragraph("Harbour", "Heading1")
        + "<w:p><w:ins><w:r><w:t>Kept.</w:t></w:r></w:ins><w:del><w:r><w:delText>Gone.</w:delText></w:r></w:del></w:p>"
        + f"<w:sdt><w:sdtContent>{word_paragraph('In a form.')}</w:sdtContent></w:sdt>"
    )
    found = text_of(tmp_path / "a.docx", "word", word_file(body))
    assert (found.pages, found.title) == (("# Harbour\n\nKept.\n\nIn a form.",), "Harbour")


def test_slides_have_their_numbers_tables_and_notes(tmp_path: Path) -> None:
    deck = Presentation()
    first = deck.slides.add_slide(deck.slide_layouts[5])
    first.shapes.title.text = "Harbour"
    first.notes_slide.notes_text_frame.text = "Say it slowly."
    table = deck.slides.add_slide(deck.slide_layouts[6]).shapes.add_table(2, 1, 0, 0, 9, 9).table
    table.cell(0, 0).text, table.cell(1, 0).text = "name", "Orla"
    deck.save(str(tmp_path / "a.pptx"))
    found = text_of(tmp_path / "a.pptx", "slides")
    assert (found.pages, found.names) == (("Harbour\n\nSay it slowly.", "name: Orla"), ("slide 1", "slide 2"))


def test_rows_of_a_sheet_have_the_names_of_their_columns(tmp_path: Path) -> None:
    workbook = xlsxwriter.Workbook(str(tmp_path / "a.xlsx"))
    sheet = workbook.add_worksheet("Boats")
    for number, row in enumerate((("Boats of Keldmouth",), (), ("name", "length", "new"), ("Gull", 3.5, True))):
        sheet.write_row(number, 0, row)
    dates = workbook.add_format({"num_format": "yyyy-mm-dd"})
    sheet.write_row(4, 0, ("Tern", 4))
    sheet.write_datetime(4, 2, datetime.datetime(2001, 2, 3), dates)
    workbook.add_worksheet("Empty")
    workbook.close()
    found = text_of(tmp_path / "a.xlsx", "sheets")
    assert found.pages == (
        "Boats of Keldmouth", "name: Gull\nlength: 3.5\nnew: yes", "name: Tern\nlength: 4\nnew: 2001-02-03",
    )  # fmt: skip
    assert found.names == ("sheet Boats", "sheet Boats, row 1", "sheet Boats, row 2") and found.apart


def test_an_opendocument_text_has_headings_and_a_title(tmp_path: Path) -> None:
    document = Document("text")
    document.body.clear()
    document.body.append(Header(2, "Harbour"))
    document.body.append(Paragraph("Orla keeps the light."))
    document.meta.title = "The keeper"
    document.save(str(tmp_path / "a.odt"))
    found = text_of(tmp_path / "a.odt", "opendocument")
    assert (found.pages, found.title) == (("## Harbour\n\nOrla keeps the light.",), "The keeper")


def test_a_book_has_chapters_and_names_those_that_lack(tmp_path: Path) -> None:
    found = text_of(tmp_path / "a.epub", "book", book("<h1>One</h1>", "<p>Two", missing=True))
    assert (found.pages, found.names, found.title) == (("# One", "Two"), ("chapter 1", "chapter 2"), "The keeper")
    assert found.problems == ("chapter 3 is missing or cannot be read",)


@pytest.mark.parametrize("kind", ["word", "slides", "sheets", "opendocument", "book"])
@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut off", zipped({"a.txt": "x"}), b"plain text"])
def test_a_broken_file_has_a_reason(tmp_path: Path, kind: ChildKind, content: bytes) -> None:
    found = text_of(tmp_path / "a", kind, content)
    assert found.reason.startswith("is not a whole ") and not found.retry


def test_encrypted_and_huge_files_are_named_before_they_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "is encrypted, or of the old" in text_of(tmp_path / "a.docx", "word", office._OLD_OFFICE).reason
    locked = zipped({"META-INF/manifest.xml": "<manifest:encryption-data/>"})
    assert "is encrypted; save it" in text_of(tmp_path / "a.odt", "opendocument", locked).reason
    assert "holds no text" in text_of(tmp_path / "c.epub", "book", book()).reason
    monkeypatch.setattr(office, "_LARGEST_MARKUP", 10)
    assert "unpacks to" in text_of(tmp_path / "b.docx", "word", word_file(word_paragraph("a"))).reason
