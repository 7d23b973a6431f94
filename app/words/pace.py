"""Describes the progress, the rate and the remaining time of long work."""

from typing import NamedTuple

from PySide6.QtCore import QCoreApplication

from app.text.plain_text import one_line
from app.words import quantities
from engine.events import Progressed

_SETTLED_S = 0.2


class RemainingTime(NamedTuple):
    """The rate in units a second, and the seconds left at that rate."""

    per_s: float
    left_s: float


def pace(at: Progressed) -> RemainingTime | None:
    """The rate since the work began, and the time left: of all its stages where the work says that itself.

    None while it is too early to tell, or the end is unknown."""
    if at.elapsed_s < _SETTLED_S or at.done <= 0 or not at.total:
        return None
    per_s, n_left = at.done / at.elapsed_s, max(0.0, at.total - at.done)
    return RemainingTime(per_s, n_left / per_s if at.left_s is None else at.left_s)


def amount(at: Progressed) -> str:
    """How much is done, and of how much where that is known."""
    if at.unit == "bytes":
        done, total = quantities.memory(at.done), quantities.memory(at.total)
        return _tr("{0} of {1}").format(done, total) if at.total else done
    unit = one_line(at.unit)
    if not at.total:
        return _tr("{0:,.0f} {1}").format(at.done, unit) if at.done else ""
    return _tr("{0:,.0f} of {1:,.0f} {2}").format(at.done, at.total, unit)


def indexing(at: Progressed | None) -> str:
    """How far the making of an index is, or that another program makes it; empty where none is being made."""
    if at is not None and at.phase == "waiting":
        return _tr("waiting for another program that makes the same: {0}").format(quantities.duration(at.done))
    if at is None or not is_indexing(at):
        return ""
    if at.phase in ("writing", "indexing"):
        return _tr("making the index: the passages are made searchable")
    if at.phase == "reading":
        return _tr("making the index: read {0}").format(amount(at))
    rate = _tr(", {0:,.0f} a second").format(at.done / at.elapsed_s) if at.done and at.elapsed_s > _SETTLED_S else ""
    return _tr("making the index: embedded {0}{1}").format(amount(at), rate)


def is_indexing(at: Progressed) -> bool:
    """Whether this tells of an index that is not made yet."""
    is_made = at.phase == "indexing" and at.total > 0 and at.done >= at.total
    return at.phase in ("reading", "embedding", "writing", "indexing") and at.unit != "bytes" and not is_made


def left(at: Progressed | None) -> str:
    """The time left; empty while unknown."""
    remaining = None if at is None else pace(at)
    return "" if remaining is None else _tr("{0} left").format(quantities.duration(remaining.left_s))


def loaded_so_far(at: Progressed) -> str:
    """Bytes done and in total, the rate, and the time left."""
    text = amount(at)
    remaining = pace(at)
    if remaining is None:
        return text
    return text + _tr(", {0}/s, {1:,.0f} s left").format(quantities.memory(remaining.per_s), remaining.left_s)


def _tr(text: str) -> str:
    return QCoreApplication.translate("Pace", text)
