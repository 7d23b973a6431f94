"""Starts the engine's process, writes orders to it, reads its events, and reports how it ended.

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

_PACKED_ARGUMENT = "engine-process"
_TAIL_BYTES = 8192
_CHUNK_BYTES = 65536
# Time for a process that closed its pipes to end, and for its last output to arrive: a core dump takes a while.
_END_S = 5.0


class Ending(NamedTuple):
    """How a process ended. status: as subprocess has it; None: it could not be started. tail: the end of its stderr.

    ended_for: why this side killed it although nobody asked; empty if it did not."""

    status: int | None
    tail: str
    ended_for: str = ""


def command_line(runs: Path | None) -> list[str]:
    """The command line that starts the engine's process."""
    # A program packed into one file is its own interpreter.
    packed = getattr(sys, "frozen", False)
    start = [sys.executable, _PACKED_ARGUMENT] if packed else run_module("engine.host.child")
    return [*start, *([] if runs is None else [str(runs)])]


class Child:
    """Runs the engine's process and reads its events on a thread, which also starts it: that takes milliseconds.

    on_message, on_end: called on that thread; no message comes after the end."""

    def __init__(
        self, argv: list[str], *, on_message: Callable[[wire.Said], None], on_end: Callable[[Ending], None]
    ) -> None:
        self._argv = argv
        self._on_message = on_message
        self._on_end = on_end
        self._orders: SimpleQueue[bytearray | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._kill_requested = False
        self._tail = b""
        self._kill_reason = ""
        self._thread = threading.Thread(target=self._run_process, name="draftscope-process", daemon=True)
        self._thread.start()

    def send(self, order: wire.Order) -> None:
        """Queue an order; returns at once. Raises UnicodeEncodeError, OverflowError: it cannot be encoded."""
        self._orders.put(wire.framed(order))

    def finish(self) -> None:
        """Send no more orders: the process stops its work and ends."""
        self._orders.put(None)

    def kill(self) -> None:
        """End the process at once, whatever it is doing."""
        with self._lock:
            self._kill_requested = True
            if self._process is not None:
                self._process.kill()

    def join(self, timeout_s: float) -> bool:
        """Wait for the process to end. Returns whether it has ended."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run_process(self) -> None:
        try:
            process = subprocess.Popen(
                self._argv, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
            )
        except OSError as err:
            self._on_end(Ending(None, str(err)))
            return
        with self._lock:
            self._process = process
        if self._kill_requested:  # before there was a process
            process.kill()
        pipe_threads = [
            _start_pipe_thread(self._write_orders, process.stdin),
            _start_pipe_thread(self._read_stderr, process.stderr),
        ]
        self._read_messages(process)
        self._orders.put(None)  # ends the thread that writes orders
        for thread in pipe_threads:
            thread.join(_END_S)
        self._on_end(Ending(process.returncode, self._tail.decode(errors="replace"), self._kill_reason))

    def _read_messages(self, process: "subprocess.Popen[bytes]") -> None:
        shared = SharedTokens()
        with cast(BinaryIO, process.stdout) as pipe:
            try:
                for message in wire.messages(pipe, wire.SAYINGS):
                    shared.share(message)
                    self._on_message(message)
            except msgspec.DecodeError:
                self._kill_for(process, "what it said made no sense")
        try:
            process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._kill_for(process, "it said no more and went on")
            process.wait()

    def _kill_for(self, process: "subprocess.Popen[bytes]", why: str) -> None:
        self._kill_reason = why
        process.kill()

    def _write_orders(self, pipe: BinaryIO) -> None:
        with suppress(OSError), pipe:  # the process is gone, which `_read_messages` sees too
            while (frame := self._orders.get()) is not None:
                pipe.write(frame)
                pipe.flush()

    def _read_stderr(self, pipe: BinaryIO) -> None:
        with pipe:
            while chunk := os.read(pipe.fileno(), _CHUNK_BYTES):
                self._tail = (self._tail + chunk)[-_TAIL_BYTES:]


def _start_pipe_thread(target: Callable[[BinaryIO], None], pipe: IO[bytes] | None) -> threading.Thread:
    thread = threading.Thread(target=target, args=(pipe,), name="draftscope-pipe", daemon=True)
    thread.start()
    return thread
