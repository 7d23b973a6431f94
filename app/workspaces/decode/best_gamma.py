"""The draft length with which the run on show would have been fastest, replayed beside the window."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from app.state.background import Background
from app.state.run_record import RunRecord
from engine.events import Event

if TYPE_CHECKING:
    from engine.experiments.recorded import RecordedRun

_POLL_MS = 30


class BestGamma(QObject):
    """Replays a run once, when it has ended; the same replay as What if in the tab Runs. `changed`: it is known."""

    changed = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._background = Background("best-gamma", lambda _failure: None)
        self._of: tuple[int, int] | None = None
        self._best: int | None = None
        self._poll = QTimer(self)
        self._poll.setInterval(_POLL_MS)
        self._poll.timeout.connect(self._deliver)

    def of(self, record: RunRecord | None) -> int | None:
        """The draft length, 0 for none; None while it is not known, and for a run without measured costs."""
        if record is None or record.summary.state != "finished" or record.summary.costs is None:
            return None
        if self._of != (asked := (record.number, len(record.events))):
            self._of, self._best = asked, None
            events = tuple(record.events)
            self._background.ask(lambda: _recorded(events), self._take_run, topic="run")
            self._poll.start()
        return self._best

    def close(self) -> None:
        """Wait for a replay that is under way."""
        self._poll.stop()
        self._background.close()

    def _take_run(self, run: "RecordedRun | None") -> None:
        if run is not None:
            self._background.ask(lambda: _best_gamma(run), self._take, topic="best")

    def _take(self, best: int | None) -> None:
        self._best = best
        self.changed.emit()

    def _deliver(self) -> None:
        self._background.deliver()
        if not self._background.busy:
            self._poll.stop()


# What replays is imported on the thread that does, once there is a run: the first paint waits for every import.


def _recorded(events: tuple[Event, ...]) -> "RecordedRun | None":
    from engine.experiments.recorded import recorded_run

    return recorded_run(events)


def _best_gamma(run: "RecordedRun") -> int | None:
    from engine.experiments.prediction import best_gamma

    return best_gamma(run)
