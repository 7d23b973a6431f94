"""Folders of runs as logs leave them, for tests of the store."""

from collections import deque
from collections.abc import Iterable
from pathlib import Path
from queue import SimpleQueue

from msgspec.structs import replace

from engine.events import Event
from engine.runs.run_log import RunLog
from engine.store.index import RunIndex
from tests.engine.runs import stories


def keep(folder: Path, events: Iterable[Event]) -> str:
    """Write a log; returns the id of its folder."""
    log = RunLog(folder, SimpleQueue())
    for event in events:
        log.add(event)
    path = log.path
    log.close()
    assert path is not None
    return path.parent.name


def run(number: int, prompt: str = "Hi", method: str = "speculative", *, n_events: int | None = None) -> list[Event]:
    """A run of its own name and minute."""
    start, *rest = stories.whole_run()
    utc = f"2026-01-01T{number // 60:02}:{number % 60:02}:00Z"
    own = replace(start, run_id=f"{number:04x}", started_utc=utc, prompt=prompt, method=method)  # type: ignore[call-arg]
    return [own, *rest][:n_events]


def opened(folder: Path) -> RunIndex:
    """The index of a folder, up to date."""
    index = RunIndex(folder, wait_s=0.2)
    deque(index.take_in(), maxlen=0)
    return index
