"""The window: tabs, menus, status line; wires store, host and workspaces, decides nothing."""

from collections.abc import Callable
from pathlib import Path
from time import perf_counter

from PySide6.QtCore import QEvent, QSettings, QSize, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QPaintEvent
from PySide6.QtWidgets import QMainWindow, QTabWidget, QWidget

from app import menus, theme
from app.menus import Menus
from app.panels.explain import ExplainDialog
from app.panels.status import StatusPanel
from app.state import requests
from app.state.engine_choice import EngineChoice
from app.state.run_record import RunRecord
from app.state.store import RunStore
from app.widgets import file_dialogs
from app.words.model_names import full_name
from app.workspaces.decode.measured import MeasuredDialog
from app.workspaces.decode.measuring import MeasuringProgress
from app.workspaces.decode.workspace import DecodeWorkspace
from app.workspaces.opened_files import OpenedFiles
from app.workspaces.rag.answers import AnswerProgress
from app.workspaces.rag.explanations import explain_answers
from app.workspaces.rag.workspace import RagWorkspace
from app.workspaces.train.workspace import TrainWorkspace
from engine.commands import Load
from engine.host.chosen_host import ChosenHost
from engine.host.thread_host import Host
from engine.machine import paths

_SIZE = QSize(1600, 1000)
_LEAST_SIZE = QSize(960, 600)


def saving_host() -> Host:
    """The engine where the user wants it, saving runs."""
    return ChosenHost("thread", paths.runs())


class MainWindow(QMainWindow):
    """Shown first; the engine starts after the first paint, since it takes seconds to import."""

    painted = Signal()

    def __init__(
        self,
        pair: Load,
        settings: QSettings | None,
        *,
        make_host: Callable[[], Host] | None = saving_host,
        named: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        """settings: None keeps nothing. make_host: None never starts an engine. named: the pair was asked for."""
        super().__init__(parent)
        self.setWindowTitle(self.tr("Draftscope"))
        self.store = RunStore(self)
        self.decode = DecodeWorkspace(self.store, pair, self, named=named)
        self.rag = RagWorkspace(self.store, pair, self, named=named)
        self.train = TrainWorkspace(self.store, pair.target, self)
        self.engine_choice = EngineChoice(self.store)
        self._settings = settings
        self._make_host = make_host
        self._painted = False
        self._opened = OpenedFiles(self.store, self.decode, self.rag, self.train)
        self._explain: ExplainDialog | None = None
        self._measured: MeasuredDialog | None = None
        self._tabs = QTabWidget(self)
        self._tabs.setDocumentMode(True)
        self._tabs.addTab(self.decode, self.tr("Decode"))
        self._tabs.addTab(self.rag, self.tr("RAG"))
        self._tabs.addTab(self.train, self.tr("Train"))
        self.setCentralWidget(self._tabs)
        self._status = StatusPanel(self.store, self)
        self.statusBar().addWidget(self._status, 1)
        self.statusBar().setSizeGripEnabled(False)
        self._menus = self._make_menus()
        self._wire()
        self.setMinimumSize(_LEAST_SIZE)
        self.resize(_SIZE.boundedTo(self.screen().availableSize()))
        self._restore()

    # What is asked

    def start_engine(self) -> None:
        """Start the engine and load the pair."""
        if self._make_host is not None:
            self.store.load(self.decode.setup.setup().pair)
            self.store.attach(self.engine_choice.attached(self._make_host()))

    def run(self) -> None:
        """Run the prompt on the chosen pair, or ask the question where that is on show."""
        if self._tabs.currentWidget() is self.rag:
            self.rag.ask()
        else:
            self._start(held=False)

    def replay(self) -> None:
        """Show what is on show again, or hold the replay."""
        if self._tabs.currentWidget() is self.rag:
            self.rag.bar.toggle()
        else:
            self.decode.transport.toggle()

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
        if kept is None or not self.store.can_start:
            return
        setup = self.decode.setup.setup()
        if setup.pair.target == kept.started.target:
            self.store.run(setup.pair, requests.fork(setup, kept))
        else:
            message = self.tr("the run was made by {0}, and {1} may read its tokens otherwise")
            hint = self.tr("choose the run's own target, or press Run")
            names = (full_name(spec, "target") for spec in (kept.started.target, setup.pair.target))
            self.store.report(message.format(*names), hint, what="fork")

    def run_again(self) -> None:
        """Make the run on show once more, from the same prompt with the next seed."""
        started = self.store.started
        if started is not None and self.store.can_start:
            pair = requests.pair_of(started, self.decode.setup.setup().pair, self.store.engine.model)
            self.store.run(pair, requests.with_seed(started))

    @property
    def measured(self) -> MeasuredDialog:
        """What was measured of a pair, in a window of its own."""
        if self._measured is None:
            self._measured = MeasuredDialog(self.store, self)
            self._measured.start_asked.connect(self.measure)
        return self._measured

    def measure(self) -> None:
        """Measure the chosen pair over contexts, draft lengths and batch sizes."""
        if self.store.can_start:
            setup = self.decode.setup.setup()
            self.store.tab(MeasuringProgress).begin(setup.pair, requests.measurement(setup))

    def show_workspace(self, name: str) -> None:
        """Bring a tab, or what was measured, to the front."""
        if name == "measured":
            self.measured.show_beside()
            return
        self._tabs.setCurrentWidget({"decode": self.decode, "rag": self.rag, "train": self.train}[name])

    def use_drafter(self, target: str, drafter: str) -> None:
        """Choose a target and a drafter that was trained for it, for the next run."""
        self.decode.setup.models.choose(target, drafter)
        self.decode.setup.models.remember(drafter)
        self.show_workspace("decode")

    def choose_engine(self) -> None:
        """Have the engine where the menu's switch says."""
        self.engine_choice.choose("process" if self._menus.actions["own_process"].isChecked() else "thread")

    def restart_engine(self) -> None:
        """End the engine, after which a GPU that stopped working works again."""
        self.engine_choice.restart()
        self._menus.actions["own_process"].setChecked(self.engine_choice.kind == "process")

    def explain(self) -> None:
        """Say what is on the screen."""
        if self._explain is None:
            self._explain = ExplainDialog(self.store, self, of_tabs=(explain_answers(),))
        self._explain.show_beside()

    def ask_open(self) -> None:
        """Let the file of a run, a training or a measurement be chosen and show it."""
        file_dialogs.ask_open(self, self.tr("Open trace"), self._folder(), self.store.open_trace)

    def ask_save(self) -> None:
        """Let a file be chosen and write the run on show to it."""
        title = self.tr("Save trace as")
        file_dialogs.ask_save(self, title, self._folder(), lambda path: self.store.save_trace(path, self._shown()))

    def _shown(self) -> RunRecord | None:
        """What the tab in front shows."""
        in_front = self.store.tab(AnswerProgress).shelf if self._tabs.currentWidget() is self.rag else self.store.shelf
        return in_front.shown

    def _start(self, *, held: bool) -> None:
        if self.store.can_start:
            setup = self.decode.setup.setup()
            self.store.run(setup.pair, requests.run(setup, self.decode.prompt.prompt.toPlainText(), held=held))

    def _folder(self) -> Path:
        """Where files of what is in front are looked for."""
        return paths.training() if self._tabs.currentWidget() is self.train else paths.runs()

    # Wiring

    def _make_menus(self) -> Menus:
        stream = self.decode.stream
        made = Menus(
            self,
            {
                "open": self.ask_open,
                "save": self.ask_save,
                "quit": self.close,
                "run": self.run,
                "pause": self.pause,
                "step": self.step,
                "stop": self.store.cancel,
                "fork": self.fork,
                "again": self.run_again,
                "replay": self.replay,
                "measure": lambda: self.show_workspace("measured"),
                "own_process": self.choose_engine,
                "restart_engine": self.restart_engine,
                "zoom_in": stream.zoom_in,
                "zoom_out": stream.zoom_out,
                "zoom_reset": stream.zoom_reset,
                "reset_layout": self.decode.reset_layout,
                "explain": self.explain,
            },
        )
        made.add(self.tr("&File"), menus.file_entries())
        made.add(self.tr("&Edit"), (), above=(stream.copy, stream.select_all, stream.find_text))
        made.add(self.tr("&Run"), menus.run_entries())
        made.add(self.tr("&View"), menus.view_entries(), above=self.decode.view_actions())
        made.add(self.tr("&Help"), menus.help_entries())
        return made

    def _wire(self) -> None:
        self.decode.prompt.run_asked.connect(self.run)
        self.decode.prompt.pause_asked.connect(self.pause)
        self.decode.prompt.step_asked.connect(self.step)
        self.decode.prompt.stop_asked.connect(self.store.cancel)
        self.decode.stream.fork_asked.connect(self.fork)
        self._status.stop_asked.connect(self.store.cancel)
        self.train.use_asked.connect(self.use_drafter)
        self._tabs.currentChanged.connect(lambda _tab: self._on_changed())
        self.store.changed.connect(self._on_changed)
        self._on_changed()

    def _on_changed(self) -> None:
        shown = self.store.shelf.shown
        self._menus.enable(
            run=self.store.can_start,
            pause=self.store.in_rounds,
            step=(self.store.can_start or self.store.in_rounds) and self._tabs.currentWidget() is not self.rag,
            stop=not self.store.may_stop(),
            fork=self.store.can_start and requests.can_fork(shown, self.store.selection),
            again=self.store.can_start and shown is not None,
            replay=self._replay_possible(),
            open=not self.store.reading,
            save=self._shown() is not None and self.store.can_start,
        )
        self._menus.actions["own_process"].setChecked(self.engine_choice.kind == "process")
        for workspace in self._opened.to_front():
            self.show_workspace(workspace)

    def _replay_possible(self) -> bool:
        in_rag = self._tabs.currentWidget() is self.rag
        return (self.store.tab(AnswerProgress).replay if in_rag else self.store.replay).possible

    def _restore(self) -> None:
        if self._settings is None:
            return
        self.engine_choice.restore(self._settings)
        if (geometry := self._settings.value("geometry")) is not None:
            self.restoreGeometry(geometry)
        self.decode.restore(self._settings)
        self.rag.restore(self._settings)
        self.train.restore(self._settings)
        self._on_changed()

    # Qt

    def event(self, event: QEvent) -> bool:
        """Count what painting takes, all of which is in one event; follow the system's font, which comes in another."""
        if event.type() == QEvent.Type.ApplicationFontChange:
            theme.follow_font()
        if event.type() != QEvent.Type.UpdateRequest:
            return super().event(event)
        began = perf_counter()
        done = super().event(event)
        self.store.budget.spent_s += perf_counter() - began
        return done

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
            self.rag.save(self._settings)
            self.train.save(self._settings)
            self.engine_choice.save(self._settings)
        self.store.close()
        super().closeEvent(event)
