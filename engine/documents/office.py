"""Reads the text of Office files and books: Word, PowerPoint, spreadsheets, OpenDocument and EPUB.

* imports neither Qt nor torch."""

import datetime
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from xml.etree import ElementTree

from engine.documents import epub
from engine.documents.file_text import PdfRequest, PdfText
from engine.documents.letters import plain
from engine.documents.markup import read_page
from engine.documents.tables import NoTable, cells_with_names, with_names

if TYPE_CHECKING:
    from odfdo import Element
    from pptx.shapes.base import BaseShape

_LONGEST_TEXT, _LARGEST_MARKUP = 32 << 20, 256 << 20
_MARKUP = (".xml", ".rels", ".html", ".xhtml", ".htm", ".opf", ".ncx")
# How a file of the old binary Office formats begins, and an encrypted one of the new ones.
_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_TITLE = "{http://purl.org/dc/elements/1.1/}title"
# What Office writes as the title of a file that has none.
_NO_TITLES = frozenset({"powerpoint presentation", "word document", "presentation", "document"})


class _Part(NamedTuple):
    """A slide, row or chapter. name: what it is called where it is cited."""

    name: str
    text: str


def read_office(order: PdfRequest) -> PdfText:
    """Read a file. Raises whatever the libraries raise for a broken one."""
    path = Path(order.path)
    if reason := _why_not(path, order):
        return PdfText(reason=reason)
    match order.kind:
        case "word":
            return _answer([_Part("", text := _word(path))], _title(path) or _first_heading(text))
        case "slides":
            return _answer(list(_slides(path)), _title(path))
        case "sheets":
            return _sheets(path)
        case "opendocument":
            return _answer(list(_opendocument(path)), _title(path))
        case _:
            book = epub.read_book(path)
            parts = [_Part(f"chapter {number}", text) for number, text in enumerate(book.chapters, 1)]
            return _answer(parts, book.title, book.problems)


def _why_not(path: Path, order: PdfRequest) -> str:
    """Why a file is not opened; empty if it is."""
    with path.open("rb") as file:
        is_old = file.read(len(_OLD_OFFICE)) == _OLD_OFFICE
    if is_old and (order.kind != "sheets" or path.suffix.lower() != ".xls"):
        return "is encrypted, or of the old Office formats under a new name; save it anew without a password"
    if not zipfile.is_zipfile(path):
        if order.kind != "sheets":
            raise zipfile.BadZipFile("it is no ZIP archive, or was cut off")
        return ""
    with zipfile.ZipFile(path) as archive:
        n_bytes = sum(entry.file_size for entry in archive.infolist() if entry.filename.endswith(_MARKUP))
        names = archive.namelist()
        if n_bytes > _LARGEST_MARKUP:
            return f"unpacks to {n_bytes:,} bytes of markup, more than the {_LARGEST_MARKUP:,} that are read; split it"
        is_locked = "META-INF/manifest.xml" in names and b"encryption-data" in archive.read("META-INF/manifest.xml")
    return "is encrypted; save it without a password" if is_locked else ""


def _answer(parts: list[_Part], title: str, problems: tuple[str, ...] = (), *, apart: bool = False) -> PdfText:
    if sum(len(part.text) for part in parts) > _LONGEST_TEXT:
        return PdfText(reason=f"has more than {_LONGEST_TEXT:,} characters; split it")
    if not any(part.text.strip() for part in parts):
        return PdfText(reason="; ".join(("holds no text", *problems)))
    whole = [part for part in parts if part.text.strip()]
    return PdfText(
        tuple(part.text for part in whole), tuple(part.name for part in whole), title, "", problems, 0, apart
    )


def _word(path: Path) -> str:
    """A Word file as a page: with its tables, notes and text boxes, as it reads with all changes accepted."""
    import mammoth

    with path.open("rb") as file:
        converted = mammoth.convert_to_html(file, convert_image=mammoth.images.img_element(lambda _image: {"src": ""}))
    return read_page(converted.value).text


def _slides(path: Path) -> Iterator[_Part]:
    """The text of each slide: its shapes, tables and notes."""
    from pptx import Presentation

    for number, slide in enumerate(Presentation(str(path)).slides, 1):
        texts = [text for shape in slide.shapes for text in _shape_texts(shape)]
        if slide.has_notes_slide and (notes := slide.notes_slide.notes_text_frame) is not None:
            texts.append(notes.text)
        yield _Part(f"slide {number}", plain("\n\n".join(filter(str.strip, texts)).replace("\v", "\n")))


def _shape_texts(shape: "BaseShape") -> Iterator[str]:
    if (members := getattr(shape, "shapes", None)) is not None:
        for member in members:
            yield from _shape_texts(member)
    elif getattr(shape, "has_table", False):
        rows = [[cell.text for cell in row.cells] for row in shape.table.rows]
        yield from (cells_with_names(rows[0], row) for row in rows[1:] or rows)
    elif shape.has_text_frame:
        yield shape.text_frame.text


def _sheets(path: Path) -> PdfText:
    """Each row of each sheet with the names of its columns."""
    from python_calamine import CalamineWorkbook

    parts: list[_Part] = []
    for name in (workbook := CalamineWorkbook.from_path(str(path))).sheet_names:
        rows = [[_cell(value) for value in row] for row in workbook.get_sheet_by_name(name).to_python()]
        rows = [row for row in rows if any(row)]
        try:
            table = with_names(rows)
        except NoTable:
            parts += [_Part(f"sheet {name}", "\n".join(filter(None, row))) for row in rows]
            continue
        parts += [_Part(f"sheet {name}", line) for line in table.before]
        texts = (cells_with_names(table.names, _without_empty_end(row)) for row in table.rows)
        parts += [_Part(f"sheet {name}, row {number}", plain(text)) for number, text in enumerate(texts, 1)]
    return _answer(parts, _title(path), apart=True)


def _cell(value: object) -> str:
    """A cell as people read it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        return value.date().isoformat()
    return value.isoformat(" ") if isinstance(value, datetime.datetime) else str(value).strip()


def _without_empty_end(row: tuple[str, ...]) -> tuple[str, ...]:
    return row[: max((i for i, cell in enumerate(row, 1) if cell), default=0)]


def _opendocument(path: Path) -> Iterator[_Part]:
    """The text of a document, or of each slide, without what tracked changes deleted."""
    from odfdo import Document

    body = Document(path).body
    slides = body.get_elements("draw:page")
    for number, part in enumerate(slides or [body], 1):
        yield _Part(f"slide {number}" if slides else "", plain("\n\n".join(_paragraphs(part))))


def _paragraphs(part: "Element") -> Iterator[str]:
    inside = "ancestor::text:p or ancestor::text:h or ancestor::text:tracked-changes or ancestor::office:annotation"
    for paragraph in part.get_elements(f"descendant::text:*[self::text:h or self::text:p][not({inside})]"):
        notes = [note.text_recursive for note in paragraph.get_elements("descendant::text:note-body")]
        for note in paragraph.get_elements("descendant::text:note | descendant::office:annotation"):
            note.delete()
        mark = "#" * int(paragraph.get_attribute_string("text:outline-level") or 1) + " "
        yield (mark if paragraph.tag == "text:h" else "") + paragraph.text_recursive
        yield from notes


def _title(path: Path) -> str:
    """The title that a file's own description gives it; empty if it has none."""
    if not zipfile.is_zipfile(path):
        return ""
    with zipfile.ZipFile(path) as archive:
        for name in {"docProps/core.xml", "meta.xml"} & set(archive.namelist()):
            title = ElementTree.fromstring(archive.read(name)).findtext(f".//{_TITLE}") or ""
            return "" if title.strip().lower() in _NO_TITLES else plain(title).strip()
    return ""


def _first_heading(text: str) -> str:
    return next((line.lstrip("# ") for line in text.split("\n") if line.startswith("#")), "")
