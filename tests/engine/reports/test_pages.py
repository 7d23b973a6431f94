"""Which pages there are."""

import pytest

from engine.errors import InputError
from engine.reports import pages
from engine.reports.documents import ReportOptions
from engine.runs.trace import Trace
from tests.engine.runs import stories


def test_html_is_there_without_qt() -> None:
    page = pages.page("html")(Trace(tuple(stories.whole_run()), None), ReportOptions())
    assert page.startswith(b"<!doctype html>") or page.startswith(b"<!DOCTYPE html>")


def test_pdf_is_offered_by_the_window_and_refused_with_the_way_out_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(pages.PAGES, "pdf", lambda kept, options: b"%PDF")
    assert pages.page("pdf")(Trace((), None), ReportOptions()) == b"%PDF"
    monkeypatch.delitem(pages.PAGES, "pdf")
    with pytest.raises(InputError, match="laid out by Qt"):
        pages.page("pdf")


def test_another_format_is_refused() -> None:
    with pytest.raises(InputError, match="unknown format 'docx'"):
        pages.page("docx")
