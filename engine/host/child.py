"""`python -m engine.host.child [RUNS]`: the engine as a process; orders arrive on stdin, events leave on stdout.

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
    """Writes events to a pipe. A slow reader blocks the engine; a reader that is gone is no error."""

    def __init__(self, pipe: io.FileIO) -> None:
        self._pipe = pipe

    def put(self, event: Event, /) -> None:
        """Write one event."""
        self._write(wire.framed_event(event))

    def readied(self) -> None:
        """Report that the engine's session exists."""
        self._write(wire.framed(wire.Readied()))

    def answered(self) -> None:
        """Report that the current command has had its last event."""
        self._write(wire.framed(wire.Answered()))

    def _write(self, frame: bytearray) -> None:
        rest = memoryview(frame)
        try:
            while rest:
                rest = rest[self._pipe.write(rest) :]
        except OSError:  # the window is gone, and the end of the orders ends this process
            return


def claim_pipes() -> tuple[BinaryIO, io.FileIO]:
    """Take stdin and stdout for orders and events; libraries get an empty stdin and print to stderr."""
    orders, events = os.dup(_STDIN), os.dup(_STDOUT)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, _STDIN)
    os.close(nothing)
    os.dup2(_STDERR, _STDOUT)
    return os.fdopen(orders, "rb"), io.FileIO(events, "wb")


def serve(host: ThreadHost, orders: BinaryIO) -> None:
    """Execute orders until there are no more, which is also the case if the process that sent them was killed."""
    for order in wire.messages(orders, wire.ORDERS):
        if isinstance(order, wire.Cancel):
            host.cancel()
        else:
            host.submit(order)
    host.close()


def die_with_window() -> None:
    """On Linux, end ten seconds after the thread that started this process, even if native code never returns.

    The end of the orders usually ends this process sooner, but only while its main thread still runs."""
    if sys.platform != "linux":
        return
    window = os.getppid()
    libc = ctypes.CDLL(None)
    libc.signal.argtypes, libc.signal.restype = (ctypes.c_int, ctypes.c_void_p), ctypes.c_void_p
    # The handler is C's alarm itself, since a Python handler would wait for the interpreter: SIGUSR1, which is 10,
    # calls alarm(10), and SIGALRM ends this process.
    libc.signal(signal.SIGUSR1, ctypes.cast(libc.alarm, ctypes.c_void_p))
    libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGUSR1), 0, 0, 0)
    if os.getppid() != window:  # the window ended before prctl
        signal.alarm(signal.SIGUSR1)


def main(argv: list[str], new_session: Callable[[], "Session"] = new_session) -> None:
    """Serve; does not return. argv: the folder that receives runs, or nothing."""
    orders, events = claim_pipes()
    faulthandler.enable()
    die_with_window()
    # Ctrl+C in a terminal reaches this process too; the window decides what happens then.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    outbox = PipeOutbox(events)
    runs = Path(argv[0]) if argv else None

    def create_session() -> "Session":
        session = new_session()
        outbox.readied()
        return session

    host = ThreadHost(runs, new_session=create_session, outbox=outbox, answered=outbox.answered, kind="process")
    serve(host, orders)
    # No thread that did not stop, ours or a library's, may keep the process alive.
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
