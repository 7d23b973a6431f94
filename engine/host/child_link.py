"""One process of the engine, from its start to its end: orders in, events out, how it ended; knows no command.

* imports neither Qt nor torch."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import IO, BinaryIO, NamedTuple, cast

import msgspec

from engine.host import wire
from engine.machine.own_module import environment, run_module
from engine.runs.trace import SharedTokens

_WORD_OF_PACKED = "engine-process"
_TAIL_BYTES = 8192
_CHUNK_BYTES = 65536
# What a process that closed its pipes gets to end, and its last words to arrive: a core dump may take a while.
_END_S = 5.0


class Ending(NamedTuple):
    """How a process ended. status: as subprocess has it; None: it could not be started. tail: the end of its stderr.

    ended_for: why it was ended from here, without anyone asking for it; empty where it was not."""

    status: int | None
    tail: str
    ended_for: str = ""


def command_line(runs: Path | None) -> list[str]:
    """What starts the engine's process."""
    # A program packed into one file is its own interpreter.
    packed = getattr(sys, "frozen", False)
    start = [sys.executable, _WORD_OF_PACKED] if packed else run_module("engine.host.child")
    return [*start, *([] if runs is None else [str(runs)])]


class Child:
    """Runs the engine's process and listens to it on a thread, which starts it as well: that takes milliseconds.

    heard, ended: called on that thread; nothing is heard after the end."""

    def __init__(self, argv: list[str], *, heard: Callable[[wire.Said], None], ended: Callable[[Ending], None]) -> None:
        self._argv = argv
        self._heard = heard
        self._ended = ended
        self._orders: SimpleQueue[bytearray | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._doomed = False
        self._tail = b""
        self._ended_for = ""
        self._thread = threading.Thread(target=self._live, name="draftscope-process", daemon=True)
        self._thread.start()

    def send(self, order: wire.Order) -> None:
        """Hand over an order; returns at once. Raises UnicodeEncodeError, OverflowError: it cannot be written."""
        self._orders.put(wire.framed(order))

    def finish(self) -> None:
        """No more orders: it stops what it does and ends."""
        self._orders.put(None)

    def kill(self) -> None:
        """End it at once, whatever it does."""
        with self._lock:
            self._doomed = True
            if self._process is not None:
                self._process.kill()

    def join(self, timeout_s: float) -> bool:
        """Wait for its end. Returns whether it has ended."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _live(self) -> None:
        try:
            process = subprocess.Popen(
                self._argv, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
            )
        except OSError as err:
            self._ended(Ending(None, str(err)))
            return
        with self._lock:
            self._process = process
        if self._doomed:
            process.kill()
        others = [_thread(self._give, process.stdin), _thread(self._keep_tail, process.stderr)]
        self._listen(process)
        self._orders.put(None)
        for thread in others:
            thread.join(_END_S)
        self._ended(Ending(process.returncode, self._tail.decode(errors="replace"), self._ended_for))

    def _listen(self, process: "subprocess.Popen[bytes]") -> None:
        shared = SharedTokens()
        with cast(BinaryIO, process.stdout) as pipe:
            try:
                for said in wire.messages(pipe, wire.SAYINGS):
                    shared.share(said)
                    self._heard(said)
            except msgspec.DecodeError:
                self._end(process, "what it said made no sense")
        try:
            process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._end(process, "it said no more and went on")
            process.wait()

    def _end(self, process: "subprocess.Popen[bytes]", why: str) -> None:
        self._ended_for = why
        process.kill()

    def _give(self, pipe: BinaryIO) -> None:
        with suppress(OSError), pipe:  # it is gone, which the listener hears too
            while (frame := self._orders.get()) is not None:
                pipe.write(frame)
                pipe.flush()

    def _keep_tail(self, pipe: BinaryIO) -> None:
        with pipe:
            while chunk := os.read(pipe.fileno(), _CHUNK_BYTES):
                self._tail = (self._tail + chunk)[-_TAIL_BYTES:]


def _thread(target: Callable[[BinaryIO], None], pipe: IO[bytes] | None) -> threading.Thread:
    made = threading.Thread(target=target, args=(pipe,), name="draftscope-pipe", daemon=True)
    made.start()
    return made
