"""Sizes of everything in presentation mode, which follow the height of its window."""

from typing import NamedTuple

from PySide6.QtCore import QSize
from PySide6.QtGui import QFont

from app import theme
from app.panels.stream.painter import StreamPainter

# A hundredth of the height, but no more than a wide window has: 16 by 10.
_WIDEST = 1.6


class StageScale(NamedTuple):
    """unit: a hundredth of the window's height. The fonts of each kind of text, and the painter of the lanes' texts."""

    unit: float
    headline: QFont
    name: QFont
    counter: QFont
    small: QFont
    text: StreamPainter

    @property
    def margin(self) -> int:
        """The space at the edges and between columns."""
        return round(2 * self.unit)


def stage_scale(font: QFont, size: QSize, n_lanes: int) -> StageScale:
    """The sizes for a window; text of few lanes is larger. Small text is a fortieth of the height, readable at four
    metres on a screen of 80 cm."""
    unit = min(size.height(), size.width() / _WIDEST) / 100
    text = {1: 4.4, 2: 4.0, 3: 3.4}.get(n_lanes, 2.6)
    return StageScale(
        unit,
        theme.of_height(font, 6.6 * unit, bold=True),
        theme.of_height(font, 3.8 * unit, bold=True),
        theme.of_height(font, 4.6 * unit, bold=True),
        theme.of_height(font, 2.5 * unit),
        StreamPainter(theme.of_height(font, text * unit), zoom=1 / theme.STREAM_SCALE),
    )
