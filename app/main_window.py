"""The main window: tabs, menus and status line; connects the store, the host and the workspaces."""

from collections.abc import Callable
from itertools import chain
from pathlib import Path
from time import perf_counter
from typing import TypeVar

from PySide6.QtCore import QCoreApplication, QEvent, QSettings, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QCloseEvent, QDragEnterEvent, QDropEvent, QKeyEvent, QKeySequence, QPaintEvent
from PySide6.QtWidgets import QMainWindow, QMenu, QWidget

from app import menus, theme, workspaces
from app.menus import TAB_MENUS, MenuEntry, Menus, TabMenu
from app.panels.status import StatusPanel
from app.panels.verbs import Verbs
from app.state import requests
from app.state.dropped import DroppedFiles
from app.state.engine_choice import EngineChoice
from app.state.store import RunStore
from app.theme.appearance import Appearance
from app.widgets import file_dialogs
from app.widgets.closing import ClosingQuestion
from app.widgets.dropped_file import dropped_files, leave_files_to_window
from app.widgets.stop_question import StopQuestion
from app.words.counts import count
from app.words.titles import window_title
from app.workspaces.base import TabContext, Workspace
from app.workspaces.tabs import LazyWorkspaces
from app.workspaces.window_dialogs import WindowDialogs
from engine.commands import Load
from engine.events import RunStarted
from engine.host.chosen_host import ChosenHost
from engine.host.thread_host import Host
from engine.machine import paths
from engine.models.gguf import header

T = TypeVar("T", bound=Workspace)
_SIZE = QSize(1600, 1000)
_MIN_SIZE = QSize(960, 600)
# After its first paint a tab gives its parts their sizes; what imports meanwhile would hold back the frame with them.
_SETTLED_MS = 50
_LOADING_MS = 60


def saving_host(*, save: bool = True) -> Host:
    """A host that keeps what it does, unless told otherwise, and runs the engine where the user chose."""
    return ChosenHost("thread", paths.runs() if save else None)


class MainWindow(QMainWindow):
    """Starts the engine, and makes the tabs behind the front one, only after the first paint: both take long.

    workspaces: the tabs by name, in their order. verbs: the actions of the tab in front. closing: the window is about
    to end what is under way."""

    painted = Signal()
    closing = Signal()

    def __init__(
        self,
        pair: Load,
        settings: QSettings | None,
        *,
        make_host: Callable[[], Host] | None = saving_host,
        named: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        """settings: None stores nothing. make_host: None never starts an engine. named: the user named the pair."""
        super().__init__(parent)
        self.store = RunStore(self)
        self.store.tab(DroppedFiles)
        self.verbs = Verbs(self.store, self)
        self.engine_choice = EngineChoice(self.store)
        self.appearance = Appearance(self)
        self.dialogs = WindowDialogs(self, self.store, self.appearance, self.engine_choice, settings, self.open_path)
        self._settings = settings
        self._make_host = make_host
        self._painted = False
        self._restored = False
        self._confirmed = False
        self._closed = False
        self._titled: tuple[str, RunStarted | None] = ("", None)
        self.question = ClosingQuestion(self)
        self.question.confirmed.connect(self.close_now)
        self.stop_question = StopQuestion(self)
        context = TabContext(self.store, self.verbs, pair, named, self.show_view)
        self.workspaces = LazyWorkspaces(self, context, on_made=self._take_in)
        self.workspaces.row.currentChanged.connect(self._on_current_tab)
        self.setCentralWidget(self.workspaces.row)
        self._menus = self._make_menus()
        self._status = StatusPanel(self.store, self, verbs=self.verbs)
        self.statusBar().addWidget(self._status, 1)
        self.statusBar().setSizeGripEnabled(False)
        self.workspaces.make_front()
        self.stop_question.confirmed.connect(lambda: self.verbs.do("stop"))
        self._escape_action = QAction(self, shortcut=QKeySequence(Qt.Key.Key_Escape))
        self._escape_action.triggered.connect(self.escape)
        self.addAction(self._escape_action)
        self.store.changed.connect(self._on_changed)
        self.store.tabs_needed.connect(self._make_all_tabs)
        self._on_tab_changed()
        # A timer of the window's own, since a single shot that is due when it goes would keep it for ever.
        self._idle = QTimer(self)
        self._idle.setSingleShot(True)
        self._idle.timeout.connect(self._make_tabs)
        self.setMinimumSize(_MIN_SIZE)
        self.resize(_SIZE.boundedTo(self.screen().availableSize()))
        self.setAcceptDrops(True)
        self._restore()

    @property
    def front(self) -> Workspace:
        """The tab in front."""
        return self.workspaces.front

    def workspace(self, kind: type[T]) -> T:
        """The tab of a class."""
        return next(tab for tab in self.workspaces.values() if isinstance(tab, kind))

    # Commands

    def start_engine(self) -> None:
        """Start the engine and load the pair."""
        if self._make_host is not None:
            pairs = (tab.first_pair() for tab in self.workspaces.values())
            if (first := next((pair for pair in pairs if pair is not None), None)) is not None:
                self.store.load(first)
            self.store.attach(self.engine_choice.attached(self._make_host()))

    def show_view(self, name: str) -> None:
        """Bring a tab, or a window that belongs to one, to the front."""
        self.workspaces.show_view(name)

    def choose_engine(self) -> None:
        """Choose the engine's host by the menu's switch."""
        self.engine_choice.choose("process" if self._menus.actions["own_process"].isChecked() else "thread")

    def restart_engine(self) -> None:
        """Restart the engine, after which a GPU that stopped working works again."""
        self.engine_choice.restart()
        self._menus.actions["own_process"].setChecked(self.engine_choice.kind == "process")

    def explain(self) -> None:
        """Open the dialog that explains what is on the screen."""
        self.dialogs.explain(self.workspaces.values())

    def ask_open_file(self) -> None:
        """Ask for the file of a run, or of anything else a tab shows, and show it."""
        file_dialogs.ask_open(self, self.tr("Open a file"), self.front.folder, self.open_path)

    def open_path(self, path: Path) -> None:
        """Show a file or folder in the tab it belongs to, or take a GGUF file as the target."""
        if not path.is_relative_to(paths.runs()):  # those are listed by what they were
            self.dialogs.recent.add(path)
        if header.is_gguf(path.name):
            self.store.drafter_offered.emit(str(path), requests.default_drafter(str(path)))
        elif not self.front.take_text(path):
            self.store.open_trace(path)

    def ask_save(self) -> None:
        """Ask for a file and write the run on show to it."""
        title, record = self.tr("Save trace as"), self.front.shown_record
        file_dialogs.ask_save(self, title, self.front.folder, lambda path: self.store.save_trace(path, record))

    def search(self) -> None:
        """Go to the search of the tab in front."""
        self.front.search()

    def under_way(self) -> tuple[str, ...]:
        """The work that closing would stop, in words."""
        work, is_writing = self.store.commands.work, any(tab.is_writing for tab in self.workspaces.made)
        command = "" if work is None else QCoreApplication.translate("commands", work.under_way)
        is_writing = is_writing or self.dialogs.reports.busy or self.store.writing
        return tuple(reason for reason in (command, self.tr("a file is being written") if is_writing else "") if reason)

    def close_now(self) -> None:
        """Close without asking; what is under way is stopped and kept as far as it is."""
        self._confirmed = True
        self.close()

    def escape(self) -> None:
        """Stop what is under way; long work only after a question."""
        if work := self.store.long_work:
            self.stop_question.ask(work)
        else:
            self.verbs.do("stop")

    def reset_layout(self) -> None:
        """Reset the layout of every tab to that of the first start."""
        for tab in self.workspaces.values():
            tab.reset_layout()

    # Wiring

    def _begin(self) -> None:
        """Start what takes long."""
        if not self._closed:
            self.start_engine()
            self._idle.start(_LOADING_MS)  # by then the engine says that it is up

    def _make_menus(self) -> Menus:
        slots = {
            "open": self.dialogs.open_run,
            "open_file": self.ask_open_file,
            "save": self.ask_save,
            "report": lambda: self.dialogs.report(self.front.reported),
            "quit": self.close,
            "own_process": self.choose_engine,
            "restart_engine": self.restart_engine,
            "reset_layout": self.reset_layout,
            "find": self.search,
            "explain": self.explain,
            "get_model": self.dialogs.get_model,
            "settings": self.dialogs.settings,
            "shortcuts": self._list_shortcuts,
            "about": self.dialogs.about,
            "larger": lambda: self.appearance.step_size(1),
            "smaller": lambda: self.appearance.step_size(-1),
            "usual_size": lambda: self.appearance.choose_size(100),
            **{f"tab_{spec.name}": self._show_view_slot(spec.name) for spec in workspaces.discover()},
        }
        window_menus = Menus(self, slots, {str(verb): action for verb, action in self.verbs.actions.items()})
        file_menu = window_menus.add(self.tr("&File"), menus.file_entries())
        file_menu.insertMenu(window_menus.actions["save"], self.dialogs.recent_menu)
        titles = {spec.name: spec.title for spec in workspaces.discover() if spec.is_tab}
        rows: tuple[tuple[str, tuple[MenuEntry, ...], TabMenu | None], ...] = (
            (self.tr("&Edit"), menus.edit_entries(), "edit"),
            (self.tr("&Run"), menus.run_entries(), "run"),
            (self.tr("&Models"), menus.model_entries(), None),
            (self.tr("&View"), menus.view_entries(titles), "view"),
            (self.tr("&Help"), menus.help_entries(), None),
        )
        for title, entries, of_tabs in rows:
            menu = window_menus.add(title, entries, of_tabs=of_tabs)
            if of_tabs is not None:
                menu.aboutToShow.connect(self._make_all_tabs)
        return window_menus

    def _list_shortcuts(self) -> None:
        self.workspaces.make_all()
        menu_actions = [(menu.title().replace("&", ""), menu.actions()) for menu in self.menuBar().findChildren(QMenu)]
        self.dialogs.shortcuts(menu_actions)

    def _show_view_slot(self, name: str) -> Callable[[], None]:
        return lambda: self.show_view(name)

    def _take_in(self, new: Workspace) -> None:
        """Give a new tab its saved choices, and its actions their place in the menus."""
        for menu in TAB_MENUS:
            self._menus.show_of_tabs(
                menu, [*chain.from_iterable(tab.menu_actions(menu) for tab in self.workspaces.made)]
            )
        leave_files_to_window(new.widget)
        self._status.come_last()
        if self._restored:
            if self._settings is not None:
                new.restore(self._settings)
            self._enable_actions_of_tabs()
            self.store.changed.emit()  # what it shows besides panels follows the store from here on

    def _enable_actions_of_tabs(self) -> None:
        """Let the menus offer what the tab in front has, and of the others only what concerns no text or layout."""
        for tab in (tab for tab in self.workspaces.made if not tab.widget.isWindow()):
            for action in chain(tab.menu_actions("edit"), tab.menu_actions("view")):
                action.setEnabled(tab is self.front)

    def _on_current_tab(self, _place: int) -> None:
        self.workspaces.make_front()
        self._on_tab_changed()

    def _on_tab_changed(self) -> None:
        self.verbs.serve(self.front)
        self._status.serve(self.front)
        self._enable_actions_of_tabs()
        if self.isVisible() and not self.workspaces.row.tabBar().hasFocus():  # where arrow keys go from tab to tab
            self.workspaces.focus_front()
        self._on_changed()

    def _on_changed(self) -> None:
        for entry in ("open", "open_file"):
            self._menus.allow(entry, self.tr("a file is being read or written") if self.store.reading else "")
        record = self.front.shown_record
        titled = self.workspaces.title, None if record is None else record.started
        if titled[0] != self._titled[0] or titled[1] is not self._titled[1]:  # in words only where it is another
            self._titled = titled
            self.setWindowTitle(window_title(*titled))
        no_run = "" if record is not None else self.tr("there is no run to save")
        self._menus.allow("find", self.front.why_no_search())
        self._menus.allow("save", self.store.may_start() or no_run)
        self._menus.allow("report", "" if self.front.reported else self.tr("there is nothing to report in this tab"))
        self._menus.actions["own_process"].setChecked(self.engine_choice.kind == "process")
        if not self.store.long_work:
            self.stop_question.withdraw()
        # A prompt that was dropped goes to the first tab that has a place for it: the one in front, else Decode.
        for tab in sorted(self.workspaces.made, key=lambda tab: tab is not self.front):
            if view := tab.newly_opened():
                self.show_view(view)

    def _restore(self) -> None:
        self._restored = True
        if self._settings is None:
            return
        self.engine_choice.restore(self._settings)
        self.appearance.restore(self._settings)
        self.dialogs.recent.restore(self._settings)
        if (geometry := self._settings.value("geometry")) is not None:
            self.restoreGeometry(geometry)
        for tab in self.workspaces.made:
            tab.restore(self._settings)
        self._on_tab_changed()

    def _make_all_tabs(self) -> None:
        self.workspaces.make_all()

    def _make_tabs(self) -> None:
        """Make one of the tabs behind the front one, and the next when the event loop is idle again.

        Not while a pair is loading: it needs the same interpreter, and is what the user waits for."""
        if self.store.engine.is_loading:
            self._idle.start(_LOADING_MS)
        elif not self._closed and self.workspaces.make_next():
            self._idle.start(0)

    # Qt

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        """Make the windows that are missing, such as the presentation, where a key may be one of theirs (F11)."""
        pressed = QKeySequence(event.keyCombination())
        key_actions = [action for window in self.workspaces.make_windows() for action in window.actions()]
        if (action := next((action for action in key_actions if pressed in action.shortcuts()), None)) is not None:
            action.trigger()
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        """Time the event that does all painting; follow the system font, whose change comes in another event."""
        if event.type() == QEvent.Type.ApplicationFontChange:
            theme.follow_font()
        if event.type() != QEvent.Type.UpdateRequest:
            return super().event(event)
        began = perf_counter()
        handled = super().event(event)
        self.store.budget.spent_s += perf_counter() - began
        return handled

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        """Start the engine, and begin to make the other tabs, once the window has been painted."""
        super().paintEvent(event)
        if not self._painted:
            self._painted = True
            self.workspaces.focus_front()
            self.painted.emit()
            QTimer.singleShot(_SETTLED_MS, self, self._begin)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802 (Qt's name)
        """Accept files and folders, wherever they are dropped."""
        if dropped_files(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802 (Qt's name)
        """Open a dropped file or folder: a run, prompts, a conversation, documents, a model, or a file of a tab."""
        dropped = dropped_files(event.mimeData())
        if dropped:
            event.acceptProposedAction()
        if len(dropped) == 1:
            self.open_path(dropped[0])
        elif dropped:
            way_out = self.tr("drop one; several documents open as the folder that holds them")
            self.store.report(self.tr("{0} were dropped at once").format(count(len(dropped), "file")), way_out)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 (Qt's name)
        """Ask while work is under way; store the window's state and stop the engine."""
        if not self._confirmed and (under_way := self.under_way()):
            event.ignore()
            self.question.ask(under_way)
            return
        self._closed = True
        self.closing.emit()
        if self.store.commands.front is not None:
            self.store.cancel()  # first, so that it has ended when the engine is waited for
        if self._settings is not None:
            self._settings.setValue("geometry", self.saveGeometry())
            for tab in self.workspaces.made:
                tab.save(self._settings)
            self.engine_choice.save(self._settings)
            self.appearance.save(self._settings)
            self.dialogs.recent.save(self._settings)
        for tab in self.workspaces.made:
            tab.shut_down()
        self.dialogs.shut_down()
        self.store.close()
        super().closeEvent(event)
