"""Every host: order, control, faults, traces. Where a fault is made by patching, the engine thread alone."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from queue import Empty
from typing import TypeVar

import pytest
import torch
from msgspec.structs import fields, replace

from engine.commands import Estimate, Fork, Index, Load, Pause, Resume, Run, Step, Survey, Unload
from engine.errors import MemoryExhausted
from engine.events import (
    EngineStarted,
    Estimated,
    Event,
    Indexed,
    ModelLoaded,
    Progressed,
    Refused,
    RoundFinished,
    RunFailed,
    RunFinished,
    RunStarted,
    Surveyed,
)
from engine.host.process_host import ProcessHost
from engine.host.thread_host import Host, ThreadHost
from engine.runs import trace
from engine.session.session import Session
from engine.settings import Request
from tests import encoders, fakes
from tests.engine.session.running import loaded
from tests.papers import put

E = TypeVar("E", bound=Event)
SETTINGS = {"max_new_tokens": 40, "baseline": False, "stop_at_end": False}
# A process imports torch first, on a machine that may have other work.
WAIT_S = 250
LONG = {**SETTINGS, "max_new_tokens": 100}


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> str:
    return fakes.save(fakes.model(), tmp_path_factory.mktemp("m") / "t")


@pytest.fixture
def thread_host(tmp_path: Path, spec: str) -> Iterator[ThreadHost]:
    session = loaded(Load(spec, "lookup"))
    made = ThreadHost(tmp_path / "runs", new_session=lambda: session)
    until(made, EngineStarted)
    yield made
    assert made.close()


# For the whole file, before each test counts its threads.
@pytest.fixture(scope="module", autouse=True)
def kept_process(tmp_path_factory: pytest.TempPathFactory, spec: str) -> Iterator[tuple[ProcessHost, Path]]:
    """One process for all tests, as in a window: it takes seconds to import torch."""
    runs = tmp_path_factory.mktemp("p") / "runs"
    made = ProcessHost(runs)
    made.submit(Load(spec, "lookup"))
    until(made, ModelLoaded)
    yield made, runs
    assert made.close()


@pytest.fixture(params=["thread", "process"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def host(kind: str, request: pytest.FixtureRequest, spec: str) -> Host:
    """A host with a pair loaded and nothing else to say."""
    if kind == "thread":
        return request.getfixturevalue("thread_host")  # type: ignore[no-any-return]
    made, runs = request.getfixturevalue("kept_process")
    made.cancel()
    made.submit(Load(spec, "lookup"))
    until(made, ModelLoaded)
    shutil.rmtree(runs, ignore_errors=True)
    return made  # type: ignore[no-any-return]


@pytest.fixture
def runs(kind: str, host: Host, request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Where the host saves runs."""
    return tmp_path / "runs" if kind == "thread" else request.getfixturevalue("kept_process")[1]  # type: ignore[no-any-return]


def until(host: Host, kind: type[E]) -> E:
    while True:
        event = host.inbox.get(timeout=WAIT_S)
        if isinstance(event, kind):
            return event


def until_any(host: Host, kinds: tuple[type[Event], ...]) -> Event:
    while not isinstance(event := host.inbox.get(timeout=WAIT_S), kinds):
        pass
    return event


def silent(host: Host) -> bool:
    try:
        host.inbox.get(timeout=0.3)
    except Empty:
        return True
    return False


def test_commands_run_in_the_order_they_were_given(host: Host) -> None:
    for prompt in ("The harbour", "In the town of"):
        host.submit(Run("speculative", SETTINGS, Request(prompt)))
    assert until(host, RunStarted).prompt == "The harbour"
    assert until(host, RunStarted).prompt == "In the town of"
    assert until(host, RunFinished).reason == "length"


def test_documents_are_indexed_between_runs(host: Host, spec: str, tmp_path: Path) -> None:
    encoder = str(encoders.save(tmp_path / "tiny"))
    docs, index = put(tmp_path / "docs", {"a.txt": "Salt and sea."}), str(tmp_path / "index")
    host.submit(Index((str(docs),), index, encoder, spec, chunk_tokens=20, device="cpu"))
    assert until(host, Indexed).n_chunks == 1
    host.submit(Index((str(tmp_path / "none"),), index, encoder, spec, chunk_tokens=20, device="cpu"))
    assert until(host, Refused).what == "index"
    host.submit(Run("speculative", SETTINGS, Request("The harbour")))
    assert until(host, RunFinished).reason == "length"


def test_run_started_paused_makes_one_round_a_step_and_resumes(host: Host) -> None:
    host.submit(Run("speculative", SETTINGS, Request("The harbour"), paused=True))
    until(host, RunStarted)
    for index in range(3):
        host.submit(Step())
        assert until(host, RoundFinished).round == index
        assert silent(host)
    host.submit(Resume())
    assert until(host, RunFinished).reason == "length"


def test_paused_run_can_be_stopped_and_is_kept(host: Host, runs: Path) -> None:
    host.submit(Run("speculative", LONG, Request("The harbour"), paused=True))
    until(host, RunStarted)
    host.submit(Step())
    n_tokens = len(until(host, RoundFinished).emitted)
    host.cancel()
    assert until(host, RunFinished) == RunFinished("cancelled", n_tokens, at_s=pytest.approx(0, abs=100))
    (file,) = runs.glob("*/trace.jsonl")
    assert trace.read(file).events[-1].reason == "cancelled"  # type: ignore[attr-defined]


def test_pause_holds_a_running_run(host: Host) -> None:
    host.submit(Run("speculative", LONG, Request("The harbour"), paused=True))
    until(host, RunStarted)
    host.submit(Resume())
    until(host, RoundFinished)
    host.submit(Pause())
    while not silent(host):
        pass
    host.submit(Resume())
    assert isinstance(until(host, RunFinished), RunFinished)


def test_pause_given_before_the_run_has_begun_holds_it(host: Host, spec: str) -> None:
    host.submit(Load(spec, "lookup"))
    host.submit(Run("speculative", LONG, Request("The harbour")))
    host.submit(Pause())
    until(host, RunStarted)
    while not silent(host):
        pass
    host.submit(Resume())
    assert until(host, RoundFinished).round == 0
    assert isinstance(until(host, RunFinished), RunFinished)


def test_stop_drops_what_waits_and_leaves_the_engine_usable(host: Host) -> None:
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
def test_bad_input_is_refused_with_the_reason(host: Host, settings: dict[str, float], prompt: str, word: str) -> None:
    host.submit(Run("speculative", settings, Request(prompt)))
    assert word in until(host, Refused).reason


def test_folder_that_vanished_is_refused_and_the_loaded_pair_stays(host: Host) -> None:
    host.submit(Load("./vanished", "lookup"))
    assert "vanished" in until(host, Refused).reason
    host.submit(Run("speculative", SETTINGS, Request("a")))
    assert until(host, RunFinished).n_tokens == 40


def test_defect_in_a_run_keeps_what_there_was_and_the_traceback(
    thread_host: ThreadHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedding, calls = torch.nn.functional.embedding, []

    def broken(*given: torch.Tensor) -> torch.Tensor:
        calls.append(1)
        if len(calls) > 3:
            raise ZeroDivisionError("boom")
        return embedding(*given)

    monkeypatch.setattr(torch.nn.functional, "embedding", broken)
    thread_host.submit(Run("plain", {"max_new_tokens": 40}, Request("The harbour")))
    failed = until(thread_host, RunFailed)
    assert "boom" in failed.message
    assert "Traceback" in failed.traceback
    monkeypatch.undo()
    (file,) = (tmp_path / "runs").glob("*/trace.jsonl")
    kinds = [type(event) for event in trace.read(file).events]
    assert kinds.count(RoundFinished) == 2
    assert kinds[-1] is RunFailed
    thread_host.submit(Run("speculative", SETTINGS, Request("a")))
    assert until(thread_host, RunFinished).reason == "length"


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(), torch.OutOfMemoryError("x"), RuntimeError("can't allocate memory"),
        RuntimeError("CUDA error: out of memory\nCompile with `TORCH_USE_CUDA_DSA`"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    ],
)  # fmt: skip
def test_memory_running_out_becomes_a_failed_run_with_a_way_out(
    thread_host: ThreadHost, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def exhausted(*_: object) -> None:
        raise error

    monkeypatch.setattr(torch.nn.functional, "embedding", exhausted)
    thread_host.submit(Run("speculative", SETTINGS, Request("The harbour")))
    failed = until(thread_host, RunFailed)
    assert "memory" in failed.message
    assert failed.traceback == ""


def test_a_gpu_that_stopped_working_refuses_all_that_follows_with_the_way_out(
    spec: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("CUDA error: an illegal memory access was encountered\nCompile with ...")

    host = ThreadHost()
    try:
        host.submit(Load(spec, "none"))
        until(host, ModelLoaded)
        with monkeypatch.context() as patch:
            patch.setattr(torch.nn.functional, "embedding", broken)
            host.submit(Run("plain", {"max_new_tokens": 4}, Request("The harbour")))
            failure = until(host, RunFailed)
        assert "illegal memory access" in failure.message
        assert "Compile" not in failure.message
        for command in (Run("plain", {}, Request("a")), Load(spec, "none")):
            host.submit(command)
            refusal = until(host, Refused)
            assert "the GPU stopped working" in refusal.reason
            assert "Restart engine" in refusal.hint
    finally:
        assert host.close()


def test_memory_is_given_back_after_any_command_that_broke_off(
    thread_host: ThreadHost, spec: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    recovered: list[bool] = []

    def exhausted(*_: object, **__: object) -> None:
        raise MemoryExhausted("memory ran out", "use less")

    monkeypatch.setattr(Session, "recover", lambda self: recovered.append(True))
    monkeypatch.setattr("engine.models.loading.load_pair", exhausted)
    thread_host.submit(Load(spec, "none"))
    until(thread_host, Refused)
    thread_host.submit(Run("plain", {"top_p": 7.0}, Request("a")))
    assert "top-p" in until(thread_host, Refused).reason
    assert recovered == [True]


def test_run_goes_on_where_it_cannot_be_saved(spec: str, tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file where the folder should be")
    host = ThreadHost(tmp_path / "runs")
    host.submit(Load(spec, "lookup"))
    host.submit(Run("speculative", SETTINGS, Request("a")))
    assert until(host, Refused).what == "save"
    assert until(host, RunFinished).reason == "length"
    assert host.close()


def test_fork_continues_an_earlier_run(host: Host) -> None:
    host.submit(Fork("speculative", SETTINGS, (5, 6, 7), "ab12", 3))
    started = until(host, RunStarted)
    assert (started.prompt_ids, started.forked_from, started.forked_at) == ((5, 6, 7), "ab12", 3)


def test_run_without_a_model_is_refused(thread_host: ThreadHost) -> None:
    thread_host.submit(Unload())
    thread_host.submit(Run("speculative", SETTINGS, Request("a")))
    assert "no model" in until(thread_host, Refused).reason


def test_closing_in_the_middle_of_a_run_ends_the_thread(spec: str) -> None:
    host = ThreadHost()
    host.submit(Load(spec, "lookup"))
    host.submit(Run("speculative", LONG, Request("The harbour"), paused=True))
    until(host, RunStarted)
    assert host.close()


def test_many_starts_and_stops_leave_no_memory_behind(host: Host) -> None:
    for _ in range(20):
        host.submit(Run("speculative", LONG, Request("The harbour"), paused=True))
        until(host, RunStarted)
        host.cancel()
        assert until(host, RunFinished).reason == "cancelled"


def test_cancel_in_the_middle_of_a_load_keeps_the_pair(host: Host, spec: str, tmp_path: Path) -> None:
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


def test_questions_are_answered_with_a_pair_loaded_and_without(thread_host: ThreadHost, spec: str) -> None:
    for _ in range(2):
        thread_host.submit(Estimate(Load(spec, "lookup")))
        assert until(thread_host, Estimated).why_not == ""
        thread_host.submit(Survey(spec))
        assert until(thread_host, Surveyed).target == spec
        thread_host.submit(Unload())


def test_question_about_an_unknown_device_is_refused_as_a_question(host: Host, spec: str) -> None:
    host.submit(Survey(spec, device="gpu"))
    assert until(host, Refused).what == "survey"


def test_both_hosts_tell_of_the_same_run(thread_host: ThreadHost, kept_process: tuple[ProcessHost, Path]) -> None:
    settings = {**SETTINGS, "temperature": 0.8, "seed": 3, "baseline": True}
    told = []
    for host in (thread_host, kept_process[0]):
        host.submit(Run("speculative", settings, Request("The harbour")))
        told.append([until(host, RunStarted)])
        while not isinstance(told[-1][-1], RunFinished):
            told[-1].append(host.inbox.get(timeout=WAIT_S))
    assert [type(event) for event in told[0]] == [type(event) for event in told[1]]
    for one, other in zip(*told, strict=True):
        assert timeless(one) == timeless(other)


def timeless(event: Event) -> Event:
    """An event without what the clock and chance have in it."""
    changing = ("run_id", "started_utc", "done", "elapsed_s", "speedup")
    names = [field.name for field in fields(event) if field.name.endswith("ms") or field.name in (*changing, "at_s")]
    return replace(event, **dict.fromkeys(names))


def test_session_is_made_on_the_engine_thread_only() -> None:
    made = []

    def new_session() -> Session:
        made.append(1)
        return Session()

    host = ThreadHost(new_session=new_session)
    assert made == []
    assert host.close()


def test_closing_releases_the_models_and_says_nothing_of_it(spec: str) -> None:
    session = Session()
    host = ThreadHost(new_session=lambda: session)
    host.submit(Load(spec, "lookup"))
    until(host, ModelLoaded)
    assert session.models is not None
    assert host.close()
    assert session.models is None
    assert host.inbox.empty()
