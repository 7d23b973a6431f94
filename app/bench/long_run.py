"""Opens a long run's trace and measures memory, opening, scrolling and searching; run as its own process."""

import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import msgspec
import psutil
from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QApplication

from app import theme
from app.bench.meter import MeteredWindow
from app.workspaces.decode.workspace import DecodeWorkspace
from engine.commands import Load

_POLL_MS = 10
_LIMIT_MS = 60_000
_SETTLE_MS = 1500
_N_SCROLLS = 60


class LongRun(msgspec.Struct, frozen=True):
    """What a long run takes. memory_mb: resident memory above that of the idle window."""

    tokens: int
    memory_mb: float
    open_s: float
    scroll_p99_ms: float
    search_ms: float
    n_found: int


def wait_until(condition: Callable[[], bool], limit_ms: int = _LIMIT_MS) -> bool:
    """Let the event loop run until a condition holds, at most `limit_ms`. Returns whether it holds."""
    loop, poll = QEventLoop(), QTimer()
    poll.timeout.connect(lambda: loop.quit() if condition() else None)
    poll.start(_POLL_MS)
    QTimer.singleShot(limit_ms, loop.quit)
    loop.exec()
    return condition()


def rest(ms: int) -> None:
    """Let the event loop run for `ms` milliseconds."""
    loop = QEventLoop()
    QTimer.singleShot(ms, loop.quit)
    loop.exec()


def main(path: Path) -> int:
    """Open the trace and print a LongRun as JSON."""
    app = QApplication([])
    theme.apply(app, "light")
    window = MeteredWindow(Load(), None, make_host=None)
    window.resize(1600, 1000)
    window.show()
    window.workspace(DecodeWorkspace).lay_open()
    rest(_SETTLE_MS)
    before = psutil.Process().memory_info().rss
    began = perf_counter()
    window.store.open_trace(path)
    wait_until(lambda: not window.store.busy and window.workspace(DecodeWorkspace).up_to_date)
    open_s = perf_counter() - began
    rest(_SETTLE_MS)
    figures = _measure(window)
    after = psutil.Process().memory_info().rss
    result = LongRun(window.store.summary.n_emitted, (after - before) / 1e6, open_s, *figures)
    print(msgspec.json.encode(result).decode(), flush=True)
    window.close_now()
    return 0


def _measure(window: MeteredWindow) -> tuple[float, float, int]:
    """Scroll through the whole text and search it. Returns scroll p99 in ms, search time in ms, number of hits."""
    window.watch()
    bar = window.workspace(DecodeWorkspace).stream.view.verticalScrollBar()
    for step in range(_N_SCROLLS):
        bar.setValue(round(bar.maximum() * (step * 37 % _N_SCROLLS) / _N_SCROLLS))
        rest(_POLL_MS)
    began = perf_counter()
    window.workspace(DecodeWorkspace).stream.open_search("harbour")
    search = window.workspace(DecodeWorkspace).stream.view.marks.search
    return window.percentile_ms(0.99), 1000 * (perf_counter() - began), 0 if search is None else len(search.starts)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
