"""Turns defects into events: the error in one line, and its traceback.

* imports neither Qt nor torch."""

import traceback

from engine.errors import without_markdown
from engine.events import Refused, RunFailed

REPORT = "this is a defect: please report it with the details"


def failed(err: Exception) -> RunFailed:
    """The event of a run that ended in a defect."""
    return RunFailed(_line(err), REPORT, traceback.format_exc())


def refused(what: str, err: Exception) -> Refused:
    """The event of another command that ended in a defect."""
    return Refused(what, _line(err), REPORT, traceback.format_exc())


def _line(err: Exception) -> str:
    return without_markdown(f"{type(err).__name__}: {err}")
