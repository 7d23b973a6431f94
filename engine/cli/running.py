"""Loads a pair and runs methods for a command in one session; Ctrl+C asks for a stop that keeps everything so far."""

import os
import signal
from collections import deque
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager, suppress
from threading import Event as Flag
from types import FrameType
from typing import TYPE_CHECKING, cast

from msgspec.structs import replace

from engine.cli.exit_status import STOPPED
from engine.cli.interruption import STOPS, stopped_before
from engine.cli.options import PairOptions, Settings
from engine.cli.output import Output
from engine.commands import Run
from engine.errors import EngineError
from engine.events import Event, ModelLoaded
from engine.settings import Request

if TYPE_CHECKING:
    from engine.bench.hosted import HostedPair
    from engine.models.loading import LoadedModel
    from engine.session.session import Session


_STDERR = 2


@contextmanager
def stop_noted(flag: Flag, output: Output) -> Iterator[None]:
    """Turn the refusal of work that was stopped before it had made anything into a note: a stop is no bad input."""
    try:
        yield
    except EngineError as err:
        if not flag.is_set():
            raise
        output.note(str(err))


_ACKNOWLEDGED = b"draftscope: stopping after this step; once more ends it at once\n"


@contextmanager
def stoppable() -> Iterator[Flag]:
    """A flag that Ctrl+C or SIGTERM sets, which is acknowledged at once; a second one interrupts.

    A refusal of the work that comes after it is the stop's, and becomes one."""
    if stopped_before():
        raise KeyboardInterrupt
    flag = Flag()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        if flag.is_set():
            raise KeyboardInterrupt
        flag.set()
        with suppress(OSError):
            os.write(_STDERR, _ACKNOWLEDGED)  # past Python's buffer, in whose writing this may have come

    previous = [signal.signal(number, stop) for number in STOPS]
    try:
        yield flag
    except EngineError as err:
        if not flag.is_set():
            raise
        raise KeyboardInterrupt(str(err)) from err
    finally:
        for number, handler in zip(STOPS, previous, strict=True):
            signal.signal(number, handler)


def stopped(output: Output, way_out: str) -> int:
    """Print, as the last line, that the work was stopped, what is kept of it and how it continues; returns the exit
    status."""
    output.note(f"stopped; {way_out}")
    return STOPPED


def kept_as(run_id: str | None) -> str:
    """Say where work is kept that was stopped."""
    return "nothing of it is kept" if run_id is None else f"what was done is kept as run {run_id}"


def loaded_session(pair: PairOptions, output: Output) -> "Session":
    """A session with the pair in memory."""
    from engine.session.session import Session

    session = Session()
    for event in session.do(pair.load()):
        output.event(event)
        if isinstance(event, ModelLoaded) and event.why_dtype and not output.json:
            output.note(f"{event.dtype}: {event.why_dtype}")
        if isinstance(event, ModelLoaded) and event.drafts_through == "text":
            shared = f"{event.shared_tokens:,} of the drafter's {event.drafter_tokens:,} tokens are the target's too"
            output.note(f"other tokenizer: drafts through text; {shared}")
        if isinstance(event, ModelLoaded):
            _note_generation_config(event, output)
    return session


def _note_generation_config(loaded: ModelLoaded, output: Output) -> None:
    """Say how the checkpoints were read, and what the target's generation config asks for and does not get."""
    if loaded.note:
        output.note(loaded.note)
    if loaded.ignored:
        asked = ", ".join(loaded.ignored)
        output.note(
            f"the model's generation config asks for {asked}: not applied, so `generate` may write another text"
        )
    if loaded.sampling:
        output.note(f"the model recommends sampling ({loaded.sampling}); here --temperature and its like decide")


@contextmanager
def hosted_pair(pair: PairOptions, engine: str, output: Output) -> "Iterator[tuple[HostedPair, LoadedModel]]":
    """The pair on a host of that kind, and its target in this process: the host's own where they share a process."""
    from engine.bench.hosted import HostedPair
    from engine.host.process_host import ProcessHost
    from engine.host.thread_host import ThreadHost
    from engine.session.session import Session

    session = Session()
    load = pair.load()
    host = ProcessHost() if engine == "process" else ThreadHost(new_session=lambda: session)
    with HostedPair(host, load, output.event) as hosted:
        if session.target is None:
            deque(session.do(replace(load, drafter="none")), maxlen=0)
        assert session.target is not None
        yield hosted, session.target


def run_events(session: "Session", method: str, settings: Settings, request: Request, flag: Flag) -> Iterator[Event]:
    """The events of a run; ends early, without an error, once the flag is set."""
    from engine.runtime import Cancelled

    try:
        with closing(cast(Generator[Event, None, None], session.do(Run(method, settings, request), flag))) as events:
            for event in events:
                yield event
                if flag.is_set():
                    return
    except Cancelled:
        return
