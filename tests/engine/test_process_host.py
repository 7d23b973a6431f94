"""The engine's process: crashes, force, pipes, orphans. What every host must do is in test_host."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from queue import Empty
from typing import TypeVar

import psutil
import pytest

from engine import child_link, process_host, threads, trace
from engine.commands import (
    Command,
    Estimate,
    EstimateTraining,
    Fork,
    Load,
    Pause,
    Resume,
    Run,
    Step,
    Survey,
    Train,
    Unload,
)
from engine.events import (
    EngineEnded,
    EngineStarted,
    Estimated,
    Event,
    ModelLoaded,
    ModelUnloaded,
    PhaseFinished,
    Refused,
    RoundFinished,
    RunFailed,
    RunFinished,
    RunStarted,
    Surveyed,
    TrainingEstimated,
)
from engine.method import Request
from engine.process_host import ProcessHost

E = TypeVar("E", bound=Event)
FAULTY = [sys.executable, "-m", "tests.engine.faulty_child"]
WAIT_S = 60
ON_LINUX = pytest.mark.skipif(
    sys.platform != "linux", reason="elsewhere nothing ends a process whose native code is stuck"
)


def make(runs: Path | None = None, *, patience_s: float = 30.0) -> ProcessHost:
    argv = FAULTY if runs is None else [*FAULTY, str(runs)]
    return ProcessHost(runs, argv=argv, patience_s=patience_s)


@pytest.fixture
def host(tmp_path: Path):  # type: ignore[no-untyped-def]
    made = make(tmp_path / "runs")
    yield made
    assert made.close()


def until(host: ProcessHost, kind: type[E]) -> E:
    while True:
        event = host.inbox.get(timeout=WAIT_S)
        if isinstance(event, kind):
            return event


def silent(host: ProcessHost) -> bool:
    try:
        host.inbox.get(timeout=0.3)
    except Empty:
        return True
    return False


def run(prompt: str, *, paused: bool = False) -> Run:
    return Run("speculative", {}, Request(prompt), paused=paused)


def saved(tmp_path: Path, pattern: str) -> tuple[Event, ...]:
    (file,) = (tmp_path / "runs").glob(f"*{pattern}/trace.jsonl")
    found = trace.read(file)
    assert found.damage is None
    return found.events


def until_stuck(tmp_path: Path) -> None:
    """Wait until a stop comes too late for the run to see it."""
    while not (tmp_path / "stuck").exists():
        time.sleep(0.01)


def gone(pid: int) -> bool:
    """Whether a process has ended, within a while."""
    for _ in range(WAIT_S * 10):
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.1)
    return False


@pytest.mark.parametrize(
    ("how", "says", "details"),
    [
        ("exit", "status 7", "the library's last words"),
        ("segfault", "SIGSEGV", "Fatal Python error: Segmentation fault"),
        ("killed", "SIGKILL", ""),
        ("leave", "ended by itself", ""),
        ("babble", "made no sense", ""),
    ],
)
def test_crash_becomes_a_failed_run_and_the_next_run_has_its_pair_again(
    host: ProcessHost, tmp_path: Path, how: str, says: str, details: str
) -> None:
    host.submit(Load("this one", "lookup"))
    until(host, ModelLoaded)
    host.submit(run(how))
    failed = until(host, RunFailed)
    assert says in failed.message
    assert failed.hint
    assert details in failed.traceback
    kept = saved(tmp_path, how)
    assert [type(event) for event in kept] == [RunStarted, PhaseFinished, RoundFinished, RunFailed]
    assert kept[-1] == failed
    host.submit(run("well"))
    assert until(host, RunStarted).prompt_pieces == ("this one",)
    assert until(host, RunFinished).reason == "length"


def test_process_that_dies_before_the_run_has_begun_fails_the_run(host: ProcessHost) -> None:
    host.submit(run("dead before the start"))
    assert "status 3" in until(host, RunFailed).message


def test_process_that_dies_while_loading_refuses_the_load_and_keeps_the_pair_before(host: ProcessHost) -> None:
    host.submit(Load("first", "lookup"))
    host.submit(Load("deadly", "lookup"))
    refused = until(host, Refused)
    assert (refused.what, "status 9" in refused.reason) == ("load", True)
    host.submit(run("well"))
    assert until(host, RunStarted).prompt_pieces == ("first",)


def test_what_waits_behind_a_crash_is_carried_out_in_order(host: ProcessHost) -> None:
    for prompt in ("exit", "one", "exit", "two"):
        host.submit(run(prompt))
    ends: list[type[Event]] = []
    while len(ends) < 4:
        event = host.inbox.get(timeout=WAIT_S)
        if isinstance(event, RunFailed | RunFinished):
            ends.append(type(event))
    assert ends == [RunFailed, RunFinished, RunFailed, RunFinished]


def test_pair_that_can_no_longer_be_loaded_refuses_the_run_that_needs_it(host: ProcessHost, tmp_path: Path) -> None:
    folder = tmp_path / "vanished"
    folder.mkdir()
    host.submit(Load(str(folder), "lookup"))
    until(host, ModelLoaded)
    host.submit(run("exit"))
    until(host, RunFailed)
    folder.rmdir()
    host.submit(run("well"))
    refused = until(host, Refused)
    assert (refused.what, "vanished" in refused.reason) == ("run", True)
    folder.mkdir()
    host.submit(run("well"))
    assert until(host, RunFinished).reason == "length"


def test_process_that_dies_between_two_runs_is_told_and_replaced(host: ProcessHost) -> None:
    pid = _loaded(host, "this one")
    os.kill(pid, signal.SIGKILL)
    assert "SIGKILL" in until(host, EngineEnded).why
    host.submit(run("well"))
    assert until(host, EngineStarted).pid != pid
    assert until(host, RunStarted).prompt_pieces == ("this one",)


def test_run_that_had_its_end_is_not_ended_again_by_a_crash(host: ProcessHost, tmp_path: Path) -> None:
    host.submit(run("dead after the end"))
    until(host, RunFinished)
    assert isinstance(host.inbox.get(timeout=WAIT_S), EngineEnded)
    assert saved(tmp_path, "dead-after-the-end")[-1].__class__ is RunFinished
    host.submit(run("well"))
    assert until(host, RunFinished).reason == "length"


@pytest.mark.parametrize(
    ("command", "answer"),
    [(Load("dead after the refusal", "lookup"), Refused), (Estimate(Load("this one", "lookup")), Estimated)],
)
def test_refusal_or_estimate_is_not_answered_again_by_a_crash(
    host: ProcessHost, command: Command, answer: type[Event]
) -> None:
    host.submit(command)
    until(host, answer)
    assert isinstance(host.inbox.get(timeout=WAIT_S), EngineEnded)
    host.submit(run("well"))
    assert until(host, RunFinished).reason == "length"


def _loaded(host: ProcessHost, target: str) -> int:
    host.submit(Load(target, "lookup"))
    pid = until(host, EngineStarted).pid
    until(host, ModelLoaded)
    return pid


def test_run_that_does_not_stop_is_ended_with_its_process_and_kept_as_stopped(tmp_path: Path) -> None:
    host = make(tmp_path / "runs", patience_s=0.5)
    pid = _loaded(host, "this one")
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


def test_process_that_dies_during_a_training_refuses_it_and_the_next_has_a_new_one(host: ProcessHost) -> None:
    for _ in range(2):
        host.submit(Train("builtin", "exit", "drafter", {}))
        until(host, TrainingEstimated)
        refused = until(host, Refused)
        assert (refused.what, "status 7" in refused.reason) == ("train", True)
        assert "the library's last words" in refused.traceback


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


def test_question_about_a_training_that_had_its_answer_is_not_answered_again_by_a_crash(host: ProcessHost) -> None:
    host.submit(EstimateTraining(Train("builtin", "exit", "drafter", {})))
    until(host, TrainingEstimated)
    assert isinstance(host.inbox.get(timeout=WAIT_S), EngineEnded)
    assert silent(host)


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
    _loaded(host, "this one")
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
    pid = _loaded(host, "this one")
    host.submit(run("stuck"))
    until(host, RoundFinished)
    until_stuck(tmp_path)
    host.close()
    assert gone(pid)
    assert saved(tmp_path, "stuck")[-1] == RunFinished("cancelled", 2)


def test_unloading_ends_the_process(host: ProcessHost) -> None:
    pid = _loaded(host, "this one")
    host.submit(Unload())
    until(host, ModelUnloaded)
    assert gone(pid)
    host.submit(Unload())
    until(host, ModelUnloaded)
    host.submit(run("well"))
    assert until(host, RunStarted).prompt_pieces == ("none",)


def test_what_libraries_print_does_not_disturb_the_events(host: ProcessHost) -> None:
    host.submit(run("print"))
    assert until(host, RunFinished).reason == "length"


def test_only_the_end_of_what_was_printed_is_kept(host: ProcessHost) -> None:
    host.submit(run("chatty"))
    failed = until(host, RunFailed)
    assert failed.traceback.endswith("the end of it\n")
    assert len(failed.traceback) < 10_000


def test_name_that_is_no_text_arrives_with_escapes() -> None:
    host = make()
    host.submit(run("unreadable name"))
    assert until(host, RunFailed).message == "there is no \\udcff.txt"
    assert host.close()


def test_order_that_no_message_can_hold_is_refused_and_the_next_one_is_carried_out(host: ProcessHost) -> None:
    host.submit(Load("\udcff", "lookup"))
    assert until(host, Refused).what == "load"
    until(host, EngineStarted)
    host.submit(Run("speculative", {"seed": 2**70}, Request("well")))
    host.submit(run("well"))
    assert until(host, Refused).what == "run"
    assert until(host, RunFinished).reason == "length"


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


def test_window_that_takes_nothing_holds_the_engine_and_loses_nothing(
    host: ProcessHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process_host, "MOST_WAITING", 100)
    host.submit(run("long"))
    until(host, RunStarted)
    while host.inbox.qsize() < 100:
        time.sleep(0.01)
    time.sleep(1.0)
    assert host.inbox.qsize() <= 101
    rounds = []
    while not isinstance(event := host.inbox.get(timeout=WAIT_S), RunFinished):
        rounds += [event.round] if isinstance(event, RoundFinished) else []
    assert rounds == list(range(5_000))


def test_run_of_a_window_that_takes_nothing_can_be_stopped(host: ProcessHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_host, "MOST_WAITING", 100)
    pid = _loaded(host, "this one")
    host.submit(run("long"))
    while host.inbox.qsize() < 100:
        time.sleep(0.01)
    host.cancel()
    assert until(host, RunFinished).reason == "cancelled"
    assert psutil.pid_exists(pid)


def test_two_hosts_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    hosts = [make(tmp_path / name / "runs") for name in ("a", "b")]
    pids = [_loaded(host, name) for host, name in zip(hosts, "ab", strict=True)]
    hosts[0].submit(run("exit"))
    hosts[1].submit(run("well"))
    assert until(hosts[1], RunStarted).prompt_pieces == ("b",)
    assert until(hosts[1], RunFinished).reason == "length"
    until(hosts[0], RunFailed)
    assert gone(pids[0])
    assert hosts[0].close()
    hosts[1].submit(run("well"))
    assert until(hosts[1], RunFinished).reason == "length"
    assert hosts[1].close()
    assert gone(pids[1])


ORPHAN = """
import sys
from pathlib import Path
from tests.engine.test_process_host import make, run, until, EngineStarted, RoundFinished
host = make(Path(sys.argv[1]))
host.submit(run(sys.argv[2], paused=sys.argv[2] == "long"))
print(until(host, EngineStarted).pid, flush=True)
sys.stdin.read()
"""


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


def test_process_that_cannot_be_started_is_said_so() -> None:
    host = ProcessHost(argv=["/nowhere/python"])
    host.submit(run("well"))
    assert "could not be started" in until(host, RunFailed).message
    assert host.close()


def test_process_that_had_to_be_ended_is_not_said_to_have_run_out_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child_link, "_END_S", 0.5)
    host = ProcessHost(argv=[sys.executable, "-c", "import os, time; os.close(1); time.sleep(600)"])
    host.submit(run("well"))
    failed = until(host, RunFailed)
    assert "said no more" in failed.message
    assert "memory" not in failed.hint
    assert host.close()


def test_host_that_was_never_asked_anything_starts_no_process() -> None:
    assert ProcessHost(argv=["/nowhere/python"]).close()


def test_runs_are_saved_in_a_folder_of_any_name(tmp_path: Path) -> None:
    runs = tmp_path / "runs of an Übung; $HOME 'x' 日本"
    host = make(runs)
    host.submit(run("well"))
    until(host, RunFinished)
    assert host.close()
    assert len(list(runs.glob("*/trace.jsonl"))) == 1


def test_fork_reaches_the_process(host: ProcessHost) -> None:
    host.submit(Fork("speculative", {}, tuple(range(100_000)), "ab12", 3))
    assert until(host, RunFinished).reason == "length"


def test_one_core_is_left_to_the_window(host: ProcessHost, monkeypatch: pytest.MonkeyPatch) -> None:
    for cores, asked, expected in ((8, "", 7), (2, "", 1), (1, "", 1), (8, "2", 2), (8, "4,2", 7), (1, "16", 1)):
        monkeypatch.setattr(threads, "usable_cores", lambda n=cores: n)
        monkeypatch.setenv("OMP_NUM_THREADS", asked)
        assert child_link.spare_threads() == expected
    monkeypatch.undo()
    host.submit(Survey("x"))
    assert until(host, Surveyed).problem == str(child_link.spare_threads())


def test_packed_program_is_started_with_a_word(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    argv = child_link.command_line(tmp_path / "runs")
    monkeypatch.undo()
    host = ProcessHost(tmp_path / "runs", argv=[argv[0], "-m", "app", *argv[1:]])
    host.submit(Survey("builtin", device="nonsense"))
    assert until(host, EngineStarted).host == "process"
    assert host.close()


def test_process_runs_this_engine_whatever_lies_in_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "engine").mkdir()
    (tmp_path / "json.py").write_text("raise SystemExit(5)")
    monkeypatch.chdir(tmp_path)
    host = ProcessHost()
    host.submit(Survey("builtin", device="nonsense"))
    assert until(host, EngineStarted).host == "process"
    assert host.close()
