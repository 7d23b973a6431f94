"""A Runs tab over a folder of made-up runs, and waiting for what it does beside the window."""

from collections.abc import Callable, Iterable
from pathlib import Path

from msgspec.structs import replace
from pytestqt.qtbot import QtBot

from app.workspaces.runs.library import RunLibrary
from engine.events import Event, RunStarted
from engine.machine import paths
from tests.engine.store import kept

MARKUP = "<b>bold</b>\u202e"


def keep_some(folder: Path | None = None, prompts: Iterable[str] = ("alpha", "beta", MARKUP)) -> list[str]:
    """Keep a run for each prompt; returns the ids, the newest first."""
    folder = folder or paths.runs()
    return [kept.keep(folder, kept.run(i, prompt)) for i, prompt in enumerate(prompts)][::-1]


def of_drafter(number: int, drafter: str) -> list[Event]:
    """A run of another drafter."""
    start, *rest = kept.run(number)
    assert isinstance(start, RunStarted)
    return [replace(start, drafter=drafter), *rest]


def settle(qtbot: QtBot, library: RunLibrary, condition: Callable[[], bool] = lambda: True) -> None:
    """Wait until everything asked for is there, and a condition holds."""
    qtbot.waitUntil(lambda: library.settled() and condition(), timeout=20_000)
