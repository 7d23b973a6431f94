"""The colours of reports, in a light and a dark scheme: those of the window.

* imports neither Qt nor torch."""

from typing import Literal, NamedTuple, TypeAlias

from engine.reports.words import LANE_SYMBOLS

Paint: TypeAlias = Literal[
    "base", "shade", "line", "text", "muted", "accent", "good", "bad", "prompt", "accepted", "unverified",
    "correction", "bonus", "rejected", "untested",
]  # fmt: skip
# Of drafting lanes, in their order; the same in the window.
LANE_PAINTS: tuple[Paint, ...] = ("correction", "unverified", "bonus", "accepted", "rejected", "accent")
PLAIN_PAINT: Paint = "muted"


class PaintPair(NamedTuple):
    """A colour on white and on black."""

    light: str
    dark: str


PAINTS: dict[Paint, PaintPair] = {
    "base": PaintPair("#FFFFFF", "#17191C"),
    "shade": PaintPair("#F4F5F7", "#1E2125"),
    "line": PaintPair("#D9DCE1", "#363B42"),
    "text": PaintPair("#14171A", "#E8EAED"),
    "muted": PaintPair("#5A6068", "#A8AEB5"),
    "accent": PaintPair("#3D4EAC", "#A5B1FF"),
    "good": PaintPair("#007353", "#3CC69A"),
    "bad": PaintPair("#AD4B00", "#FF9152"),
    "prompt": PaintPair("#66696C", "#A2A5A8"),
    "accepted": PaintPair("#007353", "#3CC69A"),
    "unverified": PaintPair("#8A5700", "#EBAA22"),
    "correction": PaintPair("#0067A1", "#62B6F0"),
    "bonus": PaintPair("#9E3F76", "#E39AC4"),
    "rejected": PaintPair("#AD4B00", "#FF9152"),
    "untested": PaintPair("#5F646B", "#A3A9B0"),
}


def lane_paint(lane: int) -> Paint:
    """The colour of a lane: 0 is plain decoding, drafting lanes are counted from 1."""
    if lane <= 0:
        return PLAIN_PAINT
    place = lane - 1
    # Shifted once all symbols are used up, so that no two lanes soon look the same.
    return LANE_PAINTS[(place + 4 * (place // len(LANE_SYMBOLS))) % len(LANE_PAINTS)]
