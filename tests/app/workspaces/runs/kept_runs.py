"""A Runs tab over a folder of made-up runs, and waiting for what it does beside the window."""

from collections.abc import Callable, Iterable
from pathlib import Path

from msgspec.structs import replace
from PySide6.QtCore import QAbstractItemModel
from pytestqt.qtbot import QtBot

from app.workspaces.runs.library import RunLibrary
from app.workspaces.runs.workspace import RunsWorkspace
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


def shown(qtbot: QtBot, tab: RunsWorkspace) -> None:
    """Show the tab and wait for its rows."""
    tab.show()
    settle(qtbot, tab.library, lambda: tab.library.ids is not None)
    cells(qtbot, tab, 0)


def cells(qtbot: QtBot, tab: RunsWorkspace, column: int) -> list[str]:
    """The texts of a column of the tab, once they are fetched."""
    return texts(qtbot, tab.library, tab.table.rows, column)


def texts(qtbot: QtBot, library: RunLibrary, model: QAbstractItemModel, column: int) -> list[str]:
    """The texts of a column, once they are fetched: a row is asked for when it is looked at."""
    indexes = [model.index(row, column) for row in range(model.rowCount())]
    for index in indexes:
        model.data(index)
    settle(qtbot, library)
    return [str(model.data(index)) for index in indexes]
