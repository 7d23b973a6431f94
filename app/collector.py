"""Collects garbage on the GUI thread only: a collection on another thread could delete Qt objects there."""

import gc

from PySide6.QtCore import QObject, QTimer

_EVERY_MS = 1000
# At a start an engine imports libraries whose objects stay for good; looking through them would hold the imports up.
_FIRST_MS = 6000


class Collector(QObject):
    """Replaces the automatic collection until it is stopped; run events are not tracked by either."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._thresholds = gc.get_threshold()
        self._timer = QTimer(self)
        self._timer.setInterval(_FIRST_MS)
        self._timer.timeout.connect(self._on_time)
        gc.disable()
        self._timer.start()

    def _on_time(self) -> None:
        self._timer.setInterval(_EVERY_MS)
        self.look()

    def look(self) -> None:
        """Collect the oldest generation that is due."""
        counts = gc.get_count()
        due = [generation for generation in range(3) if counts[generation] > self._thresholds[generation]]
        if due:
            gc.collect(due[-1])

    def stop(self) -> None:
        """Switch the automatic collection back on."""
        self._timer.stop()
        gc.enable()
