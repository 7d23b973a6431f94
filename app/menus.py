"""The window's actions and menus, made from one list; knows what each is called, not what it does."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu


class Entry(NamedTuple):
    """An action: its name in the code, its words, its keys, whether it is a switch. No name: a line between groups."""

    name: str
    words: str = ""
    keys: tuple[str, ...] = ()
    switch: bool = False


def tr(words: str) -> str:
    """The translation of a menu's words."""
    return QCoreApplication.translate("menus", words)


def file_entries() -> tuple[Entry, ...]:
    """The File menu."""
    return (
        Entry("open", tr("Open trace…"), ("Ctrl+O",)),
        Entry("save", tr("Save trace as…"), ("Ctrl+S",)),
        Entry(""),
        Entry("quit", tr("Quit"), ("Ctrl+Q",)),
    )


def run_entries() -> tuple[Entry, ...]:
    """The Run menu."""
    return (
        Entry("run", tr("Run"), ("Ctrl+Return", "Ctrl+Enter")),
        Entry("pause", tr("Pause or resume"), ("Ctrl+P",)),
        Entry("step", tr("Step a round"), ("F10",)),
        Entry("stop", tr("Stop"), ("Esc",)),
        Entry(""),
        Entry("fork", tr("Fork from the selected token"), ("Ctrl+K",)),
        Entry("again", tr("Run again with another seed"), ("Ctrl+Shift+R",)),
        Entry("replay", tr("Replay or hold"), ("Ctrl+R",)),
        Entry(""),
        Entry("measure", tr("Measure context, γ and batch…")),
        Entry("own_process", tr("Engine in a process of its own"), switch=True),
        Entry("restart_engine", tr("Restart engine")),
    )


def view_entries() -> tuple[Entry, ...]:
    """The View menu, below the docks."""
    return (
        Entry("zoom_in", tr("Larger text in the stream"), ("Ctrl++", "Ctrl+=")),
        Entry("zoom_out", tr("Smaller text in the stream"), ("Ctrl+-",)),
        Entry("zoom_reset", tr("Usual text in the stream"), ("Ctrl+0",)),
        Entry(""),
        Entry("reset_layout", tr("Reset layout")),
    )


def help_entries() -> tuple[Entry, ...]:
    """The Help menu."""
    return (Entry("explain", tr("What am I looking at?"), ("F1",)),)


class Menus:
    """Adds actions to a window; each calls the slot of its name."""

    def __init__(self, window: QMainWindow, slots: Mapping[str, Callable[[], object]]) -> None:
        self._window = window
        self._slots = slots
        self.actions: dict[str, QAction] = {}

    def add(self, title: str, entries: Sequence[Entry], *, above: Sequence[QAction] = ()) -> None:
        """Add a menu; `above`: actions of others that come first."""
        menu: QMenu = self._window.menuBar().addMenu(title)
        if above:
            menu.addActions(list(above))
            menu.addSeparator()
        for entry in entries:
            if entry.name:
                menu.addAction(self._make(entry))
            else:
                menu.addSeparator()

    def enable(self, **states: bool) -> None:
        """Say which actions make sense now."""
        for name, enabled in states.items():
            self.actions[name].setEnabled(enabled)

    def _make(self, entry: Entry) -> QAction:
        action, slot = QAction(entry.words, self._window), self._slots[entry.name]
        action.setCheckable(entry.switch)
        action.setShortcuts([QKeySequence(key) for key in entry.keys])
        action.triggered.connect(lambda _checked=False: slot())
        self._window.addAction(action)
        self.actions[entry.name] = action
        return action
