"""The bench of the window: its command line, its recording, its meter. Figures are measured, not tested."""

import subprocess
import sys
from itertools import pairwise

import pytest
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication

from app.__main__ import main
from app.bench import meter
from app.bench.meter import Heartbeat, MeteredWindow
from app.bench.recording import RecordedHost, lengthened
from app.bench.slowdown import Slowdown
from app.state.run_record import RunRecord
from engine.commands import Load, Run
from engine.events import ModelLoaded, RoundFinished, RunFinished, RunStarted
from engine.settings import Request
from engine.statistics import UnitTime
from tests.app.factory import PAIR, whole_run


@pytest.fixture
def record() -> RunRecord:
    made = RunRecord(1)
    made.add_all(whole_run())
    return made


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["--pairs", "2"], "pairs = 2"),
        (["--drafter", "none"], "needs a drafter"),
        (["--gamma", "0"], "gamma"),
        (["--nonsense"], "nonsense"),
        (["--out", "/nowhere/at/all.json"], "cannot be written"),
    ],
)
def test_bad_usage_is_one_line_and_status_2(argv, says, capsys):
    assert main(["bench", "ui", *argv]) == 2
    err = capsys.readouterr().err
    assert says in err
    assert err.count("\n") == 1


def test_the_engine_alone_says_where_the_bench_of_the_window_is():
    done = subprocess.run(
        [sys.executable, "-m", "engine.cli", "bench", "ui"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "draftscope bench ui" in done.stderr


def test_a_recorded_run_is_lengthened_with_rounds_numbered_on(record):
    events = list(lengthened(record, 100))
    rounds = [event for event in events if isinstance(event, RoundFinished)]
    assert isinstance(events[0], RunStarted)
    assert [event.round for event in rounds] == list(range(len(rounds)))
    n_tokens = sum(len(event.emitted) for event in rounds)
    assert n_tokens >= 100
    assert events[-1] == RunFinished("length", n_tokens, at_s=rounds[-1].at_s)
    assert all(a.at_s < b.at_s for a, b in pairwise(rounds))


def test_a_recorded_host_answers_a_load_and_plays_a_run(record):
    host = RecordedHost(lengthened(record, 20), tokens_per_s=1e6)
    host.submit(Load())
    assert isinstance(host.inbox.get(timeout=5), ModelLoaded)
    host.submit(Run("speculative", {}, Request("x")))
    while not isinstance(host.inbox.get(timeout=5), RunFinished):
        pass
    assert host.close()


def test_a_recorded_host_that_is_stopped_ends_early(record):
    host = RecordedHost(lengthened(record, 100_000), tokens_per_s=10)
    host.submit(Run("speculative", {}, Request("x")))
    assert host.close()
    kinds = set()
    while not host.inbox.empty():
        kinds.add(type(host.inbox.get_nowait()))
    assert RunFinished not in kinds


def test_what_is_lost_is_what_the_speeds_side_by_side_tell():
    slowdown = Slowdown({"headless": UnitTime((100.0, 100.0, 100.0), 1), "live": UnitTime((125.0, 200.0, 100.0), 1)})
    speeds = slowdown.tokens_per_s("live"), slowdown.tokens_per_s("headless")
    assert speeds == (8.0, 10.0)
    assert slowdown.lost("live") == pytest.approx(1 - 8 / 10)
    assert slowdown.interval("live") is None
    assert slowdown.range("live") == pytest.approx((0.0, 0.5))


def test_the_meter_counts_what_was_spent_up_to_each_paint(qtbot):
    window = MeteredWindow(PAIR, None, make_host=None)
    qtbot.addWidget(window)
    window.show()
    window.watch()
    window.store.budget.spent_s += 0.25
    QApplication.sendEvent(window, QEvent(QEvent.Type.UpdateRequest))
    assert window.frames_ms[0] >= 250
    window.close()


def test_the_heartbeat_notices_that_the_thread_was_held_up(qtbot, monkeypatch):
    clock = iter([10.0, 10.005, 10.060, 10.065])
    monkeypatch.setattr(meter, "perf_counter", lambda: next(clock))
    beat = Heartbeat()
    beat.start()
    beat.stop()
    for _ in range(3):
        beat._beat()
    assert beat.worst_ms == pytest.approx(50.0)
