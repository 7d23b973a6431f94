"""Builds the window's menus and actions from lists of entries with texts and shortcuts."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, NamedTuple, TypeAlias, get_args

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu


class MenuEntry(NamedTuple):
    """An action: its name in code, its text, its shortcuts, whether it is a switch. An empty name is a separator."""

    name: str
    words: str = ""
    keys: tuple[str, ...] = ()
    switch: bool = False


def tr(words: str) -> str:
    """Translate a menu text."""
    return QCoreApplication.translate("menus", words)


def file_entries() -> tuple[MenuEntry, ...]:
    """The File menu."""
    return (
        MenuEntry("open", tr("Open…"), ("Ctrl+O",)),
        MenuEntry("open_file", tr("Open file…"), ("Ctrl+Shift+O",)),
        MenuEntry("save", tr("Save trace as…"), ("Ctrl+S",)),
        MenuEntry("report", tr("Save report…"), ("Ctrl+Shift+S",)),
        MenuEntry(""),
        MenuEntry("settings", tr("Settings…"), ("Ctrl+,",)),
        MenuEntry("quit", tr("Quit"), ("Ctrl+Q",)),
    )


def edit_entries() -> tuple[MenuEntry, ...]:
    """The Edit menu, below the tabs' own actions."""
    return (MenuEntry("find", tr("Search…"), ("Ctrl+F",)),)


def run_entries() -> tuple[MenuEntry, ...]:
    """The Run menu."""
    return (
        MenuEntry("run", tr("Run"), ("Ctrl+Return", "Ctrl+Enter")),
        MenuEntry("pause", tr("Pause or resume"), ("Ctrl+P",)),
        MenuEntry("step", tr("Step a round"), ("F10",)),
        # The key itself belongs to the window, which asks before it ends long work.
        MenuEntry("stop", tr("Stop") + "\tEsc"),
        MenuEntry(""),
        MenuEntry("fork", tr("Fork from the selected token"), ("Ctrl+K",)),
        MenuEntry("again", tr("Run again with another seed"), ("Ctrl+Shift+R",)),
        MenuEntry("replay", tr("Replay or hold"), ("Ctrl+R",)),
        MenuEntry(""),
        MenuEntry("own_process", tr("Engine in a process of its own"), switch=True),
        MenuEntry("restart_engine", tr("Restart engine")),
    )


def model_entries() -> tuple[MenuEntry, ...]:
    """The Models menu."""
    return (MenuEntry("get_model", tr("Get…"), ("Ctrl+G",)),)


def view_entries(titles: Mapping[str, str]) -> tuple[MenuEntry, ...]:
    """The View menu, below the tabs' own actions; titles: of the tabs, by name."""
    numbered = enumerate(titles.items(), 1)
    tabs = (MenuEntry(f"tab_{name}", tr(title), (f"Ctrl+{number}",)) for number, (name, title) in numbered)
    return (
        *tabs,
        MenuEntry(""),
        MenuEntry("larger", tr("Larger"), ("Ctrl++", "Ctrl+=")),
        MenuEntry("smaller", tr("Smaller"), ("Ctrl+-",)),
        MenuEntry("usual_size", tr("Usual size"), ("Ctrl+0",)),
        MenuEntry(""),
        MenuEntry("reset_layout", tr("Reset layout")),
    )


def help_entries() -> tuple[MenuEntry, ...]:
    """The Help menu."""
    return (
        MenuEntry("explain", tr("What am I looking at?"), ("F1",)),
        MenuEntry("shortcuts", tr("Keyboard shortcuts"), ("Ctrl+?", "Ctrl+F1")),
        MenuEntry(""),
        MenuEntry("about", tr("About Draftscope")),
    )


# The menus that have actions of the tabs above their own entries.
TabMenu: TypeAlias = Literal["edit", "run", "view"]
TAB_MENUS: tuple[TabMenu, ...] = get_args(TabMenu)


class Menus:
    """Adds actions to a window; each calls the slot of its name, or is the shared action of that name."""

    def __init__(
        self, window: QMainWindow, slots: Mapping[str, Callable[[], object]], shared: Mapping[str, QAction]
    ) -> None:
        self._window = window
        self._slots = slots
        self._shared = shared
        self.actions: dict[str, QAction] = {}
        # By name, the menus with actions of the tabs, each with the separator below these.
        self._of_tabs: dict[TabMenu, tuple[QMenu, QAction]] = {}

    def add(self, title: str, entries: Sequence[MenuEntry], *, of_tabs: TabMenu | None = None) -> QMenu:
        """Add a menu and return it; of_tabs: the name under which the tabs put actions above its entries."""
        menu: QMenu = self._window.menuBar().addMenu(title)
        menu.setToolTipsVisible(True)
        if of_tabs is not None:
            self._of_tabs[of_tabs] = menu, menu.addSeparator()
        for entry in entries:
            if entry.name:
                menu.addAction(self._action(entry))
            else:
                menu.addSeparator()
        return menu

    def show_of_tabs(self, name: TabMenu, actions: Sequence[QAction]) -> None:
        """Put the actions of the tabs, in this order, above the entries of a menu."""
        menu, separator = self._of_tabs[name]
        menu.insertActions(separator, actions)

    def allow(self, name: str, why_not: str) -> None:
        """Enable an action if there is no reason against it; its tooltip shows the reason."""
        self.actions[name].setEnabled(not why_not)
        self.actions[name].setToolTip(why_not or self.actions[name].text())

    def _action(self, entry: MenuEntry) -> QAction:
        action = self._shared.get(entry.name)
        if action is None:
            slot = self._slots[entry.name]
            action = QAction(self._window)
            action.triggered.connect(lambda _checked=False: slot())
        action.setText(entry.words)
        action.setCheckable(entry.switch)
        action.setShortcuts([QKeySequence(key) for key in entry.keys])
        self._window.addAction(action)
        self.actions[entry.name] = action
        return action
