"""A host whose process goes wrong as the prompt says, and how tests wait for what it says."""

import sys
import time
from pathlib import Path
from queue import Empty
from typing import TypeVar

import psutil

from engine.commands import (
    Load,
    Run,
)
from engine.events import (
    EngineStarted,
    Event,
    ModelLoaded,
)
from engine.host.process_host import ProcessHost
from engine.runs import trace
from engine.settings import Request

E = TypeVar("E", bound=Event)


FAULTY = [sys.executable, "-m", "tests.engine.host.faulty_child"]


WAIT_S = 60


def make(runs: Path | None = None, *, patience_s: float = 30.0) -> ProcessHost:
    argv = FAULTY if runs is None else [*FAULTY, str(runs)]
    return ProcessHost(runs, argv=argv, patience_s=patience_s)


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


def loaded(host: ProcessHost, target: str) -> int:
    host.submit(Load(target, "lookup"))
    pid = until(host, EngineStarted).pid
    until(host, ModelLoaded)
    return pid
