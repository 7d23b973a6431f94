"""The process that alone may use the network: what it says arrives, a stop ends it at once, its end is said."""

import os
import sys
import threading
from contextlib import closing
from pathlib import Path
from threading import Event as Flag
from typing import cast

import pytest

from engine.errors import EngineError
from engine.events import Event, ModelDescribed, ModelDownloaded, Progressed
from engine.hub.child import HubRequest
from engine.hub.process import hub_events
from tests.hub_server import TOKEN, Hub, Repository

GET = HubRequest("get", "org/tiny")


@pytest.fixture(autouse=True)
def _environment(hub: Hub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What the process reads of the user's environment."""
    monkeypatch.setenv("HF_ENDPOINT", hub.address)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    for name in ("HF_HUB_CACHE", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        monkeypatch.delenv(name, raising=False)


def saying(*lines: str) -> list[str]:
    """The command line of a process that prints these lines."""
    return [sys.executable, "-c", f"print({chr(10).join(lines)!r})"]


def test_a_gated_model_is_got_with_the_token_of_the_environment_then_continued_after_a_stop(
    hub: Hub, repository: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    repository.gated = True
    repository.pause_s = 0.3  # progress is said a few times a second at most: half a file has to be said, too
    hub.on_request = [threading.Event()]
    stop, said = Flag(), list[Event]()
    half = len(repository.files["model.safetensors"]) // 2
    with pytest.raises(EngineError, match="stopped by the user") as stopped:
        for event in hub_events(GET, stop):
            said.append(event)
            if isinstance(event, Progressed) and event.done > half:
                stop.set()
    hub.on_request.pop().set()
    assert "continues from what is there" in stopped.value.hint
    assert isinstance(said[0], ModelDescribed)
    *_, last = hub_events(GET, Flag())
    assert isinstance(last, ModelDownloaded)
    assert half <= last.n_bytes - last.fetched_bytes < last.n_bytes
    assert Path(last.path).is_relative_to(tmp_path / "home")
    assert all(TOKEN not in repr(event) for event in (*said, last))


def test_a_refusal_is_raised_as_it_was_said(hub: Hub) -> None:
    with pytest.raises(EngineError, match="there is no model org/none") as refusal:
        list(hub_events(HubRequest("look_up", "org/none"), Flag()))
    assert "HF_TOKEN" in refusal.value.hint


def test_a_process_that_is_killed_is_said_with_the_way_out() -> None:
    killed = [sys.executable, "-c", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"]
    with pytest.raises(EngineError, match=r"ended from outside .*it continues"):
        list(hub_events(GET, Flag(), argv=killed))


@pytest.mark.parametrize("line", ['{"event": "Progr', "Traceback", '{"event": "RunFinished"}'])
def test_a_line_that_breaks_off_is_said_with_the_way_out(line: str) -> None:
    with pytest.raises(EngineError, match="in the middle of a line"):
        list(hub_events(GET, Flag(), argv=saying(line)))


def test_a_defect_keeps_its_traceback() -> None:
    line = '{"event": "Refused", "what": "get", "reason": "KeyError: 1", "hint": "", "traceback": "in line 7"}'
    with pytest.raises(RuntimeError, match="in line 7"):
        list(hub_events(GET, Flag(), argv=saying(line)))


def test_a_process_that_cannot_be_started_is_one_line() -> None:
    with pytest.raises(EngineError, match="cannot be started"):
        list(hub_events(GET, Flag(), argv=["/no/such/program"]))


def test_who_stops_listening_ends_the_process(tmp_path: Path) -> None:
    script = 'import os, time; print(\'{"event": "FileDownloaded", "name": "%d"\' % os.getpid() + '
    script += '\', "n_bytes": 1, "fetched_bytes": 1}\', flush=True); time.sleep(600)'
    events = hub_events(GET, Flag(), argv=[sys.executable, "-c", script])
    with closing(cast("object", events)) as said:  # type: ignore[type-var]
        number = int(next(said).name)  # type: ignore[call-overload]
    with pytest.raises(ProcessLookupError):
        os.kill(number, 0)
