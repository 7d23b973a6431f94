"""A bar whose end is unknown moves and is never full."""

import pytest
from PySide6.QtWidgets import QWidget

from app import theme
from app.widgets.progress_bar import CalmProgressBar
from engine.events import Progressed


@pytest.fixture
def bar(qtbot):
    parent = QWidget()
    qtbot.addWidget(parent)
    bar = CalmProgressBar("Progress", parent)
    bar.resize(200, 8)
    parent.show()
    yield bar


def painted(bar: CalmProgressBar) -> float:
    """The share of the bar's middle line in the accent colour."""
    image = bar.grab().toImage()
    accent = theme.current().accent
    row = [image.pixelColor(x, image.height() // 2).name() for x in range(image.width())]
    return row.count(accent.lower()) / len(row)


def test_a_known_share_is_painted(bar) -> None:
    bar.show_progress(Progressed("embedding", 1, 4, "passages"))
    assert painted(bar) == pytest.approx(0.25, abs=0.03)
    assert not bar.moving
    bar.show_progress(Progressed("embedding", 9, 4, "passages"))
    assert painted(bar) == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize("at", [None, Progressed("embedding", 163, 0, "passages"), Progressed("indexing", 0, 0, "")])
def test_an_unknown_end_moves_and_is_not_full(bar, at) -> None:
    bar.show_progress(at)
    assert bar.moving
    assert 0.1 < painted(bar) < 0.5
    first, later, back = (bar.moving_part(at_s) for at_s in (0.0, 0.6, 2.4))
    assert first.left() == back.left() == 0 < later.left()
    assert later.right() <= bar.width()


def test_a_hidden_bar_moves_no_more(bar) -> None:
    bar.show_progress(None)
    bar.hide()
    assert not bar.moving
    bar.show()
    assert bar.moving
    bar.show_share(1, 2)
    assert not bar.moving
