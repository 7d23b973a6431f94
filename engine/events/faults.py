"""Turns defects into events: the error in one line, and its traceback.

* imports neither Qt nor torch."""

import traceback

from engine.errors import without_markdown
from engine.events import Refused, RunFailed
from engine.machine.no_memory import LESS, ran_out

_OUT = "memory ran out, or address space"
REPORT = "this is a defect: please report it with the details"


def failed(err: Exception) -> RunFailed:
    """The event of a run that ended in a defect, or without memory."""
    if ran_out(err):
        return RunFailed(f"{_OUT} ({_reason(err)})", LESS)
    return RunFailed(_line(err), REPORT, traceback.format_exc())


def refused(what: str, err: Exception) -> Refused:
    """The event of another command that ended in a defect, or without memory."""
    if ran_out(err):
        return Refused(what, f"{_OUT} ({_reason(err)})", LESS)
    return Refused(what, _line(err), REPORT, traceback.format_exc())


def _line(err: Exception) -> str:
    return without_markdown(f"{type(err).__name__}: {err}")


def _reason(err: Exception) -> str:
    return (str(err).strip() or type(err).__name__).splitlines()[0]
