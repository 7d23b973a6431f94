"""Marks of clusters: each has a symbol and a colour, the same in map, table, cards and text."""

from typing import NamedTuple

from PySide6.QtGui import QColor

from app import theme


class ClusterMark(NamedTuple):
    """symbol: its name in the plot library; glyph: the same in text; hue: its colour in the theme."""

    symbol: str
    glyph: str
    hue: str

    @property
    def colour(self) -> QColor:
        """The colour in the current scheme."""
        return QColor(getattr(theme.current(), self.hue))


_SYMBOLS = (("o", "●"), ("t1", "▲"), ("s", "■"), ("d", "◆"), ("t", "▼"), ("star", "★"), ("t2", "▶"), ("t3", "◀"))
_HUES = ("correction", "unverified", "accepted", "bonus", "rejected", "accent")
_UNKNOWN = ClusterMark("o", "○", "muted")


def mark_of(cluster: int | None) -> ClusterMark:
    """Return the mark of a cluster; for None that of a passage without a cluster."""
    if cluster is None:
        return _UNKNOWN
    symbol, glyph = _SYMBOLS[cluster % len(_SYMBOLS)]
    return ClusterMark(symbol, glyph, _HUES[cluster % len(_HUES)])
