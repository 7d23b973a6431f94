"""The report as PDF: what Qt is given to lay out, and what comes of it, also on a thread."""

import re
import threading
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app import theme
from app.plots.report_markup import printed
from app.plots.report_pdf import pdf, write_pdf
from app.widgets import lane_marks
from engine.errors import EngineError, InputError
from engine.reports import words
from engine.reports.documents import ReportOptions, document
from engine.reports.html import report
from engine.reports.palette import PAINTS, lane_paint
from tests.comparisons import comparison
from tests.engine.reports.test_html import hostile_log

LOG = comparison(n_prompts=2, n_tokens=24)


def test_what_is_printed_says_what_the_page_says() -> None:
    content = printed(document(LOG, ReportOptions()))
    page = report(LOG)
    for text in ("Builtin at γ 4: 1.83×", "Same text ✓", "Why not the others", "How it was measured", "2.13.0"):
        assert text in content.markup and text in page
    assert len(content.plots) == page.count("<figure>")
    assert content.markup.count("<img") == len(content.plots)


def test_every_fate_has_a_cue_beside_its_colour() -> None:
    markup = printed(document(LOG, ReportOptions())).markup
    for tag in ("<u>", "<b>", "<s>", "<i>", ">•"):
        assert tag in markup


def test_hostile_text_is_no_markup() -> None:
    content = printed(document(hostile_log(), ReportOptions()))
    assert "<script" not in content.markup and "<img src=x" not in content.markup
    assert set(re.findall(r"<(\w+)", content.markup)) <= {
        "p", "h2", "h3", "ul", "li", "table", "thead", "tr", "th", "td", "img", "span", "b", "u", "s", "i", "br",
    }  # fmt: skip


def test_a_pdf_is_made_on_a_thread(qtbot: QtBot) -> None:
    made: list[bytes] = []
    thread = threading.Thread(target=lambda: made.append(pdf(LOG)))
    thread.start()
    thread.join()
    assert made[0].startswith(b"%PDF-") and b"Draftscope" in made[0].replace(b"\x00", b"")
    assert len(made[0]) < 2_000_000


def test_hostile_logs_are_printed_too(qtbot: QtBot) -> None:
    assert pdf(hostile_log()).startswith(b"%PDF-")


def test_a_pdf_is_written_as_every_report_is(qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "r.pdf"
    write_pdf(LOG, path)
    assert path.read_bytes().startswith(b"%PDF-")
    with pytest.raises(InputError, match="--force"):
        write_pdf(LOG, path)
    with pytest.raises(EngineError, match="could not be written"):
        write_pdf(LOG, path / "below.pdf", force=True)


def test_lanes_and_colours_are_those_of_the_window() -> None:
    for name, pair in PAINTS.items():
        if name == "shade":  # the window's ground between panels
            assert (pair.light, pair.dark) == (theme.LIGHT.window, theme.DARK.window)
        else:
            assert (pair.light, pair.dark) == (getattr(theme.LIGHT, name), getattr(theme.DARK, name))
    names = ["plain", *"abcdefghijklm"]
    marks = lane_marks.marks_of(names)
    for place, name in enumerate(names):
        assert marks[name].glyph == words.symbol(place) and marks[name].hue == lane_paint(place)
