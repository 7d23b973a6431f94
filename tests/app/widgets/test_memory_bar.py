import pytest
from PySide6.QtGui import QImage

from app import theme
from app.widgets.memory_bar import MemoryBar
from engine.events import Estimated

GB = 1_000_000_000
FITS = Estimated(4 * GB, 2 * GB, GB, 24 * GB, "cuda:0", "t", "d", 32768, work_bytes=GB, fitting_context=32768)


@pytest.fixture
def bar(qtbot):
    from PySide6.QtWidgets import QWidget

    parent = QWidget()
    qtbot.addWidget(parent)
    made = MemoryBar(parent)
    made.parent_window = parent
    return made


def test_parts_add_up_to_what_is_free(bar):
    bar.show_estimate(FITS)
    assert [segment.n_bytes for segment in bar.segments()] == [4 * GB, 2 * GB, GB, GB, 16 * GB]
    assert bar.verdict() == "✓ fits"


def test_parts_differ_in_pattern_as_well_as_in_name(bar):
    bar.show_estimate(FITS)
    assert len({segment.pattern for segment in bar.segments()}) == 5
    assert len({segment.name for segment in bar.segments()}) == 5


@pytest.mark.parametrize(
    ("weights", "words", "fits"),
    [(30 * GB, "✗ does not fit", False), (22 * GB, "⚠ fits texts of up to 1,024 tokens", True)],
)
def test_what_does_not_fit_is_said_in_words(bar, weights, words, fits):
    bar.show_estimate(Estimated(weights, 2 * GB, GB, 24 * GB, "cpu", context=2048, fitting_context=1024))
    assert (bar.verdict(), bar.fits) == (words, fits)
    assert words in bar.accessibleDescription()


def test_context_is_named_in_the_legend_and_the_tooltip(bar):
    bar.show_estimate(FITS)
    assert "32,768 tokens" in bar.segments()[1].name
    assert "32,768 tokens" in bar.toolTip()


@pytest.mark.parametrize("needed", [None, Estimated(0, 0, 0, 0, "cpu", why_not="there is no folder x")])
def test_nothing_known_is_an_empty_bar(bar, needed):
    bar.show_estimate(needed)
    assert (bar.segments(), bar.verdict(), bar.accessibleDescription()) == ((), "", "not known yet")


def test_small_parts_are_still_seen_and_the_limit_is_marked(bar):
    bar.resize(240, bar.sizeHint().height())
    bar.show_estimate(Estimated(32_000_000, 21_000_000, 5_000_000, 24 * GB, "cpu", context=2048))
    small = bar.grab().toImage()
    assert _has(small, theme.current().accent, y=8)
    bar.show_estimate(Estimated(30 * GB, 0, 0, 24 * GB, "cpu", context=2048))
    assert _has(bar.grab().toImage(), theme.current().bad, y=8)
    assert not _has(small, theme.current().bad, y=8)


def _has(image: QImage, colour: str, *, y: int) -> bool:
    return any(image.pixelColor(x, y).name().upper() == colour.upper() for x in range(image.width()))
