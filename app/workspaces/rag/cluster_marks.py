"""Marks of clusters: each has a symbol and a colour, the same in map, table, cards and text."""

from app.widgets.lane_marks import LaneMark

_SYMBOLS = (("o", "●"), ("t1", "▲"), ("s", "■"), ("d", "◆"), ("t", "▼"), ("star", "★"), ("t2", "▶"), ("t3", "◀"))
_HUES = ("correction", "unverified", "accepted", "bonus", "rejected", "accent")
_UNKNOWN = LaneMark("o", "○", "muted")


def mark_of(cluster: int | None) -> LaneMark:
    """Return the mark of a cluster; for None that of a passage without a cluster."""
    if cluster is None:
        return _UNKNOWN
    symbol, glyph = _SYMBOLS[cluster % len(_SYMBOLS)]
    return LaneMark(symbol, glyph, _HUES[cluster % len(_HUES)])
