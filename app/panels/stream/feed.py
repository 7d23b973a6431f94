"""Hands tokens to the stream: at once where they are few, in short slices where a prompt is long."""

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice
from time import perf_counter

from PySide6.QtCore import QObject, QTimer

from app.panels.stream.canvas import StreamCanvas
from app.panels.stream.tokens import StreamToken

# A slice takes so long, or so many tokens where that is more: what is short is there at once on any machine.
_SLICE_S, _AT_LEAST = 0.003, 1000
_TOKENS_PER_CHECK = 250


class TokenFeed(QObject):
    """Keeps the order: what is added while a prompt is under way follows it."""

    def __init__(self, view: StreamCanvas, parent: QObject) -> None:
        super().__init__(parent)
        self._view = view
        self._waiting: deque[Iterator[StreamToken]] = deque()
        self._timer = QTimer(self)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._feed)

    @property
    def busy(self) -> bool:
        """Whether tokens wait for their slice."""
        return bool(self._waiting)

    def add(self, tokens: Iterable[StreamToken]) -> None:
        """Add tokens after those that wait."""
        self._waiting.append(iter(tokens))

    def clear(self) -> None:
        """Forget what waits."""
        self._waiting.clear()
        self._timer.stop()

    def hold(self) -> None:
        """Hand nothing over until `start`."""
        self._timer.stop()

    def start(self) -> None:
        """Hand over a slice now, and the others as soon as the window has time."""
        if self._waiting and not self._timer.isActive():
            self._timer.start()
            self._feed()

    def _feed(self) -> None:
        """Hand over a slice; the view lays out once all of it is there."""
        deadline, n_handed = perf_counter() + _SLICE_S, 0
        while self._waiting and (n_handed < _AT_LEAST or perf_counter() < deadline):
            if tokens := list(islice(self._waiting[0], _TOKENS_PER_CHECK)):
                self._view.hold(tokens)
                n_handed += len(tokens)
            else:
                self._waiting.popleft()
        if not self._waiting:
            self._timer.stop()
            self._view.lay_out_held()
