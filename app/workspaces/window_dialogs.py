"""The dialogs that belong to the window as a whole, each made when it is first asked for."""

from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSettings
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWidget

from app.choices.recent_files import RecentFiles
from app.plots.report_saver import ReportSaver, ReportSource
from app.state.engine_choice import EngineChoice
from app.state.store import RunStore
from app.theme.appearance import Appearance
from app.workspaces.base import Workspace
from app.workspaces.runs.recent_menu import RecentMenu
from engine.machine import paths

# The dialogs are imported when they are asked for: none of them is needed for the first paint, which waits for imports.
if TYPE_CHECKING:
    from app.panels.about import AboutDialog
    from app.panels.explain import ExplainDialog
    from app.panels.get_model.dialog import GetModelDialog
    from app.panels.settings_dialog import SettingsDialog
    from app.panels.shortcuts import ShortcutsDialog
    from app.workspaces.runs.library import RunLibrary
    from app.workspaces.runs.open_dialog import OpenDialog


class WindowDialogs:
    """recent: the files opened last. recent_menu: they and the newest runs. reports: writes the report asked for.

    on_path: opens a file or folder."""

    def __init__(
        self,
        window: QWidget,
        store: RunStore,
        appearance: Appearance,
        engine_choice: EngineChoice,
        settings: QSettings | None,
        on_path: Callable[[Path], None],
    ) -> None:
        self._window, self._store, self._on_path = window, store, on_path
        self._appearance, self._engine_choice, self._settings = appearance, engine_choice, settings
        self.recent = RecentFiles()
        self.recent_menu = RecentMenu(_library, self.recent, on_path, window)
        self.reports = ReportSaver(store, window)
        self._open: OpenDialog | None = None
        self._settings_page: SettingsDialog | None = None
        self._about: AboutDialog | None = None
        self._shortcuts: ShortcutsDialog | None = None
        self._explain: ExplainDialog | None = None
        self._get_model: GetModelDialog | None = None

    def open_run(self) -> None:
        """List the kept runs, to open one or another file."""
        from app.workspaces.runs.open_dialog import OpenDialog

        if self._open is None:
            self._open = OpenDialog(_library(), self._window)
            self._open.opened.connect(self._on_path)
        self._open.show_beside()

    def report(self, source: ReportSource) -> None:
        """Ask for a file and write the report of a log to it."""
        self.reports.ask(self._window, source, "draftscope-report")

    def explain(self, tabs: Iterable[Workspace]) -> None:
        """Explain what is on the screen."""
        from app.panels.explain import ExplainDialog

        if self._explain is None:
            of_tabs = chain.from_iterable(tab.explained() for tab in tabs)
            self._explain = ExplainDialog(self._store, self._window, of_tabs=tuple(of_tabs))
        self._explain.show_beside()

    def get_model(self) -> None:
        """Get models from a hub."""
        from app.panels.get_model.dialog import GetModelDialog

        if self._get_model is None:
            self._get_model = GetModelDialog(self._store, self._window)
        self._get_model.show_beside()

    def settings(self) -> None:
        """Show the page of settings."""
        from app.panels.settings_dialog import SettingsDialog

        if self._settings_page is None:
            self._settings_page = SettingsDialog(self._appearance, self._engine_choice, self._settings, self._window)
        self._settings_page.show_beside()

    def about(self) -> None:
        """Show versions."""
        from app.panels.about import AboutDialog

        if self._about is None:
            self._about = AboutDialog(self._window)
        self._about.show_beside()

    def shortcuts(self, menus: Sequence[tuple[str, Sequence[QAction]]]) -> None:
        """List the shortcuts of these menus, by title, and those of panels."""
        from app.panels import shortcuts
        from app.panels.shortcuts import ShortcutsDialog

        if self._shortcuts is None:
            of_menus = [entry for title, actions in menus for entry in shortcuts.of_actions(title, actions)]
            self._shortcuts = ShortcutsDialog((*of_menus, *shortcuts.of_panels()), self._window)
        self._shortcuts.show_beside()

    def shut_down(self) -> None:
        """End what is under way, because the window closes; wait for a report that is being written."""
        self.recent_menu.shut_down()
        if self._open is not None:
            self._open.shut_down()
        self.reports.close()


def _library() -> "RunLibrary":
    """The kept runs."""
    from app.workspaces.runs.library import RunLibrary

    return RunLibrary(paths.runs())
