"""Asks a hub in a process of its own, which a stop ends at once and which alone may use the network.

* imports neither Qt nor torch."""

import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Event as Flag
from typing import BinaryIO, cast

import msgspec

from engine.errors import EngineError
from engine.events import Event, Refused
from engine.hub.child import Answer, HubRequest
from engine.machine.own_module import environment, run_module

AFTER_STOP = "get it again: it continues from what is there"
_POLL_S = 0.1
# Plain downloads only: they can be continued and checked. No bars, no reports on how the client is used.
_CLIENT = {"HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
_ANSWERS: "msgspec.json.Decoder[Answer]" = msgspec.json.Decoder(Answer)


def hub_events(request: HubRequest, cancelled: Flag, *, argv: Sequence[str] | None = None) -> Iterator[Event]:
    """Yield what the hub answers and how a download advances. argv: the command line of the process.

    Raises EngineError: refused, stopped, or the process was ended from outside."""
    process = _start(run_module("engine.hub.child") if argv is None else argv)
    lines: SimpleQueue[bytes] = SimpleQueue()
    reader = threading.Thread(target=_read, args=(process, lines), name="draftscope-hub", daemon=True)
    reader.start()
    try:
        _send(process, request)
        while line := _next(lines, cancelled):
            event = _decoded(line)
            if isinstance(event, Refused):
                raise _refusal(event)
            yield event
    finally:
        process.kill()
        process.wait()
        reader.join()
        _shut(process)
    if process.returncode:
        raise EngineError(f"the download's process was ended from outside (status {process.returncode})", AFTER_STOP)


def _start(argv: Sequence[str]) -> "subprocess.Popen[bytes]":
    try:
        return subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**environment(), **_CLIENT},
        )
    except OSError as err:
        raise EngineError(f"the download's process cannot be started ({err.strerror})", "free some memory") from err


def _send(process: "subprocess.Popen[bytes]", request: HubRequest) -> None:
    """Send the request; the pipe stays open, since its end is the end of the process."""
    pipe = cast(BinaryIO, process.stdin)
    with suppress(OSError):  # the process is gone, which the end of its output says too
        pipe.write(msgspec.json.encode(request) + b"\n")
        pipe.flush()


def _read(process: "subprocess.Popen[bytes]", lines: "SimpleQueue[bytes]") -> None:
    for line in cast(BinaryIO, process.stdout):
        lines.put(line)
    lines.put(b"")


def _next(lines: "SimpleQueue[bytes]", cancelled: Flag) -> bytes:
    """The next line, empty after the last. Raises EngineError once it is cancelled."""
    while True:
        if cancelled.is_set():
            raise EngineError("stopped by the user", AFTER_STOP)
        with suppress(Empty):
            return lines.get(timeout=_POLL_S)


def _decoded(line: bytes) -> Event:
    try:
        return _ANSWERS.decode(line)
    except msgspec.MsgspecError as err:
        raise EngineError("the download's process was ended in the middle of a line", AFTER_STOP) from err


def _refusal(event: Refused) -> Exception:
    """The error that a refusal stands for; one with a traceback is a defect."""
    if event.traceback:
        return RuntimeError(f"{event.reason}\n{event.traceback}")
    return EngineError(event.reason, event.hint)


def _shut(process: "subprocess.Popen[bytes]") -> None:
    for pipe in (process.stdin, process.stdout):
        with suppress(OSError):
            cast(BinaryIO, pipe).close()
