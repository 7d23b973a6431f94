"""The engine thread: order, control, faults, traces."""

from pathlib import Path
from queue import Empty
from typing import TypeVar

import pytest
import torch

from engine import trace
from engine.events import (
    Estimated,
    Event,
    ModelLoaded,
    Progressed,
    Refused,
    RoundFinished,
    RunFailed,
    RunFinished,
    RunStarted,
    Surveyed,
)
from engine.host import Estimate, Fork, Load, Pause, Resume, Run, Step, Survey, ThreadHost, Unload
from engine.method import Request
from engine.session import Session
from tests import fakes

E = TypeVar("E", bound=Event)
SETTINGS = {"max_new_tokens": 40, "baseline": False, "stop_at_end": False}
LONG = {**SETTINGS, "max_new_tokens": 100}


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> str:
    return fakes.save(fakes.model(), tmp_path_factory.mktemp("m") / "t")


@pytest.fixture
def host(tmp_path: Path, spec: str):  # type: ignore[no-untyped-def]
    made = ThreadHost(tmp_path / "runs")
    made.submit(Load(spec, "lookup"))
    until(made, ModelLoaded)
    yield made
    assert made.close()


def until(host: ThreadHost, kind: type[E]) -> E:
    while True:
        event = host.inbox.get(timeout=30)
        if isinstance(event, kind):
            return event


def until_any(host: ThreadHost, kinds: tuple[type[Event], ...]) -> Event:
    while not isinstance(event := host.inbox.get(timeout=30), kinds):
        pass
    return event


def silent(host: ThreadHost) -> bool:
    try:
        host.inbox.get(timeout=0.3)
    except Empty:
        return True
    return False


def test_commands_run_in_the_order_they_were_given(host: ThreadHost) -> None:
    for prompt in ("The harbour", "In the town of"):
        host.submit(Run("speculative", SETTINGS, Request(prompt)))
    assert until(host, RunStarted).prompt == "The harbour"
    assert until(host, RunStarted).prompt == "In the town of"
    assert until(host, RunFinished).reason == "length"


def test_run_started_paused_makes_one_round_a_step_and_resumes(host: ThreadHost) -> None:
    host.submit(Run("speculative", SETTINGS, Request("The harbour"), paused=True))
    until(host, RunStarted)
    for index in range(3):
        host.submit(Step())
        assert until(host, RoundFinished).round == index
        assert silent(host)
    host.submit(Resume())
    assert until(host, RunFinished).reason == "length"


def test_paused_run_can_be_stopped_and_is_kept(host: ThreadHost, tmp_path: Path) -> None:
    host.submit(Run("speculative", LONG, Request("The harbour"), paused=True))
    until(host, RunStarted)
    host.submit(Step())
    n_tokens = len(until(host, RoundFinished).emitted)
    host.cancel()
    assert until(host, RunFinished) == RunFinished("cancelled", n_tokens, at_s=pytest.approx(0, abs=100))
    (file,) = (tmp_path / "runs").glob("*/trace.jsonl")
    assert trace.read(file).events[-1].reason == "cancelled"  # type: ignore[attr-defined]


def test_pause_holds_a_running_run(host: ThreadHost) -> None:
    host.submit(Run("speculative", LONG, Request("The harbour"), paused=True))
    until(host, RunStarted)
    host.submit(Resume())
    until(host, RoundFinished)
    host.submit(Pause())
    while not silent(host):
        pass
    host.submit(Resume())
    assert isinstance(until(host, RunFinished), RunFinished)


def test_pause_given_before_the_run_has_begun_holds_it(host: ThreadHost, spec: str) -> None:
    host.submit(Load(spec, "lookup"))
    host.submit(Run("speculative", LONG, Request("The harbour")))
    host.submit(Pause())
    until(host, RunStarted)
    while not silent(host):
        pass
    host.submit(Resume())
    assert until(host, RoundFinished).round == 0
    assert isinstance(until(host, RunFinished), RunFinished)


def test_stop_drops_what_waits_and_leaves_the_engine_usable(host: ThreadHost) -> None:
    host.submit(Run("speculative", LONG, Request("The harbour"), paused=True))
    host.submit(Run("speculative", LONG, Request("In the town of")))
    until(host, RunStarted)
    host.cancel()
    assert until(host, RunFinished).reason == "cancelled"
    assert until(host, Refused).what == "run"
    host.submit(Run("speculative", SETTINGS, Request("a")))
    assert until(host, RunFinished).reason == "length"


@pytest.mark.parametrize(
    ("settings", "prompt", "word"),
    [({"gamma": 0}, "a", "gamma"), ({"top_p": 0.0}, "a", "top-p"), ({"temperature": -1}, "a", "temperature"),
     ({"max_new_tokens": 0}, "a", "max-new-tokens"), ({}, "", "empty"), ({"colour": 3}, "a", "colour")],
)  # fmt: skip
def test_bad_input_is_refused_with_the_reason(
    host: ThreadHost, settings: dict[str, float], prompt: str, word: str
) -> None:
    host.submit(Run("speculative", settings, Request(prompt)))
    assert word in until(host, Refused).reason


def test_folder_that_vanished_is_refused_and_the_loaded_pair_stays(host: ThreadHost) -> None:
    host.submit(Load("./vanished", "lookup"))
    assert "vanished" in until(host, Refused).reason
    host.submit(Run("speculative", SETTINGS, Request("a")))
    assert until(host, RunFinished).n_tokens == 40


def test_defect_in_a_run_keeps_what_there_was_and_the_traceback(
    host: ThreadHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedding, calls = torch.nn.functional.embedding, []

    def broken(*given: torch.Tensor) -> torch.Tensor:
        calls.append(1)
        if len(calls) > 3:
            raise ZeroDivisionError("boom")
        return embedding(*given)

    monkeypatch.setattr(torch.nn.functional, "embedding", broken)
    host.submit(Run("plain", {"max_new_tokens": 40}, Request("The harbour")))
    failed = until(host, RunFailed)
    assert "boom" in failed.message
    assert "Traceback" in failed.traceback
    monkeypatch.undo()
    (file,) = (tmp_path / "runs").glob("*/trace.jsonl")
    kinds = [type(event) for event in trace.read(file).events]
    assert kinds.count(RoundFinished) == 2
    assert kinds[-1] is RunFailed
    host.submit(Run("speculative", SETTINGS, Request("a")))
    assert until(host, RunFinished).reason == "length"


@pytest.mark.parametrize("error", [MemoryError(), torch.OutOfMemoryError("x"), RuntimeError("can't allocate memory")])
def test_memory_running_out_becomes_a_failed_run_with_a_way_out(
    host: ThreadHost, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def exhausted(*_: object) -> None:
        raise error

    monkeypatch.setattr(torch.nn.functional, "embedding", exhausted)
    host.submit(Run("speculative", SETTINGS, Request("The harbour")))
    failed = until(host, RunFailed)
    assert "memory" in failed.message
    assert failed.traceback == ""


def test_run_goes_on_where_it_cannot_be_saved(spec: str, tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file where the folder should be")
    host = ThreadHost(tmp_path / "runs")
    host.submit(Load(spec, "lookup"))
    host.submit(Run("speculative", SETTINGS, Request("a")))
    assert until(host, Refused).what == "save"
    assert until(host, RunFinished).reason == "length"
    assert host.close()


def test_fork_continues_an_earlier_run(host: ThreadHost) -> None:
    host.submit(Fork("speculative", SETTINGS, (5, 6, 7), "ab12", 3))
    started = until(host, RunStarted)
    assert (started.prompt_ids, started.forked_from, started.forked_at) == ((5, 6, 7), "ab12", 3)


def test_run_without_a_model_is_refused(host: ThreadHost) -> None:
    host.submit(Unload())
    host.submit(Run("speculative", SETTINGS, Request("a")))
    assert "no model" in until(host, Refused).reason


def test_closing_in_the_middle_of_a_run_ends_the_thread(spec: str) -> None:
    host = ThreadHost()
    host.submit(Load(spec, "lookup"))
    host.submit(Run("speculative", LONG, Request("The harbour"), paused=True))
    until(host, RunStarted)
    assert host.close()


def test_many_starts_and_stops_leave_no_memory_behind(host: ThreadHost) -> None:
    for _ in range(20):
        host.submit(Run("speculative", LONG, Request("The harbour"), paused=True))
        until(host, RunStarted)
        host.cancel()
        assert until(host, RunFinished).reason == "cancelled"


def test_cancel_in_the_middle_of_a_load_keeps_the_pair(host: ThreadHost, spec: str, tmp_path: Path) -> None:
    other = fakes.save(fakes.model(), tmp_path / "other")
    host.submit(Load(other, "none"))
    while until(host, Progressed).done == 0:
        pass
    host.cancel()
    answer = until_any(host, (Refused, ModelLoaded))
    host.submit(Run("speculative", SETTINGS, Request("a")))
    started = until_any(host, (RunStarted, Refused))
    if isinstance(answer, Refused):
        assert (answer.what, started.target) == ("load", spec)  # type: ignore[union-attr]
    else:  # the last tensor was faster than the stop
        assert answer.target == other  # type: ignore[union-attr]
    host.cancel()


def test_questions_are_answered_with_a_pair_loaded_and_without(host: ThreadHost, spec: str) -> None:
    for _ in range(2):
        host.submit(Estimate(Load(spec, "lookup")))
        assert until(host, Estimated).why_not == ""
        host.submit(Survey(spec))
        assert until(host, Surveyed).target == spec
        host.submit(Unload())


def test_question_about_an_unknown_device_is_refused_as_a_question(host: ThreadHost, spec: str) -> None:
    host.submit(Survey(spec, device="gpu"))
    assert until(host, Refused).what == "survey"


def test_session_is_made_on_the_engine_thread_only() -> None:
    made = []

    def new_session() -> Session:
        made.append(1)
        return Session()

    host = ThreadHost(new_session=new_session)
    assert made == []
    assert host.close()
