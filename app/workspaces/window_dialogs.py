"""The dialogs that belong to the window as a whole, each made when it is first asked for."""

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QSettings
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWidget

from app.choices.recent_files import RecentFiles
from app.panels import shortcuts
from app.panels.about import AboutDialog
from app.panels.settings_dialog import SettingsDialog
from app.panels.shortcuts import ShortcutsDialog
from app.state.engine_choice import EngineChoice
from app.theme.appearance import Appearance
from app.workspaces.runs.library import RunLibrary
from app.workspaces.runs.open_dialog import OpenDialog
from app.workspaces.runs.recent_menu import RecentMenu
from engine.machine import paths


class WindowDialogs:
    """recent: the files opened last. recent_menu: they and the newest runs. on_path: opens a file or folder."""

    def __init__(
        self,
        window: QWidget,
        appearance: Appearance,
        engine_choice: EngineChoice,
        settings: QSettings | None,
        on_path: Callable[[Path], None],
    ) -> None:
        self._window, self._on_path = window, on_path
        self._appearance, self._engine_choice, self._settings = appearance, engine_choice, settings
        self.recent = RecentFiles()
        self.recent_menu = RecentMenu(RunLibrary(paths.runs()), self.recent, on_path, window)
        self._open: OpenDialog | None = None
        self._settings_page: SettingsDialog | None = None
        self._about: AboutDialog | None = None
        self._shortcuts: ShortcutsDialog | None = None

    def open_run(self) -> None:
        """List the kept runs, to open one or another file."""
        if self._open is None:
            self._open = OpenDialog(RunLibrary(paths.runs()), self._window)
            self._open.opened.connect(self._on_path)
        self._open.show_beside()

    def settings(self) -> None:
        """Show the page of settings."""
        if self._settings_page is None:
            self._settings_page = SettingsDialog(self._appearance, self._engine_choice, self._settings, self._window)
        self._settings_page.show_beside()

    def about(self) -> None:
        """Show versions."""
        if self._about is None:
            self._about = AboutDialog(self._window)
        self._about.show_beside()

    def shortcuts(self, menus: Sequence[tuple[str, Sequence[QAction]]]) -> None:
        """List the shortcuts of these menus, by title, and those of panels."""
        if self._shortcuts is None:
            of_menus = [entry for title, actions in menus for entry in shortcuts.of_actions(title, actions)]
            self._shortcuts = ShortcutsDialog((*of_menus, *shortcuts.of_panels()), self._window)
        self._shortcuts.show_beside()

    def shut_down(self) -> None:
        """End what is under way, because the window closes."""
        self.recent_menu.shut_down()
        if self._open is not None:
            self._open.shut_down()
