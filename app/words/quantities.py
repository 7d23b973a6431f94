"""Formats numbers as text, in one way for each kind of quantity."""

from PySide6.QtCore import QCoreApplication

from engine.events import RunStarted
from engine.reports import words
from engine.runs.summary import Summary
from engine.statistics import Interval

UNKNOWN = "—"


def number(value: float | None, digits: int = 2) -> str:
    """A number with `digits` decimals, — if it is unknown."""
    return UNKNOWN if value is None else f"{value:,.{digits}f}"


def with_interval(value: float | None, interval: Interval | None, digits: int = 2) -> str:
    """A number and its 95 % interval, where it has one."""
    if value is None or interval is None:
        return number(value, digits)
    return f"{value:,.{digits}f} [{interval.low:,.{digits}f}, {interval.high:,.{digits}f}]"


def milliseconds(value: float | None) -> str:
    """A duration, with more decimals if it is short."""
    if value is None:
        return UNKNOWN
    return f"{value:,.{2 if value < 10 else 1 if value < 100 else 0}f} ms"


def times(value: float | None) -> str:
    """A factor."""
    return UNKNOWN if value is None else f"{value:.2f}×"


def memory(n_bytes: float) -> str:
    """An amount of memory in the unit that gives it one to three digits."""
    for unit in ("B", "kB", "MB", "GB"):
        if n_bytes < 1000:
            return f"{n_bytes:,.0f} {unit}"
        n_bytes /= 1000
    return f"{n_bytes:,.1f} TB"


def size(n_bytes: float) -> str:
    """The size of files, with two or three significant digits."""
    return words.size(n_bytes)


def duration(seconds: float) -> str:
    """A waiting time, in coarser units if it is long."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def counted(n: int, singular: str, plural: str) -> str:
    """The singular or plural form, as a number requires."""
    return singular if n == 1 else plural


def baseline_to_come(summary: Summary, started: RunStarted | None) -> bool:
    """Whether plain decoding will still be timed in this run: false once the run ended or if it was not requested."""
    requested = started is None or dict(started.settings).get("baseline") is not False
    return summary.state in ("idle", "running") and requested


def no_baseline(summary: Summary, started: RunStarted | None) -> str:
    """Why there is no speed of plain decoding."""
    if summary.paired("plain"):
        if summary.state == "running":
            return QCoreApplication.translate("words", "Plain decoding is being timed beside it.")
        return QCoreApplication.translate("words", "Stopped before both were timed.")
    if baseline_to_come(summary, started):
        return QCoreApplication.translate("words", "Plain decoding is measured after the text.")
    return QCoreApplication.translate("words", "Plain decoding was not measured in this run.")
