"""Marks of the lanes of a comparison: each has a symbol and a colour, the same in every table, plot and race."""

from collections.abc import Sequence
from typing import NamedTuple

from PySide6.QtGui import QColor

from app import theme
from engine.events.comparison import PLAIN_LANE


class LaneMark(NamedTuple):
    """symbol: its name in the plot library; glyph: the same in text; hue: its colour in the theme."""

    symbol: str
    glyph: str
    hue: str

    @property
    def colour(self) -> QColor:
        """The colour in the current scheme."""
        return QColor(getattr(theme.current(), self.hue))


PLAIN_MARK = LaneMark("o", "●", "muted")
# The star is left out: it marks the recommended lane. Nine symbols and six colours: 54 different marks.
_SYMBOLS = (
    ("t1", "▲"), ("s", "■"), ("d", "◆"), ("t", "▼"), ("t2", "▶"), ("h", "⬢"), ("t3", "◀"), ("+", "✚"), ("p", "⬟")
)  # fmt: skip
_HUES = ("correction", "unverified", "bonus", "accepted", "rejected", "accent")


def marks_of(lanes: Sequence[str]) -> dict[str, LaneMark]:
    """Return the mark of each lane by its name, in the order of their comparison; that of plain decoding is fixed."""
    drafted = [lane for lane in lanes if lane != PLAIN_LANE]
    marks = {lane: _drafted_mark(place) for place, lane in enumerate(drafted)}
    return {lane: marks.get(lane, PLAIN_MARK) for lane in lanes}


def _drafted_mark(place: int) -> LaneMark:
    symbol, glyph = _SYMBOLS[place % len(_SYMBOLS)]
    return LaneMark(symbol, glyph, _HUES[(place + 4 * (place // len(_SYMBOLS))) % len(_HUES)])
