"""Crashes of the engine's process: what they cost, what is kept, what comes after."""

import os
import signal
import sys
import threading
from pathlib import Path

import pytest

from engine.commands import (
    Command,
    Estimate,
    EstimateTraining,
    Evaluate,
    Load,
    Train,
)
from engine.events import (
    EngineEnded,
    EngineStarted,
    Estimated,
    Event,
    Indexed,
    ModelLoaded,
    PhaseFinished,
    Refused,
    RoundFinished,
    RunFailed,
    RunFinished,
    RunStarted,
    TrainingEstimated,
)
from engine.host import child_link
from engine.host.endings import RunTracker
from engine.host.process_host import ProcessHost
from tests.engine.host.faulty_host import WAIT_S, loaded, make, run, saved, silent, until


@pytest.fixture
def host(tmp_path: Path):  # type: ignore[no-untyped-def]
    made = make(tmp_path / "runs")
    yield made
    assert made.close()


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
    pid = loaded(host, "this one")
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


def test_process_that_dies_during_an_evaluation_refuses_it_also_after_an_indexing(host: ProcessHost) -> None:
    host.submit(Evaluate("killed", {}, {}))
    until(host, Indexed)
    refused = until(host, Refused)
    assert (refused.what, "SIGKILL" in refused.reason) == ("evaluate", True)


def test_process_that_dies_during_a_training_refuses_it_and_the_next_has_a_new_one(host: ProcessHost) -> None:
    for _ in range(2):
        host.submit(Train("builtin", "exit", "drafter", {}))
        until(host, TrainingEstimated)
        refused = until(host, Refused)
        assert (refused.what, "status 7" in refused.reason) == ("train", True)
        assert "the library's last words" in refused.traceback


def test_question_about_a_training_that_had_its_answer_is_not_answered_again_by_a_crash(host: ProcessHost) -> None:
    host.submit(EstimateTraining(Train("builtin", "exit", "drafter", {})))
    until(host, TrainingEstimated)
    assert isinstance(host.inbox.get(timeout=WAIT_S), EngineEnded)
    assert silent(host)


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


def test_slow_disk_at_a_crash_does_not_hold_the_window(host: ProcessHost, monkeypatch: pytest.MonkeyPatch) -> None:
    saving, may_end, save = threading.Event(), threading.Event(), RunTracker.save

    def slow_save(*given: object) -> None:
        saving.set()
        assert may_end.wait(WAIT_S)
        save(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(RunTracker, "save", slow_save)
    host.submit(run("exit"))
    assert saving.wait(WAIT_S)
    asking = threading.Thread(target=host.submit, args=[run("well")])
    asking.start()
    asking.join(WAIT_S / 10)
    held_up = asking.is_alive()
    may_end.set()
    asking.join()
    assert not held_up
    until(host, RunFailed)
    assert until(host, RunFinished).reason == "length"
