"""Says what the system refused a command, memory or a file, so that nobody takes it for a defect.

* imports neither Qt nor torch."""

import os
import re
from typing import NamedTuple

from engine.machine.no_memory import LESS, ran_out

_LONGEST_NAME = 200
_AROUND = 40
_HOME = "set HOME, or XDG_DATA_HOME, XDG_CACHE_HOME and XDG_CONFIG_HOME; write a path that begins with ~ in full"
# What Python and platformdirs say of a user without a home folder, and of ~NAME where nobody has that name.
_NO_HOME = re.compile(r"determine (the )?home directory")


class OutsideCause(NamedTuple):
    """What happened, and the way out."""

    message: str
    hint: str


def outside_cause(err: BaseException) -> OutsideCause | None:
    """What an error says that the program is not to blame for; None for a defect."""
    if isinstance(err, UnicodeEncodeError):
        return _unreadable_text(err)
    if not isinstance(err, OSError | MemoryError | ImportError | RuntimeError | SystemError):
        return None
    if ran_out(err):
        return OutsideCause(f"memory ran out, or address space ({_first_line(err)})", LESS)
    if isinstance(err, RuntimeError) and _NO_HOME.search(str(err)):
        return OutsideCause("a home folder is not known to the system", _HOME)
    if not isinstance(err, OSError):
        return None
    reason = err.strerror or _first_line(err)
    if isinstance(err, BrokenPipeError):
        return OutsideCause("what read the output closed it", "keep it open to the end, or write the output to a file")
    if err.filename is None:
        return OutsideCause(f"the output could not be written ({reason})", "free the disk or name another place")
    name = os.fsdecode(err.filename) if isinstance(err.filename, str | bytes) else str(err.filename)
    shown = name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}…"
    return OutsideCause(f"{shown} could not be read or written ({reason})", "check its rights, or name another place")


def _unreadable_text(err: UnicodeEncodeError) -> OutsideCause | None:
    """The cause where bytes of an argument or a name are no text: Python holds them as lone surrogates."""
    if not all("\ud800" <= char <= "\udfff" for char in err.object[err.start : err.end]):
        return None
    around = err.object[max(0, err.start - _AROUND) : err.end + _AROUND]
    return OutsideCause(f"{around!r} is not valid UTF-8", "write it in UTF-8")


def _first_line(err: BaseException) -> str:
    return (str(err).strip() or type(err).__name__).splitlines()[0]
