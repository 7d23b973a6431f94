"""Takes Ctrl+C and SIGTERM from the first import of a command to the end of its process.

It is imported before all else, so it imports little."""

import _thread
import atexit
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from engine.cli.exit_status import STOPPED

TYPE_CHECKING = False  # that of typing takes long to import
if TYPE_CHECKING:
    from typing import NoReturn

STOPS = (signal.SIGINT, signal.SIGTERM)
_LATER_S = 0.01
_ANEW = "stopped; the same command begins it anew"


class Interruption:
    """Interrupts the main thread. asked: whether it did; libraries may turn that into an error of their own."""

    def __init__(self) -> None:
        self.asked = False
        self._number = signal.SIGINT

    def __call__(self, number: int, _frame: FrameType | None) -> None:
        """Take a signal."""
        self.asked, self._number = True, signal.Signals(number)
        raise KeyboardInterrupt

    def lost(self, unraisable: "sys.UnraisableHookArgs") -> None:
        """Interrupt again where the first time fell into code whose errors are dropped, as that of a destructor."""
        if unraisable.exc_type is KeyboardInterrupt:
            # Later, as the hook itself is such code; a lost one comes again.
            threading.Timer(_LATER_S, _thread.interrupt_main, [self._number]).start()
        else:
            sys.__unraisablehook__(unraisable)


@contextmanager
def interruptible() -> Iterator[Interruption]:
    """Let Ctrl+C and SIGTERM interrupt alike, so that what is being written is closed; elsewhere than in the main
    thread nothing changes. A Ctrl+C that the caller had ignored stays ignored."""
    interruption = Interruption()
    if threading.current_thread() is not threading.main_thread():
        yield interruption
        return
    taken = [number for number in STOPS if signal.getsignal(number) is not signal.SIG_IGN]
    before, hook = [signal.signal(number, interruption) for number in taken], sys.unraisablehook
    sys.unraisablehook = interruption.lost
    try:
        yield interruption
    finally:
        sys.unraisablehook = hook
        for number, handler in zip(taken, before, strict=True):
            signal.signal(number, handler)


def guarded(work: Callable[[], int]) -> int:
    """The exit status of work, or, in a line, that it was stopped."""
    with interruptible() as stop:
        try:
            return work()
        except KeyboardInterrupt as err:
            return stopped(err)
        except Exception:
            if stop.asked:
                return stopped(None)
            raise


def stopped(err: BaseException | None) -> int:
    """Answer a stop that the work did not wait for. err: in the words of the work itself, if it has any."""
    # CPython ends `python -m` by the signal itself if the last source text that was executed was interrupted, whoever
    # caught that; imports execute many, such as the methods of dataclasses.
    exec("")
    words = str(err or "") or _ANEW
    if words != _ANEW:
        from engine.cli import terminal

        words = terminal.line(words)
    say(words)
    return STOPPED


def say(line: str) -> None:
    """Print a line on stderr; where that is closed or full, the exit status has to say it alone."""
    if getattr(sys, "stderr", None) is not None:
        with suppress(OSError):
            sys.stderr.write(f"draftscope: {line}\n")


def stopped_before() -> bool:
    """Whether a stop was asked for that something has swallowed, as a library's import may."""
    return any(isinstance(handler, Interruption) and handler.asked for handler in map(signal.getsignal, STOPS))


def leave(status: int) -> "NoReturn":
    """End the process with a status, which a stop that comes while it ends does not change.

    One that comes while threads are waited for ends it at once. What is left then is quick, and Python's own handlers
    are gone by then: it ignores stops."""

    def hurry(_number: int, _frame: FrameType | None) -> None:
        os._exit(status)

    def ignore() -> None:
        for number in STOPS:
            signal.signal(number, signal.SIG_IGN)

    for number in STOPS:
        signal.signal(number, hurry)
    atexit.register(ignore)
    sys.exit(status)
