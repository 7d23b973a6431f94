"""The strip: its parts are told apart by more than colour, it says everything in words, and leads to a place."""

import itertools

import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from app.workspaces.longcontext.strip import DocumentStrip
from app.workspaces.longcontext.strip_facts import StripFacts
from app.workspaces.longcontext.strip_pages import page_at, ticks
from engine.events import PageStart

FACTS = StripFacts("<b>Book</b>", 10_000, 0, 7500, 100, 512, 4)
PAGES = tuple(PageStart(number, 100 * (number - 1)) for number in range(1, 101))


@pytest.fixture
def strip(qtbot: QtBot) -> DocumentStrip:
    shown = DocumentStrip(None)  # type: ignore[arg-type]
    qtbot.addWidget(shown)
    shown.resize(1000, shown.sizeHint().height())
    shown.show_facts(FACTS)
    return shown


def test_every_part_has_a_name_and_a_pattern_of_its_own(strip: DocumentStrip) -> None:
    assert [part.name for part in strip.parts()] == ["read", "new", "cut off", "first tokens kept", "window"]
    patterns = {part.name: part.pattern for part in strip.parts()}
    assert len(set(patterns.values())) == len(patterns)
    window = strip.parts()[-1]
    assert window.end == 0.76 and round(window.end - window.start, 4) == 0.0512
    assert not strip.grab().isNull()


def test_it_says_all_of_it_in_words(strip: DocumentStrip) -> None:
    text = strip.description()
    assert text.startswith("<b>Book</b>: 10,000 tokens, the first 7,500 are read, 2,500 are cut off")
    assert "position 7,600" in text and strip.accessibleDescription() == text
    assert "token 7" in strip.tip_at(750)


def test_the_end_of_a_document_is_cut_at_its_beginning(strip: DocumentStrip) -> None:
    strip.show_facts(FACTS._replace(first=2500, last=10_000, n_new=0))
    assert "the last 7,500 are read, 2,500 are cut off" in strip.description()
    assert strip.parts()[0].name == "cut off" and strip.parts()[0].start == 0.0


def test_nothing_is_shown_without_a_document(strip: DocumentStrip) -> None:
    strip.show_facts(StripFacts(note="the document is being read"))
    assert strip.parts() == () and strip.description() == "the document is being read" and not strip.grab().isNull()
    assert StripFacts().n_read == 0


def test_a_click_and_keys_lead_to_a_place(strip: DocumentStrip, qtbot: QtBot) -> None:
    places: list[int] = []
    strip.place_asked.connect(places.append)
    qtbot.mouseClick(strip, Qt.MouseButton.LeftButton, pos=QPoint(500, strip.height() // 2))
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Home, Qt.Key.Key_End):
        qtbot.keyClick(strip, key)
    assert len(places) == 3 and abs(places[0] - 5000) < 100 and places[1] > places[0] and places[2] == 0


@pytest.mark.parametrize(("n_shown", "width"), [(100, 4000), (50, 1400), (20, 700), (10, 500), (3, 90)])
def test_page_numbers_never_touch_each_other(strip: DocumentStrip, n_shown: int, width: int) -> None:
    metrics = strip.fontMetrics()
    # As wide as numbers of a hundred pages would be in a font of ten pixels a digit.
    share = metrics.horizontalAdvance("100") / 30
    shown = [tick for tick in ticks(PAGES, 10_000, width * share, metrics) if tick.name]
    assert shown[0].name == "page 1" and len(shown) <= n_shown
    for before, after in itertools.pairwise(shown):
        assert before.x + metrics.horizontalAdvance(before.name) < after.x
    numbers = [int(tick.name) for tick in shown[1:]]
    assert len({b - a for a, b in itertools.pairwise(numbers)}) <= 1


def test_pages_are_numbered_below_the_strip_and_named_in_words(strip: DocumentStrip) -> None:
    without = strip.sizeHint().height()
    strip.show_facts(FACTS._replace(pages=PAGES))
    assert strip.sizeHint().height() == without + strip.fontMetrics().height()
    assert "it ends on page 76 of 100" in strip.description()
    assert strip.tip_at(500).startswith("read, token 4,9") and "page 50" in strip.tip_at(500)
    assert not strip.grab().isNull()
    assert (page_at(PAGES, 0), page_at(PAGES, 99), page_at(PAGES, 100), page_at((), 7)) == (1, 1, 2, None)
    assert ticks((), 10_000, 900, strip.fontMetrics()) == ()
