"""The window: tabs, menus, status line; wires store, host and workspaces, decides nothing."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QSettings, QSize, QTimer, Signal
from PySide6.QtGui import QAction, QCloseEvent, QKeySequence, QPaintEvent
from PySide6.QtWidgets import QFileDialog, QMainWindow, QTabWidget, QWidget

from app import requests
from app.panels.status import StatusPanel
from app.store import RunStore
from app.workspaces.decode import DecodeWorkspace
from engine import paths
from engine.host import Host, Load, ThreadHost

TRACE_FILTER = "*.jsonl"
_SIZE = QSize(1600, 1000)


def thread_host() -> Host:
    """The engine on a thread of this process, saving runs."""
    return ThreadHost(paths.runs())


class MainWindow(QMainWindow):
    """Shown first; the engine starts after the first paint, since it takes seconds to import."""

    painted = Signal()

    def __init__(
        self,
        pair: Load,
        settings: QSettings | None,
        *,
        make_host: Callable[[], Host] | None = thread_host,
        parent: QWidget | None = None,
    ) -> None:
        """settings: None keeps nothing. make_host: None never starts an engine (a saved run is shown)."""
        super().__init__(parent)
        self.setWindowTitle(self.tr("Draftscope"))
        self.store = RunStore(self)
        self.decode = DecodeWorkspace(self.store, pair, self)
        self._settings = settings
        self._make_host = make_host
        self._painted = False
        self._tabs = QTabWidget(self)
        self._tabs.setDocumentMode(True)
        self._tabs.addTab(self.decode, self.tr("Decode"))
        self.setCentralWidget(self._tabs)
        self._status = StatusPanel(self.store, self)
        self.statusBar().addWidget(self._status, 1)
        self.statusBar().setSizeGripEnabled(False)
        self._run = self._action(self.tr("Run"), self.run, "Ctrl+Return", "Ctrl+Enter")
        self._pause = self._action(self.tr("Pause or resume"), self.pause, "Ctrl+P")
        self._step = self._action(self.tr("Step a round"), self.step, "F10")
        self._stop = self._action(self.tr("Stop"), self.store.cancel, "Esc")
        self._fork = self._action(self.tr("Fork from the selected token"), self.fork, "Ctrl+K")
        self._open = self._action(self.tr("Open trace…"), self.ask_open, "Ctrl+O")
        self._save = self._action(self.tr("Save trace as…"), self.ask_save, "Ctrl+S")
        self._make_menus()
        self._wire()
        self.resize(_SIZE.boundedTo(self.screen().availableSize()))
        self._restore()

    # What is asked

    def start_engine(self) -> None:
        """Start the engine and load the pair."""
        if self._make_host is not None:
            self.store.load(self.decode.setup.setup().pair)
            self.store.attach(self._make_host())

    def run(self) -> None:
        """Run the prompt on the chosen pair."""
        self._start(held=False)

    def step(self) -> None:
        """Make one round, of the run under way or of a new one."""
        if self.store.in_rounds:
            self.store.step()
        else:
            self._start(held=True)

    def pause(self) -> None:
        """Hold the run, or let it go on."""
        if self.store.paused:
            self.store.resume()
        else:
            self.store.pause()

    def fork(self) -> None:
        """Go on from the selected token with the settings of now."""
        kept = requests.kept_up_to(self.store.log, self.store.selection)
        if kept is not None and not self.store.busy:
            setup = self.decode.setup.setup()
            self.store.run(setup.pair, requests.fork(setup, kept))

    def ask_open(self) -> None:
        """Let a run file be chosen and show it."""
        dialog = self._file_dialog(self.tr("Open trace"), QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(lambda path: self.store.open_trace(Path(path)))
        dialog.open()

    def ask_save(self) -> None:
        """Let a file be chosen and write the run on show to it."""
        dialog = self._file_dialog(self.tr("Save trace as"), QFileDialog.FileMode.AnyFile)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("jsonl")
        dialog.fileSelected.connect(lambda path: self.store.save_trace(Path(path)))
        dialog.open()

    def _start(self, *, held: bool) -> None:
        if not self.store.commands.has_run and not self.store.reading:
            setup = self.decode.setup.setup()
            self.store.run(setup.pair, requests.run(setup, self.decode.prompt.prompt.toPlainText(), held=held))

    def _file_dialog(self, title: str, mode: QFileDialog.FileMode) -> QFileDialog:
        dialog = QFileDialog(self, title, str(paths.runs() if paths.runs().is_dir() else Path.home()), TRACE_FILTER)
        dialog.setFileMode(mode)
        dialog.finished.connect(dialog.deleteLater)
        return dialog

    # Wiring

    def _action(self, text: str, slot: Callable[[], object], *keys: str) -> QAction:
        action = QAction(text, self)
        action.setShortcuts([QKeySequence(key) for key in keys])
        action.triggered.connect(lambda _checked=False: slot())
        self.addAction(action)
        return action

    def _make_menus(self) -> None:
        file = self.menuBar().addMenu(self.tr("&File"))
        file.addActions([self._open, self._save])
        file.addSeparator()
        file.addAction(self._action(self.tr("Quit"), self.close, "Ctrl+Q"))
        run = self.menuBar().addMenu(self.tr("&Run"))
        run.addActions([self._run, self._pause, self._step, self._stop])
        run.addSeparator()
        run.addAction(self._fork)
        view = self.menuBar().addMenu(self.tr("&View"))
        view.addActions(self.decode.view_actions())
        view.addSeparator()
        view.addAction(self._action(self.tr("Reset layout"), self.decode.reset_layout))

    def _wire(self) -> None:
        self.decode.prompt.run_asked.connect(self.run)
        self.decode.prompt.pause_asked.connect(self.pause)
        self.decode.prompt.step_asked.connect(self.step)
        self.decode.prompt.stop_asked.connect(self.store.cancel)
        self.decode.stream.fork_asked.connect(self.fork)
        self._status.stop_asked.connect(self.store.cancel)
        self.store.changed.connect(self._update_actions)
        self._update_actions()

    def _update_actions(self) -> None:
        can_start = not self.store.commands.has_run and not self.store.reading
        self._run.setEnabled(can_start)
        self._pause.setEnabled(self.store.in_rounds)
        self._step.setEnabled(can_start or self.store.in_rounds)
        self._stop.setEnabled(self.store.commands.front is not None)
        self._fork.setEnabled(not self.store.busy and self.store.selection is not None)
        self._open.setEnabled(can_start)
        self._save.setEnabled(bool(self.store.log) and can_start)

    def _restore(self) -> None:
        if self._settings is None:
            return
        if (geometry := self._settings.value("geometry")) is not None:
            self.restoreGeometry(geometry)
        self.decode.restore(self._settings)

    # Qt

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        """Start the engine once the window has been painted."""
        super().paintEvent(event)
        if not self._painted:
            self._painted = True
            self.painted.emit()
            QTimer.singleShot(0, self, self.start_engine)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 (Qt's name)
        """Keep the window's state, stop the engine."""
        if self._settings is not None:
            self._settings.setValue("geometry", self.saveGeometry())
            self.decode.save(self._settings)
        self.store.close()
        super().closeEvent(event)
