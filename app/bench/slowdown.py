"""What the window costs the engine: the same generation headless, drawn live, and only measured, in turn."""

from collections.abc import Callable
from statistics import median

import msgspec
from PySide6.QtCore import QEventLoop, QTimer

from app.main_window import MainWindow
from app.run_record import RunRecord
from app.store import RunStore
from engine.events import Event, PhaseFinished, Refused, RoundFinished, RunFailed, RunFinished
from engine.host import Run, ThreadHost
from engine.speed_model import Interval, median_interval

BLOCK_S = 3.0
RUN_LIMIT_MS = 300_000


class Slowdown(msgspec.Struct, frozen=True):
    """1 - tokens a second with the window / headless; medians over pairs."""

    live: float
    live_ci: Interval | None
    measure_only: float
    measure_only_ci: Interval | None
    tokens_per_s: float
    headless_tokens_per_s: float


class _Rate:
    """Adds up tokens and decoding time, prefill apart, as the engine's own clock has them."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._n_tokens = 0
        self._began_at_s = 0.0
        self._ended_at_s = 0.0

    def take(self, event: Event) -> None:
        """Count an event."""
        if isinstance(event, PhaseFinished):
            self._began_at_s = event.at_s
        elif isinstance(event, RoundFinished):
            self._n_tokens += len(event.emitted)
            self._ended_at_s = event.at_s
        elif isinstance(event, RunFinished):
            self.seconds += self._ended_at_s - self._began_at_s

    @property
    def per_s(self) -> float:
        """Tokens a second."""
        return self._n_tokens / max(self.seconds, 1e-9)


def headless(host: ThreadHost, run: Run) -> float:
    """Tokens a second without a window: this thread only empties the queue. Raises RuntimeError where the run fails."""
    rate = _Rate()
    while rate.seconds < BLOCK_S:
        host.submit(run)
        while not isinstance(event := host.inbox.get(), RunFinished):
            if isinstance(event, RunFailed | Refused):
                raise RuntimeError(f"the run of the bench did not finish: {event}")
            rate.take(event)
        rate.take(event)
    return rate.per_s


def in_window(window: MainWindow, run: Run, *, measure_only: bool) -> float:
    """Tokens a second with the window drawing, or waiting for the end."""
    rate, store = _Rate(), window.store
    store.measure_only = measure_only
    while rate.seconds < BLOCK_S:
        pair = store.commands.pair_to_come
        assert pair is not None
        store.run(pair, run)
        _wait_idle(store)
        record = store.shelf.shown
        assert isinstance(record, RunRecord)
        for event in record.events:
            rate.take(event)
    store.measure_only = False
    return rate.per_s


def _wait_idle(store: RunStore) -> None:
    """Let the event loop run until nothing is under way; asks when told, since asking often would cost the engine."""
    loop, limit = QEventLoop(), QTimer()
    limit.setSingleShot(True)
    limit.timeout.connect(loop.quit)
    limit.start(RUN_LIMIT_MS)
    watch = store.changed.connect(lambda: None if store.busy else loop.quit())
    if store.busy:
        loop.exec()
    limit.stop()
    store.changed.disconnect(watch)


def measure(window: MainWindow, host: ThreadHost, run: Run, *, n_pairs: int) -> Slowdown:
    """Blocks in turn, the order reversed from pair to pair so that a drift of the machine falls on all alike."""
    lanes: dict[str, Callable[[], float]] = {
        "headless": lambda: headless(host, run),
        "live": lambda: in_window(window, run, measure_only=False),
        "measure_only": lambda: in_window(window, run, measure_only=True),
    }
    found: dict[str, list[float]] = {name: [] for name in lanes}
    for number in range(n_pairs):
        for name in list(lanes)[:: 1 if number % 2 else -1]:
            found[name].append(lanes[name]())
    live, live_ci = _lost(found["live"], found["headless"])
    measured, measured_ci = _lost(found["measure_only"], found["headless"])
    return Slowdown(live, live_ci, measured, measured_ci, median(found["live"]), median(found["headless"]))


def _lost(with_window: list[float], without: list[float]) -> tuple[float, Interval | None]:
    lost = [1 - a / b for a, b in zip(with_window, without, strict=True)]
    return median(lost), median_interval(lost)
