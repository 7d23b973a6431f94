"""A bad page costs a page: the others are read, and it is named with the reason."""

import signal
import time
from pathlib import Path

import pytest

from engine.documents import pdf_pages
from engine.documents.file_text import PdfRequest, PdfText
from engine.documents.pdf_child import read
from tests.papers import locked_pdf, pdf

GOOD = "Orla keeps the lighthouse."
FONT = b"/BaseFont /Helvetica"


def pages(folder: Path, content: bytes, seconds: int = 60) -> PdfText:
    (folder / "a.pdf").write_bytes(content)
    return read(PdfRequest(str(folder / "a.pdf"), 100, seconds))


@pytest.mark.parametrize("algorithm", ["RC4-128", "AES-128", "AES-256"])
def test_a_pdf_that_only_its_owner_may_print_is_read(tmp_path: Path, algorithm: str) -> None:
    assert pages(tmp_path, locked_pdf(GOOD, "", algorithm)).pages == (GOOD,)
    assert "is encrypted; save it without" in pages(tmp_path, locked_pdf(GOOD, "secret", algorithm)).reason


@pytest.mark.parametrize("filter_", [b"/NoSuchDecode", b"/ASCII85Decode", b"/LZWDecode", b"/FlateDecode"])
def test_a_page_in_a_broken_filter_is_named(tmp_path: Path, filter_: bytes) -> None:
    bad = b"\xff\xff\xff zzz~~>" + b"q" * 40
    content = pdf(GOOD, "x" * len(bad), GOOD).replace(b"x" * len(bad), bad)
    at = content.rindex(b"<< /Length", 0, content.index(bad))
    content = content[:at] + b"<< /Filter " + filter_ + content[at + 2 :]
    found = pages(tmp_path, content)
    assert found.pages == (GOOD, "", GOOD) and found.problems[0].startswith("page 2: cannot be read")


def test_letters_that_cannot_be_decoded_are_told(tmp_path: Path) -> None:
    numbered = b"/Encoding /Identity-H " + FONT
    lost = pages(tmp_path, pdf(GOOD).replace(b"/Type1 " + FONT, b"/Type0 " + numbered))
    assert "font that does not say which letters" in lost.reason and not lost.pages
    own = b"/BaseFont /Helvetica /Encoding << /Type /Encoding /Differences [79 /g0] >>"
    some = pages(tmp_path, pdf(GOOD).replace(FONT, own))
    assert some.pages == ("\ufffd" + GOOD[1:],) and some.n_replaced == 1


def test_joined_letters_are_letters(tmp_path: Path) -> None:
    joined = FONT + b" /Encoding << /Type /Encoding /Differences [79 /fi] >>"
    assert pages(tmp_path, pdf("Onishing").replace(FONT, joined)).pages == ("finishing",)


def test_a_space_that_its_font_calls_a_tab_is_a_space(tmp_path: Path) -> None:
    tabbed = FONT + b" /Encoding << /Type /Encoding /Differences [32 /controlHT] >>"
    content = pdf(GOOD).replace(FONT, tabbed)
    assert pages(tmp_path, content).pages == (GOOD,)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no timers")
def test_a_page_that_takes_too_long_costs_a_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def page(content: object, real: object = pdf_pages._page) -> object:
        while next(turns) == 1:
            until = time.process_time() + 5
            while time.process_time() < until:
                pass
        return real(content)

    turns = iter((0, 1, 0, 0))
    monkeypatch.setattr(pdf_pages, "_page", page)
    monkeypatch.setattr(pdf_pages, "_LONGEST_PAGE_S", 0.05)
    found = pages(tmp_path, pdf("one", "two", "three"))
    assert found.pages == ("one", "", "three") and found.retry and "page 2: takes longer" in found.problems[0]
    late = pages(tmp_path, pdf("one"), seconds=1)
    assert "takes longer than a minute" in late.reason and late.retry
