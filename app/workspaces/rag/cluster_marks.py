"""How a cluster is told apart: a symbol and a colour each, the same in map, table, cards and text; knows no widget."""

from typing import NamedTuple

from PySide6.QtGui import QColor

from app import theme


class ClusterMark(NamedTuple):
    """symbol: of the plot library; glyph: the same in text."""

    symbol: str
    glyph: str
    hue: str

    @property
    def colour(self) -> QColor:
        """Its colour in the scheme in use."""
        return QColor(getattr(theme.current(), self.hue))


_SYMBOLS = (("o", "●"), ("t1", "▲"), ("s", "■"), ("d", "◆"), ("t", "▼"), ("star", "★"), ("t2", "▶"), ("t3", "◀"))
_HUES = ("correction", "unverified", "accepted", "bonus", "rejected", "accent")
_UNKNOWN = ClusterMark("o", "○", "muted")


def mark_of(cluster: int | None) -> ClusterMark:
    """The mark of a cluster; of a passage that is in none yet, where there is no cluster."""
    if cluster is None:
        return _UNKNOWN
    symbol, glyph = _SYMBOLS[cluster % len(_SYMBOLS)]
    return ClusterMark(symbol, glyph, _HUES[cluster % len(_HUES)])
