"""Stops, pauses and ends of the engine's process: in time, by force, with the window."""

import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from engine.commands import (
    Evaluate,
    Pause,
    Resume,
    Step,
    Train,
    Unload,
)
from engine.events import (
    EngineEnded,
    EngineStarted,
    Indexed,
    ModelUnloaded,
    Refused,
    RoundFinished,
    RunFailed,
    RunFinished,
    RunStarted,
    TrainingEstimated,
)
from engine.host import process_host
from engine.host.process_host import ProcessHost
from tests.engine.host.faulty_host import FAULTY, WAIT_S, gone, loaded, make, run, saved, silent, until, until_stuck

ON_LINUX = pytest.mark.skipif(
    sys.platform != "linux", reason="elsewhere nothing ends a process whose native code is stuck"
)


ORPHAN = """
import sys
from pathlib import Path
from engine.events import EngineStarted
from tests.engine.host.faulty_host import make, run, until
host = make(Path(sys.argv[1]))
host.submit(run(sys.argv[2], paused=sys.argv[2] == "long"))
print(until(host, EngineStarted).pid, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def host(tmp_path: Path):  # type: ignore[no-untyped-def]
    made = make(tmp_path / "runs")
    yield made
    assert made.close()


def test_run_that_does_not_stop_is_ended_with_its_process_and_kept_as_stopped(tmp_path: Path) -> None:
    host = make(tmp_path / "runs", patience_s=0.5)
    pid = loaded(host, "this one")
    host.submit(run("stuck"))
    until(host, RoundFinished)
    until_stuck(tmp_path)
    host.submit(run("well"))
    host.cancel()
    assert "did not stop" in until(host, EngineEnded).why
    assert until(host, RunFinished) == RunFinished("cancelled", 2)
    assert until(host, Refused).reason == "stopped before it began"
    assert saved(tmp_path, "stuck")[-1] == RunFinished("cancelled", 2)
    assert gone(pid)
    host.submit(run("well"))
    assert until(host, RunStarted).prompt_pieces == ("this one",)
    assert host.close()


def test_training_that_does_not_stop_is_ended_with_its_process_and_refused_as_stopped(tmp_path: Path) -> None:
    host = make(tmp_path / "runs", patience_s=0.5)
    host.submit(Train("builtin", "stuck", "drafter", {}))
    until(host, TrainingEstimated)
    until_stuck(tmp_path)
    host.cancel()
    until(host, EngineEnded)
    refused = until(host, Refused)
    assert (refused.what, refused.reason) == ("train", "stopped by the user")
    assert "resume" in refused.hint
    assert host.close()


def test_evaluation_has_the_time_of_a_training_to_sum_up_what_it_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Evaluate.__base__, "patience_s", 0.1)
    host = ProcessHost(argv=FAULTY)
    host.submit(Evaluate("sums up", {}, {}))
    until(host, Indexed)
    host.cancel()
    said = host.inbox.get(timeout=WAIT_S)
    assert isinstance(said, Refused) and said.reason == "summed up", said
    assert host.close()


def test_process_that_still_imports_is_not_ended_for_what_was_stopped(tmp_path: Path) -> None:
    slow = tmp_path / "slow"
    slow.touch()
    host = make(tmp_path / "runs", patience_s=0.5)
    host.submit(run("well"))
    until(host, EngineStarted)
    host.cancel()
    time.sleep(1.5)
    slow.unlink()
    assert host.inbox.get(timeout=WAIT_S) == Refused("run", "stopped before it began", "start it again")
    host.submit(run("stuck"))
    until(host, RoundFinished)
    until_stuck(tmp_path)
    host.cancel()
    assert "did not stop" in until(host, EngineEnded).why
    assert host.close()


def test_run_that_stops_in_time_keeps_its_process(host: ProcessHost) -> None:
    loaded(host, "this one")
    for _ in range(3):
        host.submit(run("long", paused=True))
        until(host, RunStarted)
        host.cancel()
        assert until(host, RunFinished).reason == "cancelled"
    host.submit(run("well"))
    assert isinstance(host.inbox.get(timeout=WAIT_S), RunStarted)


def test_closing_ends_a_process_that_is_stuck(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_host, "_JOIN_S", 0.5)
    host = make(tmp_path / "runs")
    pid = loaded(host, "this one")
    host.submit(run("stuck"))
    until(host, RoundFinished)
    until_stuck(tmp_path)
    host.close()
    assert gone(pid)
    assert saved(tmp_path, "stuck")[-1] == RunFinished("cancelled", 2)


def test_unloading_ends_the_process(host: ProcessHost) -> None:
    pid = loaded(host, "this one")
    host.submit(Unload())
    until(host, ModelUnloaded)
    assert gone(pid)
    host.submit(Unload())
    until(host, ModelUnloaded)
    host.submit(run("well"))
    assert until(host, RunStarted).prompt_pieces == ("none",)


def test_pause_and_steps_given_before_the_run_has_begun_hold_it(host: ProcessHost) -> None:
    host.submit(run("exit"))
    host.submit(run("well"))
    host.submit(Resume())  # of the one under way
    until(host, RunFailed)
    host.submit(Pause())
    host.submit(Step())
    until(host, RunStarted)
    while not silent(host):
        pass
    host.submit(Resume())
    assert until(host, RunFinished).reason == "length"


def test_steering_without_a_run_is_forgotten(host: ProcessHost) -> None:
    host.submit(Pause())
    host.submit(run("well"))
    assert until(host, RunFinished).reason == "length"


def test_run_of_a_window_that_takes_nothing_can_be_stopped(host: ProcessHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_host, "MOST_WAITING", 100)
    pid = loaded(host, "this one")
    host.submit(run("long"))
    while host.inbox.qsize() < 100:
        time.sleep(0.01)
    host.cancel()
    assert until(host, RunFinished).reason == "cancelled"
    assert psutil.pid_exists(pid)


@pytest.mark.parametrize("how", ["long", pytest.param("stuck", marks=ON_LINUX)])
def test_process_ends_when_its_window_is_killed(tmp_path: Path, how: str) -> None:
    command = [sys.executable, "-c", ORPHAN, str(tmp_path / "runs"), how]
    window = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert window.stdin is not None and window.stdout is not None
    pid = int(window.stdout.readline())
    if how == "stuck":
        until_stuck(tmp_path)
    assert psutil.pid_exists(pid)
    window.kill()
    window.wait()
    assert gone(pid)
    window.stdin.close()
    window.stdout.close()
