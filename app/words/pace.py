"""Describes the progress, the rate and the remaining time of long work."""

from typing import NamedTuple

from PySide6.QtCore import QCoreApplication

from app.words import quantities
from engine.events import Progressed

_SETTLED_S = 0.2


class RemainingTime(NamedTuple):
    """The rate in units a second, and the seconds left at that rate."""

    per_s: float
    left_s: float


def pace(at: Progressed) -> RemainingTime | None:
    """The rate since the work began; None while it is too early to tell."""
    if at.elapsed_s < _SETTLED_S or at.done <= 0:
        return None
    per_s = at.done / at.elapsed_s
    return RemainingTime(per_s, max(0.0, at.total - at.done) / per_s)


def loaded_so_far(at: Progressed) -> str:
    """Bytes done and in total, the rate, and the time left."""
    text = _tr("{0} of {1}").format(quantities.memory(at.done), quantities.memory(at.total))
    remaining = pace(at)
    if remaining is None:
        return text
    return text + _tr(", {0}/s, {1:,.0f} s left").format(quantities.memory(remaining.per_s), remaining.left_s)


def _tr(text: str) -> str:
    return QCoreApplication.translate("Pace", text)
