"""Closes the window where Ctrl+C in its terminal or SIGTERM asks for it, as its own button does, without a question."""

import signal
import socket
import sys
from contextlib import suppress
from types import FrameType

from PySide6.QtCore import QObject, QSocketNotifier, Signal

STOPPED = 130
_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_LINE = "draftscope: stopped; what was made so far is kept among the runs\n"


class EndingSignals(QObject):
    """`asked`: the first of these signals came; the next one ends the program at once.

    Qt waits in C, where Python handles no signal: a socket that Python writes the signal to wakes it."""

    asked = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.came = False
        self._reading, self._writing = socket.socketpair()
        for end in (self._reading, self._writing):
            end.setblocking(False)
        self._notifier = QSocketNotifier(self._reading.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._on_woken)
        self._woken_before = signal.set_wakeup_fd(self._writing.fileno(), warn_on_full_buffer=False)
        self._handlers = [signal.signal(number, self._note) for number in _SIGNALS]

    def _note(self, _signal: int, _frame: FrameType | None) -> None:
        self.came = True
        self._restore()

    def _on_woken(self) -> None:
        with suppress(BlockingIOError):
            self._reading.recv(64)
        if self.came:
            with suppress(OSError):
                sys.stderr.write(_LINE)
            self.asked.emit()

    def _restore(self) -> None:
        for number, handler in zip(_SIGNALS, self._handlers, strict=True):
            signal.signal(number, handler)

    def close(self) -> None:
        """Take no more signals."""
        if not self.came:
            self._restore()
        self._notifier.setEnabled(False)
        signal.set_wakeup_fd(self._woken_before)
        self._reading.close()
        self._writing.close()
