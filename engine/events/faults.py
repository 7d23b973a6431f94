"""Defects as events: what went wrong in one line, the traceback beside it; knows no host.

* imports neither Qt nor torch."""

import traceback

from engine.events import Refused, RunFailed

REPORT = "this is a defect: please report it with the details"


def failed(err: Exception) -> RunFailed:
    """A run that ended in a defect."""
    return RunFailed(f"{type(err).__name__}: {err}", REPORT, traceback.format_exc())


def refused(what: str, err: Exception) -> Refused:
    """Another command that ended in a defect."""
    return Refused(what, f"{type(err).__name__}: {err}", REPORT, traceback.format_exc())
