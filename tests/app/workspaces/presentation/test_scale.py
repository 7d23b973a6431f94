"""Sizes follow the window."""

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QApplication

from app.workspaces.presentation.scale import stage_scale


@pytest.mark.parametrize("size", [(1280, 720), (1600, 1000), (3840, 2160)])
def test_the_smallest_text_is_a_fortieth_of_the_height(size: tuple[int, int], qapp: QApplication) -> None:
    scale = stage_scale(QFont(), QSize(*size), 4)
    assert abs(scale.small.pixelSize() - size[1] / 40) <= 1
    assert scale.headline.pixelSize() > 2 * scale.small.pixelSize()


def test_text_is_larger_where_there_are_fewer_lanes(qapp: QApplication) -> None:
    sizes = [stage_scale(QFont(), QSize(1600, 1000), n).text.font.pixelSize() for n in (4, 3, 2)]
    assert sizes == sorted(set(sizes))


def test_a_narrow_window_has_smaller_text(qapp: QApplication) -> None:
    assert stage_scale(QFont(), QSize(800, 1000), 2).unit == 5.0
    assert stage_scale(QFont(), QSize(0, 0), 2).small.pixelSize() == 1
