"""Orders and events through the pipes of the engine's process. What every host must do is in test_host."""

import sys
import time
from pathlib import Path

import pytest

from engine.commands import (
    EstimateTraining,
    Fork,
    Load,
    Run,
    Survey,
    Train,
)
from engine.events import (
    EngineStarted,
    Refused,
    RoundFinished,
    RunFailed,
    RunFinished,
    RunStarted,
    Surveyed,
    TrainingEstimated,
)
from engine.host import child_link, process_host
from engine.host.process_host import ProcessHost
from engine.machine import own_module, threads
from engine.settings import Request
from tests.engine.host.faulty_host import WAIT_S, gone, loaded, make, run, until


@pytest.fixture
def host(tmp_path: Path):  # type: ignore[no-untyped-def]
    made = make(tmp_path / "runs")
    yield made
    assert made.close()


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


def test_two_hosts_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    hosts = [make(tmp_path / name / "runs") for name in ("a", "b")]
    pids = [loaded(host, name) for host, name in zip(hosts, "ab", strict=True)]
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
        assert own_module.spare_threads() == expected
    monkeypatch.undo()
    host.submit(Survey("x"))
    assert until(host, Surveyed).problem == str(own_module.spare_threads())


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


def test_module_beside_the_engine_does_not_stand_in_for_the_standard_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "engine").symlink_to(Path(own_module.engine.__file__).parent)
    for name in ("json", "queue", "selectors"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit(5)")
    monkeypatch.setattr(own_module.engine, "__file__", str(tmp_path / "engine" / "__init__.py"))
    monkeypatch.setenv("PYTHONPATH", "")
    monkeypatch.chdir(tmp_path)
    host = ProcessHost()
    host.submit(Survey("builtin", device="nonsense"))
    assert until(host, EngineStarted).host == "process"
    assert host.close()


def test_training_and_its_estimate_reach_the_process(host: ProcessHost) -> None:
    for command in (EstimateTraining(training := Train("builtin", "well", "drafter", {})), training):
        host.submit(command)
        assert until(host, TrainingEstimated).target == "builtin"
    host.submit(run("well"))
    assert until(host, RunFinished).reason == "length"
