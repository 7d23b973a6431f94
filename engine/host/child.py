"""`python -m engine.host.child [RUNS]`: the engine as a process; orders come in at stdin, events leave at stdout.

* imports neither Qt nor torch; the engine thread imports torch with the first order."""

import ctypes
import faulthandler
import io
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from engine.events import Event
from engine.host import wire
from engine.host.thread_host import ThreadHost, new_session

if TYPE_CHECKING:
    from engine.session.session import Session

_PR_SET_PDEATHSIG = 1
_STDIN, _STDOUT, _STDERR = 0, 1, 2


class PipeOutbox:
    """Writes events to a pipe. A reader that falls behind holds the engine; one that is gone is no fault."""

    def __init__(self, pipe: io.FileIO) -> None:
        self._pipe = pipe

    def put(self, event: Event, /) -> None:
        """Write one event."""
        self._write(wire.framed_event(event))

    def readied(self) -> None:
        """Say that the engine's session exists."""
        self._write(wire.framed(wire.Readied()))

    def answered(self) -> None:
        """Say that the command under way has had its last event."""
        self._write(wire.framed(wire.Answered()))

    def _write(self, frame: bytearray) -> None:
        rest = memoryview(frame)
        try:
            while rest:
                rest = rest[self._pipe.write(rest) :]
        except OSError:  # the window is gone: the end of the orders ends this process
            return


def claim_pipes() -> tuple[BinaryIO, io.FileIO]:
    """Take stdin and stdout for orders and events, and leave libraries an empty stdin and stderr to print to."""
    orders, events = os.dup(_STDIN), os.dup(_STDOUT)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, _STDIN)
    os.close(nothing)
    os.dup2(_STDERR, _STDOUT)
    return os.fdopen(orders, "rb"), io.FileIO(events, "wb")


def serve(host: ThreadHost, orders: BinaryIO) -> None:
    """Carry out orders until there are no more: also where the process that gave them was killed."""
    for order in wire.messages(orders, wire.ORDERS):
        if isinstance(order, wire.Cancel):
            host.cancel()
        else:
            host.submit(order)
    host.close()


def die_with_window() -> None:
    """On Linux, end ten seconds after the thread that started this process: also where native code never returns.

    Most windows that are gone are noticed sooner, at the end of the orders; that takes a thread that gets on."""
    if sys.platform != "linux":
        return
    window = os.getppid()
    libc = ctypes.CDLL(None)
    libc.signal.argtypes, libc.signal.restype = (ctypes.c_int, ctypes.c_void_p), ctypes.c_void_p
    # The C function is the handler itself, for Python's would wait its turn: alarm(SIGUSR1), which is 10, then SIGALRM.
    libc.signal(signal.SIGUSR1, ctypes.cast(libc.alarm, ctypes.c_void_p))
    libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGUSR1), 0, 0, 0)
    if os.getppid() != window:
        signal.alarm(signal.SIGUSR1)


def main(argv: list[str], new_session: Callable[[], "Session"] = new_session) -> None:
    """Serve; does not return. argv: the folder that receives runs, or nothing."""
    orders, events = claim_pipes()
    faulthandler.enable()
    die_with_window()
    # Ctrl+C in a terminal reaches this process too; what then happens is for the window to say.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    outbox = PipeOutbox(events)
    runs = Path(argv[0]) if argv else None

    def told_session() -> "Session":
        made = new_session()
        outbox.readied()
        return made

    host = ThreadHost(runs, new_session=told_session, outbox=outbox, answered=outbox.answered, kind="process")
    serve(host, orders)
    # Neither a thread that did not stop nor one of a library may keep the process.
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
