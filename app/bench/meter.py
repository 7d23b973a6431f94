"""Measures how long each frame of a window takes the GUI thread, and how late a heartbeat comes."""

from time import perf_counter

import numpy as np
from PySide6.QtCore import QEvent, QObject, Qt, QTimer

from app.main_window import MainWindow

_BEAT_S = 0.005


class MeteredWindow(MainWindow):
    """Records each frame: from the slot that drew to the end of the paint it caused, without the wait in between."""

    def watch(self) -> None:
        """Start recording frames."""
        self.frames_ms: list[float] = []
        self._spent_s = self.store.budget.spent_s

    def event(self, event: QEvent) -> bool:
        """Record the time spent once everything that became dirty is painted."""
        handled = super().event(event)
        if event.type() == QEvent.Type.UpdateRequest and hasattr(self, "frames_ms"):
            spent_s, self._spent_s = self.store.budget.spent_s - self._spent_s, self.store.budget.spent_s
            self.frames_ms.append(1000 * spent_s)
        return handled

    def percentile_ms(self, share: float) -> float:
        """The frame time that a `share` of the frames stay below."""
        return float(np.quantile(self.frames_ms, share)) if self.frames_ms else 0.0


class Heartbeat(QObject):
    """Beats every 5 ms; a late beat shows how long the GUI thread was blocked."""

    def __init__(self) -> None:
        super().__init__()
        self.worst_ms = 0.0
        self._last = 0.0
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(round(1000 * _BEAT_S))
        self._timer.timeout.connect(self._beat)

    def start(self) -> None:
        """Start to beat."""
        self.worst_ms, self._last = 0.0, perf_counter()
        self._timer.start()

    def stop(self) -> None:
        """Stop beating."""
        self._timer.stop()

    def _beat(self) -> None:
        now = perf_counter()
        self.worst_ms = max(self.worst_ms, 1000 * (now - self._last - _BEAT_S))
        self._last = now
