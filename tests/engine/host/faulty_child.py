"""The engine's process with a session that goes wrong as the prompt says; needs no torch, so that it starts at once.

`python -m tests.engine.host.faulty_child [RUNS]`"""

import ctypes
import os
import signal
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Event as Flag
from typing import TYPE_CHECKING, cast

from engine.commands import Estimate, EstimateTraining, Evaluate, Fork, Load, Run, Survey, Train, Unload
from engine.errors import EngineError
from engine.events import (
    Estimated,
    Event,
    Indexed,
    ModelLoaded,
    ModelUnloaded,
    PhaseFinished,
    Progressed,
    Refused,
    RunFinished,
    Surveyed,
    TrainingEstimated,
)
from engine.host import child
from engine.settings import Request
from tests.app.factory import a_round, started
from tests.stub_session import StubSession

if TYPE_CHECKING:
    from engine.session.session import Session

N_LONG, N_SHORT = 5_000, 3


def hold_the_interpreter() -> None:
    """What a library does that is stuck: no thread of Python gets on, so nothing in the process can stop it."""
    (Path(sys.argv[1]).parent / "stuck").touch()
    ctypes.PyDLL(None).sleep(600)


def write_past_python(text: bytes) -> None:
    """What a native library does that prints: to the file, not to `sys.stdout`."""
    os.write(1, text)


def write_to_every_pipe(text: bytes) -> None:
    """What a native library does that writes to a file number which is no longer its own."""
    for number in range(3, 64):
        with suppress(OSError):
            if stat.S_ISFIFO(os.fstat(number).st_mode):
                os.write(number, text)


class FaultySession(StubSession):
    """Knows one pair at a time. A target called `vanished` cannot be loaded; one called `deadly` ends the process."""

    def __init__(self) -> None:
        self._target = "none"

    def load(self, asked: Load, cancelled: Flag) -> Iterator[Event]:
        target, drafter = asked.target, asked.drafter
        yield Progressed("loading", 0, 1, "bytes")
        if target == "deadly":
            os._exit(9)
        if Path(target).name == "vanished" and not Path(target).exists():
            raise EngineError(f"there is no folder {target}", "check the path")
        if target == "dead after the refusal":
            yield Refused("load", "it does not fit", "choose another")
            os._exit(4)
        self._target = target
        yield ModelLoaded(target, drafter, "cpu", "float32", 2048, 1, 1, 0.0)

    def estimate(self, asked: Estimate, cancelled: Flag) -> Iterator[Event]:
        yield Estimated(1, 1, 1, 1, "cpu", asked.pair.target)
        os._exit(4)

    def survey(self, asked: Survey, cancelled: Flag) -> Iterator[Event]:
        yield Surveyed(asked.target, (), os.environ["OMP_NUM_THREADS"])

    def run(self, asked: Run, cancelled: Flag) -> Iterator[Event]:
        request, method = asked.request, asked.method
        if request.prompt == "dead before the start":
            os._exit(3)
        began = started(f"{os.getpid()}-{request.prompt.replace(' ', '-')}", pieces=(self._target,), method=method)
        yield began
        yield PhaseFinished("prefill", 1.0, 1)
        yield a_round(0, [" a"], [" x"])
        self._go_wrong(request.prompt)
        for number in range(1, N_LONG if request.prompt == "long" else N_SHORT):
            yield a_round(number, [" a"], [" x"])
        yield RunFinished("length", 2 * N_SHORT)
        if request.prompt == "dead after the end":
            os._exit(5)

    def fork(self, asked: Fork, cancelled: Flag) -> Iterator[Event]:
        yield from self.run(Run(asked.method, asked.settings, Request("", asked.ids)), cancelled)

    def train(self, asked: Train, cancelled: Flag) -> Iterator[Event]:
        yield TrainingEstimated(asked.target, "cpu", 1, 1, 1, 10, 1, 1, 32, 1, 1.0)
        self._go_wrong(asked.data)

    def estimatetraining(self, asked: EstimateTraining, cancelled: Flag) -> Iterator[Event]:
        yield from self.train(asked.training, cancelled)

    def evaluate(self, asked: Evaluate, cancelled: Flag) -> Iterator[Event]:
        yield Indexed("world", 1, 1, 0, 0, 0, 0, 9, 9, 0, 0, 0, 0, 0, 153, 1.0, 9.0, 1, "builtin", False, None)
        self._go_wrong(asked.dataset)
        cancelled.wait()
        time.sleep(1.0)
        raise EngineError("summed up", "start it again")

    def _go_wrong(self, how: str) -> None:
        match how:
            case "exit":
                sys.stderr.write("the library's last words\n")
                sys.stderr.flush()
                os._exit(7)
            case "leave":
                os._exit(0)
            case "babble":
                write_to_every_pipe(b"\0\0\0\1\xc1")
                time.sleep(600)
            case "segfault":
                signal.raise_signal(signal.SIGSEGV)
            case "killed":
                signal.raise_signal(signal.SIGKILL)
            case "stuck":
                hold_the_interpreter()
            case "print":
                print("printed", flush=True)
                write_past_python(b"\xff\x00 written past Python\n" * 100)
            case "chatty":
                write_past_python(b"x" * 1_000_000 + b"\nthe end of it\n")
                os._exit(1)
            case "unreadable name":
                raise EngineError("there is no \udcff.txt", "rename it")

    def unload(self, asked: Unload, cancelled: Flag) -> Iterator[Event]:
        self._target = "none"
        yield ModelUnloaded()


def new_session() -> "Session":
    """A session, slow to import where the folder of the runs has a file `slow` beside it: until that is gone."""
    while (Path(sys.argv[-1]).parent / "slow").exists():
        time.sleep(0.05)
    return cast("Session", FaultySession())


if __name__ == "__main__":
    child.main(sys.argv[1:], new_session)
