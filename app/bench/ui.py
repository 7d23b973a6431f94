"""Measures the window under a stream, offscreen, for `draftscope bench ui`; all figures in one run."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median

import msgspec
from PySide6.QtWidgets import QApplication

from app import theme
from app.bench.first_paint import PAIR
from app.bench.long_run import LongRun, rest, wait_until
from app.bench.meter import Heartbeat, MeteredWindow
from app.bench.recording import RecordedHost, lengthened
from app.bench.slowdown import RUN_LIMIT_MS, Lane, Slowdown, measure
from app.collector import Collector
from app.main_window import MainWindow
from app.state.run_record import RunRecord
from app.workspaces.decode.workspace import DecodeWorkspace
from engine.commands import Load, Run
from engine.errors import EngineError
from engine.events import Event, ModelLoaded, Progressed
from engine.host.process_host import ProcessHost
from engine.host.thread_host import Host, ThreadHost
from engine.machine.own_module import spare_threads
from engine.runs.trace import TraceWriter
from engine.settings import Request
from engine.statistics import Interval

_SIZE = (1600, 1000)
_N_NEW = 1300
_N_STREAMED, _TOKENS_PER_S = 20_000, 800.0
_N_LONG = 100_000
_N_STARTS = 3
_LOAD_LIMIT_MS = 120_000
PROMPT = "It was dawn in Keldmouth, and Dororan the harbour master was already awake."


class UiBench(msgspec.Struct, frozen=True):
    """The measured figures; times in milliseconds or seconds as named, memory in 10^6 bytes."""

    frame_p99_ms: float
    frame_p50_ms: float
    n_frames: int
    stall_max_ms: float
    engine_slowdown: float
    engine_slowdown_ci: Interval | None
    engine_slowdown_range: Interval | None
    engine_slowdown_measure_only: float
    engine_slowdown_measure_only_ci: Interval | None
    engine_slowdown_measure_only_range: Interval | None
    tokens_per_s: float
    headless_tokens_per_s: float
    process_engine_slowdown: float
    process_engine_slowdown_ci: Interval | None
    process_engine_slowdown_range: Interval | None
    process_tokens_per_s: float
    process_headless_tokens_per_s: float
    process_threads: int
    first_paint_s: float
    pair_ready_s: float
    long_run: LongRun
    target: str
    drafter: str
    device: str
    n_cpus: int
    versions: dict[str, str]
    measured_utc: str
    seconds: float
    workload: str = (
        "frames: a recorded run streamed at 800 tokens/s for 20,000 tokens, every Decode panel visible, 1600 x 1000, "
        "offscreen; engine: paired blocks of at least 3 s, sampling at temperature 0.8, gamma as given; process: the "
        "same with the engine in a process of its own, headless in such a process too"
    )


def bench(pair: Load, gamma: int, *, n_pairs: int) -> Iterator[Event | UiBench]:
    """Measure everything; yields progress and, last, the figures. Raises EngineError where the pair cannot run."""
    began = time.perf_counter()
    first_paint_s = median(_start_s() for _ in range(_N_STARTS))
    pair_ready_s = median(_start_s(PAIR) for _ in range(_N_STARTS))
    yield Progressed("measuring", 1, 5, "parts")
    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    theme.apply(app, "light")
    app.aboutToQuit.connect(Collector(app).stop)
    settings = {"gamma": gamma, "temperature": 0.8, "max_new_tokens": _N_NEW, "stop_at_end": False, "baseline": False}
    run = Run("speculative", settings, Request(PROMPT))
    record, model, slowdown = _with_engine(ThreadHost(), pair, run, n_pairs, ("headless", "live", "measure_only"))
    yield Progressed("measuring", 2, 5, "parts")
    _, _, in_process = _with_engine(ProcessHost(), pair, run, n_pairs, ("headless", "live"))
    yield Progressed("measuring", 3, 5, "parts")
    frames, stall_ms = _stream(pair, record)
    yield Progressed("measuring", 4, 5, "parts")
    long_run = _long_run(record)
    yield UiBench(
        frame_p99_ms=frames.percentile_ms(0.99),
        frame_p50_ms=frames.percentile_ms(0.5),
        n_frames=len(frames.frames_ms),
        stall_max_ms=stall_ms,
        engine_slowdown=slowdown.lost("live"),
        engine_slowdown_ci=slowdown.interval("live"),
        engine_slowdown_range=slowdown.range("live"),
        engine_slowdown_measure_only=slowdown.lost("measure_only"),
        engine_slowdown_measure_only_ci=slowdown.interval("measure_only"),
        engine_slowdown_measure_only_range=slowdown.range("measure_only"),
        tokens_per_s=slowdown.tokens_per_s("live"),
        headless_tokens_per_s=slowdown.tokens_per_s("headless"),
        process_engine_slowdown=in_process.lost("live"),
        process_engine_slowdown_ci=in_process.interval("live"),
        process_engine_slowdown_range=in_process.range("live"),
        process_tokens_per_s=in_process.tokens_per_s("live"),
        process_headless_tokens_per_s=in_process.tokens_per_s("headless"),
        process_threads=spare_threads(),
        first_paint_s=first_paint_s,
        pair_ready_s=pair_ready_s,
        long_run=long_run,
        target=model.target,
        drafter=model.drafter,
        device=model.device,
        n_cpus=os.cpu_count() or 1,
        versions={name: version(name) for name in ("PySide6-Essentials", "pyqtgraph", "torch", "transformers")},
        measured_utc=datetime.now(UTC).isoformat(timespec="seconds"),
        seconds=time.perf_counter() - began,
    )


def _start_s(*until: str) -> float:
    """Seconds from the start of a process to its window's first paint; with PAIR until its pair is loaded."""
    began = time.time()
    process = subprocess.run(
        [sys.executable, "-m", "app.bench.first_paint", *until], capture_output=True, text=True, timeout=120, check=True
    )
    return float(process.stdout.splitlines()[-1].split()[0]) - began


def _show_window(window: MainWindow) -> None:
    """Show a window at full size with every panel visible, and wait until it has settled."""
    window.resize(*_SIZE)
    window.show()
    rest(300)
    window.workspace(DecodeWorkspace).lay_open()
    rest(500)


def _with_engine(
    host: Host, pair: Load, run: Run, n_pairs: int, lanes: tuple[Lane, ...]
) -> tuple[RunRecord, ModelLoaded, Slowdown]:
    """Load the pair, record a run of it, and compare its speed with and without the window."""
    window = MainWindow(pair, None, make_host=lambda: host)
    try:
        _show_window(window)
        wait_until(lambda: not window.store.busy and window.store.frame > 0, _LOAD_LIMIT_MS)
        if window.store.engine.model is None:
            trouble = window.store.trouble
            raise EngineError(*(("the pair did not load", "try another") if trouble is None else trouble[2:4]))
        window.store.run(pair, run)
        wait_until(lambda: not window.store.busy, RUN_LIMIT_MS)
        record = window.store.history.shown
        if record is None or record.summary.state != "finished":
            raise EngineError("the run of the bench did not finish", "try another pair")
        return record, window.store.engine.model, measure(window, host, run, lanes=lanes, n_pairs=n_pairs)
    finally:
        window.close_now()


def _stream(pair: Load, record: RunRecord) -> tuple[MeteredWindow, float]:
    """Stream a long run into a window. Returns the window, closed, with its frames, and the worst stall."""
    host = RecordedHost(lengthened(record, _N_STREAMED), _TOKENS_PER_S)
    window = MeteredWindow(pair, None, make_host=None)
    _show_window(window)
    window.store.attach(host)
    heartbeat = Heartbeat()
    window.watch()
    heartbeat.start()
    window.store.run(pair, Run("speculative", {}, Request(PROMPT)))
    wait_until(lambda: not window.store.busy, RUN_LIMIT_MS)
    heartbeat.stop()
    window.close_now()
    return window, heartbeat.worst_ms


def _long_run(record: RunRecord) -> LongRun:
    """Write a long trace and have a fresh process open it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trace.jsonl"
        writer = TraceWriter(path)
        for event in lengthened(record, _N_LONG):
            writer.write(event)
        writer.close()
        process = subprocess.run(
            [sys.executable, "-m", "app.bench.long_run", str(path)],
            capture_output=True, text=True, timeout=120, check=True,
        )  # fmt: skip
    return msgspec.json.decode(process.stdout, type=LongRun)
