"""Measures what the window costs the engine: one generation headless, drawn live, and only measured, in turn."""

from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias

import msgspec
from PySide6.QtCore import QEventLoop, QTimer

from app.main_window import MainWindow
from app.state.run_record import RunRecord
from app.state.store import RunStore
from engine.commands import Run
from engine.events import Event, PhaseFinished, Refused, RoundFinished, RunFailed, RunFinished
from engine.host.thread_host import Host
from engine.statistics import Interval, RatioEstimate, UnitTime, share_saved, speedup

Lane: TypeAlias = Literal["headless", "live", "measure_only"]
BLOCK_S = 3.0
RUN_LIMIT_MS = 300_000


class Slowdown(msgspec.Struct, frozen=True):
    """times: time per token of each repeat, by lane."""

    times: Mapping[Lane, UnitTime]

    def tokens_per_s(self, lane: Lane) -> float:
        """The median over repeats."""
        return 1e3 / self.times[lane].typical_ms

    def lost(self, lane: Lane) -> float:
        """1 - tokens a second in that lane / headless."""
        return share_saved(self._longer(lane))[0]

    def interval(self, lane: Lane) -> Interval | None:
        """The interval of the loss; None below ten repeats."""
        return share_saved(self._longer(lane))[1]

    def range(self, lane: Lane) -> Interval | None:
        """The smallest and the largest loss of a repeat."""
        return share_saved(self._longer(lane))[2]

    def _longer(self, lane: Lane) -> RatioEstimate:
        return speedup([self.times[lane]], [self.times["headless"]])


class _Rate:
    """Adds up tokens and decoding time without prefill, by the engine's own clock."""

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


def headless(host: Host, run: Run) -> float:
    """Tokens a second without a window: this thread only empties the queue. Raises RuntimeError if the run fails."""
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
    """Tokens a second with the window drawing, or with measure_only drawing nothing until the end."""
    rate, store = _Rate(), window.store
    store.measure_only = measure_only
    while rate.seconds < BLOCK_S:
        pair = store.commands.pair_to_come
        assert pair is not None
        store.run(pair, run)
        _wait_idle(store)
        record = store.history.shown
        assert isinstance(record, RunRecord)
        for event in record.events:
            rate.take(event)
    store.measure_only = False
    return rate.per_s


def _wait_idle(store: RunStore) -> None:
    """Let the event loop run until nothing is under way; waits for `changed`, since polling would cost the engine."""
    loop, limit = QEventLoop(), QTimer()
    limit.setSingleShot(True)
    limit.timeout.connect(loop.quit)
    limit.start(RUN_LIMIT_MS)
    connection = store.changed.connect(lambda: None if store.busy else loop.quit())
    if store.busy:
        loop.exec()
    limit.stop()
    store.changed.disconnect(connection)


def measure(window: MainWindow, host: Host, run: Run, *, lanes: tuple[Lane, ...], n_pairs: int) -> Slowdown:
    """Time blocks in turn; the order reverses from repeat to repeat so that drift affects all lanes alike."""
    blocks: dict[Lane, Callable[[], float]] = {
        "headless": lambda: headless(host, run),
        "live": lambda: in_window(window, run, measure_only=False),
        "measure_only": lambda: in_window(window, run, measure_only=True),
    }
    rates: dict[Lane, list[float]] = {lane: [] for lane in lanes}
    for number in range(n_pairs):
        for lane in lanes[:: 1 if number % 2 else -1]:
            rates[lane].append(blocks[lane]())
    return Slowdown({lane: UnitTime(tuple(1e3 / rate for rate in values), 1) for lane, values in rates.items()})
