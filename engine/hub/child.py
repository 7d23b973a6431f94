"""`python -m engine.hub.child`: asks a hub one thing in a process that may be killed; JSON lines in and out.

* imports neither Qt nor torch.

The process ends when its input does, so that no download outlives the program that asked for it."""

import logging
import os
import signal
import sys
import threading
import traceback
from typing import Literal, TypeAlias

import msgspec

from engine.errors import EngineError
from engine.events import Event, FileDownloaded, ModelDescribed, ModelDownloaded, Progressed, Refused

Answer: TypeAlias = ModelDescribed | ModelDownloaded | FileDownloaded | Progressed | Refused


class HubRequest(msgspec.Struct, frozen=True):
    """What to ask: what a download would bring, or the download itself."""

    action: Literal["look_up", "get"]
    spec: str
    revision: str = "main"


def answer(request: HubRequest) -> None:
    """Carry out a request; every event is a line of output, and a refusal is the last one."""
    try:
        # Imported late: what goes wrong while the client is imported is an answer, too.
        from engine.hub import describing, getting

        act = getting.get if request.action == "get" else getting.look_up
        act(describing.site_of_user(), request.spec, request.revision, say)
    except EngineError as err:
        say(Refused(request.action, err.message, err.hint))
    except Exception as err:  # the process's outermost frame: a defect becomes an answer
        say(Refused(request.action, f"{type(err).__name__}: {err}", "", traceback.format_exc()))


def say(event: Event) -> None:
    """Print an event as one line."""
    sys.stdout.buffer.write(msgspec.json.encode(event) + b"\n")
    sys.stdout.buffer.flush()


def _end_with_input() -> None:
    """End at once when the program that asked is gone: it holds the other end of the input."""
    while sys.stdin.buffer.read(1):
        pass
    os._exit(0)


def main() -> None:
    """Answer one request."""
    logging.disable()
    # Ctrl+C in a terminal reaches this process too; the program that asked decides what happens then.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    request = msgspec.json.decode(sys.stdin.buffer.readline(), type=HubRequest)
    threading.Thread(target=_end_with_input, daemon=True).start()
    answer(request)
    sys.stdout.buffer.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
