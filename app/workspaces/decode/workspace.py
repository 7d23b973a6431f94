"""The Decode tab: prompt and stream in the middle, setup on the left, figures on the right, rounds below."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSettings, Qt, QTimer
from PySide6.QtGui import QAction, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QDockWidget, QMainWindow, QVBoxLayout, QWidget

from app.panel import Panel
from app.panels.audit import AuditPanel
from app.panels.error import ErrorPanel
from app.panels.history import HistoryPanel
from app.panels.prompt import EXAMPLE_PROMPTS, PromptPanel
from app.panels.rounds import RoundsPanel
from app.panels.setup.panel import SetupPanel
from app.panels.stream.panel import TokenStreamPanel
from app.panels.transport import TransportPanel
from app.panels.tree.panel import TreePanel
from app.state import requests, verbs
from app.state.dropped import TEXT_SUFFIXES, DroppedFiles
from app.state.run_record import RunRecord
from app.state.verbs import Verb
from app.widgets.side_column import SideColumn
from app.words.model_names import full_name
from app.workspaces.base import LastOpened, TabContext, Workspace
from app.workspaces.decode import example
from app.workspaces.decode.dock_layout import DockLayout
from app.workspaces.decode.docks import DecodeDock, LatePlots
from app.workspaces.decode.headline import HeadlinePanel
from app.workspaces.decode.log import LogPanel
from app.workspaces.decode.measuring import MeasuringProgress
from app.workspaces.decode.metrics import MetricsPanel
from engine.commands import Load
from engine.prompts import Message
from engine.runs.summary import Summary

if TYPE_CHECKING:
    from app.workspaces.decode.measured import MeasuredDialog
    from app.workspaces.decode.plots import DecodePlots

# Widths of the side columns in characters. The plots need theirs: they come after the first painting, and nothing may
# move then.
_LEFT_WIDTH, _RIGHT_WIDTH, _PLOTS_WIDTH = 30, 34, 51
_SIZES_MS = 200


class DecodeWorkspace(QMainWindow, Workspace):
    """A QMainWindow inside the tab, so that the docks belong to the tab."""

    def __init__(self, context: TabContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowFlags(Qt.WindowType.Widget)
        self.context = context
        self._store = store = context.store
        self._opened = {view: LastOpened() for view in ("decode", "measured")}
        self.prompt = PromptPanel(store, self, verbs=context.verbs)
        self.error = ErrorPanel(store, self)
        self.stream = TokenStreamPanel(store, self, verbs=context.verbs)
        self.audit = AuditPanel(store, self)
        self.setup = SetupPanel(store, context.pair, self, named=context.named)
        self.headline = HeadlinePanel(store, self.setup.setup, self)
        self.metrics = MetricsPanel(store, self)
        self.rounds = RoundsPanel(store, self)
        self.tree = TreePanel(store, self)
        self.history = HistoryPanel(store, self)
        self.log = LogPanel(store, self)
        self.transport = TransportPanel(store, self)
        self._late_plots = LatePlots(store, self)
        self._why_no_run = ""
        self._measured: MeasuredDialog | None = None
        self._measure_action = QAction(self.tr("Measure context, γ and batch…"), self)
        self._measure_action.triggered.connect(self._show_measured)
        store.drafter_offered.connect(self._use_drafter)
        store.model_offered.connect(self._use_model)
        self.setCentralWidget(self._central_column())
        # The side columns reach down to the status bar: they need the height, the table does not.
        self.setCorner(Qt.Corner.BottomLeftCorner, Qt.DockWidgetArea.LeftDockWidgetArea)
        self.setCorner(Qt.Corner.BottomRightCorner, Qt.DockWidgetArea.RightDockWidgetArea)
        columns = {
            "setup": SideColumn(self.setup, _LEFT_WIDTH, footer=self.setup.opened),
            "metrics": SideColumn(self.metrics, _RIGHT_WIDTH),
            "plots": SideColumn(self._late_plots, _PLOTS_WIDTH),
        }
        self._docks = {
            "setup": self._add_dock("setup", self.tr("Setup"), columns["setup"]),
            "metrics": self._add_dock("metrics", self.tr("Figures"), columns["metrics"]),
            "plots": self._add_dock("plots", self.tr("Plots"), columns["plots"]),
            "rounds": self._add_dock("rounds", self.tr("Rounds"), self.rounds),
            "tree": self._add_dock("tree", self.tr("Tree"), self.tree),
            "history": self._add_dock("history", self.tr("Runs of this session"), self.history),
            "log": self._add_dock("log", self.tr("Log"), self.log),
        }
        self.docks = DockLayout(self, self._docks, columns, self.stream.view)
        for group in self.docks.groups:
            self.transport.add_switch(group.switch)
        self._shown_before = False
        self.setAnimated(False)
        self.setup.choice_changed.connect(self._on_choice)
        self.setup.measure_only_toggled.connect(self._set_measure_only)
        self._late_plots.made.connect(self._connect_plots)
        self.setup.settings_restored.connect(self.prompt.restore_prompt)
        self.setup.chat.preview.asked.connect(self._preview)

    def reset_layout(self) -> None:
        """Put every dock where it was at the first start."""
        self.docks.reset()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        """Let the text take what the window gains or loses."""
        super().resizeEvent(event)
        self.docks.follow_window()

    def lay_open(self) -> None:
        """Show every panel at once."""
        self.docks.lay_open()

    @property
    def up_to_date(self) -> bool:
        """Whether every visible panel has drawn all events."""
        return not any(panel.behind for panel in self.findChildren(Panel) if panel.isVisible())

    # Actions

    def do(self, verb: Verb) -> None:
        """Run, step, fork, run again, replay, or do what every tab can."""
        match verb:
            case "run":
                self._start(held=False)
            case "step" if self._store.in_rounds:
                self._store.step()
            case "step":
                self._start(held=True)
            case "fork":
                self._fork()
            case "again":
                self._run_again()
            case "replay":
                self.transport.toggle()
            case _:
                super().do(verb)

    def why_not(self, verb: Verb) -> str:
        """Return why a verb is not possible for the run on show; empty where it is."""
        begins = verb == "run" or (verb == "step" and not self._store.in_rounds)
        return (self._why_no_run if begins else "") or verbs.why_not(self._store, verb)

    def _on_choice(self) -> None:
        """Plan anew, and find out whether the chosen settings go together."""
        self.headline.show_plan()
        self._why_no_run = requests.why_not(self.setup.setup())
        self.context.verbs.refresh()

    def _start(self, *, held: bool) -> None:
        setup = self.setup.setup()
        self._store.run(setup.pair, requests.run(setup, self.prompt.text(), self._earlier(), held=held))

    def _earlier(self) -> tuple[Message, ...]:
        """The earlier turns, which only a target that is asked as chat can read."""
        return self.prompt.conversation.earlier if self.setup.chat.as_chat else ()

    def _preview(self, serial: int) -> None:
        """Ask the engine how the target would read the prompt; a command under way comes first."""
        preview = self.setup.chat.preview
        preview.wait(behind_others=self._store.busy)
        self._store.ask(requests.preview(self.setup.chat.values(), self.prompt.text(), self._earlier(), serial))

    def _fork(self) -> None:
        """Continue from the selected token with the current settings."""
        fork_point, setup = requests.kept_up_to(self._store.log, self._store.selection), self.setup.setup()
        assert fork_point is not None
        if setup.pair.target == fork_point.started.target:
            self._store.run(setup.pair, requests.fork(setup, fork_point))
            return
        message = self.tr("the run was made by {0}, and {1} may read its tokens otherwise")
        hint = self.tr("choose the run's own target, or press Run")
        names = (full_name(spec, "target") for spec in (fork_point.started.target, setup.pair.target))
        self._store.report(message.format(*names), hint, what="fork")

    def _run_again(self) -> None:
        """Repeat the run on show from the same prompt with the next seed."""
        started = self._store.started
        assert started is not None
        pair = requests.pair_of(started, self.setup.setup().pair, self._store.engine.model)
        self._store.run(pair, requests.with_seed(started))

    @property
    def measured(self) -> "MeasuredDialog":
        """The window of what was measured, created when it is first needed."""
        if self._measured is None:
            # Imported late: the first paint waits for every import.
            from app.workspaces.decode.measured import MeasuredDialog

            self._measured = MeasuredDialog(self._store, self, verbs=self.context.verbs)
            self._measured.start_asked.connect(self.measure)
        return self._measured

    def _show_measured(self) -> None:
        self.measured.show_beside()

    def measure(self) -> None:
        """Measure the chosen pair over contexts, draft lengths and batch sizes."""
        if not self._store.may_start():
            setup = self.setup.setup()
            self._store.tab(MeasuringProgress).begin(setup.pair, requests.measurement(setup))

    def shut_down(self) -> None:
        """End the replay for the fastest draft length."""
        self.metrics.best_gamma.close()

    def menu_actions(self, menu: str) -> Sequence[QAction]:
        """Return the actions on the text, the measurement, and the switches that show and hide the docks."""
        stream = self.stream
        match menu:
            case "edit":
                return stream.copy, stream.select_all
            case "run":
                return (self._measure_action,)
            case "view":
                docks = (dock.toggleViewAction() for dock in self._docks.values())
                return [stream.inspect, *docks, *stream.zoom_actions]
        return ()

    def first_field(self) -> QWidget:
        """Return the prompt."""
        return self.prompt.prompt

    def search(self) -> None:
        """Search the text."""
        self.stream.open_search()

    def why_no_search(self) -> str:
        """Return nothing: the text can always be searched."""
        return ""

    def _use_drafter(self, target: str, drafter: str) -> None:
        """Choose a target and the drafter trained for it, for the next run."""
        self.setup.models.choose(target, drafter)
        self.setup.models.remember(drafter, target)
        self.context.show("decode")

    def _use_model(self, spec: str, role: str) -> None:
        """Choose a model as target or drafter, for the next run."""
        (self.setup.drafter if role == "drafter" else self.setup.target).set_spec(spec)
        self.context.show("decode")

    # Content

    @property
    def shown_record(self) -> RunRecord | None:
        """The run on show."""
        return self._store.history.shown

    @property
    def status_summary(self) -> Summary:
        """The summary of the live run, or else of the run on show."""
        return self._store.history.live_summary

    def first_pair(self) -> Load | None:
        """Return the pair of the setup."""
        return self.setup.setup().pair

    def take_text(self, path: Path) -> bool:
        """Take a text file as the prompt."""
        if is_text := path.suffix.lower() in TEXT_SUFFIXES:
            self._store.tab(DroppedFiles).take_prompt(path)
        return is_text

    def newly_opened(self) -> str:
        """Return the view of a newly opened run or measurement; setup and prompt then show those of the run."""
        run, measuring = self._store.history.shown, self._store.tab(MeasuringProgress)
        if self.prompt.newly_dropped():
            self._ask_conversation()
            return "decode"
        if run is not None and self._opened["decode"].is_new(run, run.source):
            self._show_setup_of(run)
            return "decode"
        return "measured" if self._opened["measured"].is_new(measuring.measured, measuring.source) else ""

    def view(self, name: str) -> QWidget:
        """Return the tab, or the window of the measurement."""
        return self.measured if name == "measured" else self

    def holds(self, name: str) -> bool:
        """Return whether there is a run, or a measurement."""
        if name == "measured":
            return self._store.tab(MeasuringProgress).measured is not None
        return bool(self._store.log)

    def show_example(self, name: str) -> None:
        """Run an example, of a chain or a tree, or measure the pair."""
        if name == "measured":
            self.measure()
            return
        if name == "tree":
            example.choose_tree(self.setup)
        self.prompt.prompt.setPlainText(EXAMPLE_PROMPTS[0])
        self.stream.mode.inspect(True)
        self._start(held=False)

    def settled(self, name: str) -> bool:
        """Select what is worth showing: the first rejected token, or the longest path of a tree, with the tree open."""
        self.stream.mode.inspect(True)
        if name == "measured" or self._store.selection is not None:
            return True
        if name == "tree":
            self.docks.bring_forward("tree")
        choose = example.longest_path if name == "tree" else example.first_rejected
        if (selection := choose(self._store.log)) is not None:
            # Later: docks that take their sizes would move the text on that this brings into view.
            QTimer.singleShot(_SIZES_MS, self, lambda: self._store.select(selection))
        return selection is None

    def save(self, settings: QSettings) -> None:
        """Save layout, settings and prompt."""
        self.docks.save(settings)
        settings.setValue("decode-prompt", self.prompt.prompt.toPlainText())
        settings.setValue("decode/inspecting", self.stream.inspecting)
        self.setup.save(settings)

    def restore(self, settings: QSettings) -> None:
        """Restore layout, settings and prompt."""
        self.docks.restore(settings)
        if prompt := settings.value("decode-prompt"):
            self.prompt.prompt.setPlainText(str(prompt))
        self.stream.mode.inspect(bool(settings.value("decode/inspecting", False, type=bool)))
        self.setup.restore(settings)
        self._set_measure_only(self.setup.measure_only)

    def _show_setup_of(self, record: RunRecord) -> None:
        """Show the settings and the prompt of a run."""
        if record.started is not None:
            self.setup.show_settings(record.started)
            self.prompt.show_asked(record.started)

    def _ask_conversation(self) -> None:
        """Ask a dropped conversation as chat; a target without a chat template can only read its last turn."""
        dropped = self._store.tab(DroppedFiles).prompt
        if dropped is None or not dropped.earlier:
            return
        first = dropped.earlier[0]
        self.setup.chat.ask_as_chat(first.content if first.role == "system" else "")
        model = self._store.engine.model
        if model is not None and not model.chat_template and model.target == self.setup.setup().pair.target:
            message = self.tr("{0} has no chat template: of the conversation only its last turn is asked")
            hint = self.tr("choose an instruct model as the target")
            self._store.report(message.format(full_name(model.target, "target")), hint, what="conversation")

    @property
    def plots(self) -> "DecodePlots":
        """The column of plots."""
        return self._late_plots.plots

    def _connect_plots(self) -> None:
        for plot in self.plots.all:
            plot.export_failed.connect(self._store.report)
            plot.exported.connect(self._report_export)

    def _report_export(self, path: str) -> None:
        self._store.tell(self.tr("exported to {0}").format(path))

    def _set_measure_only(self, chosen: bool) -> None:
        self._store.measure_only = chosen

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 (Qt's name)
        """Give the docks their sizes at the first start; they ignore them before there is a window."""
        super().showEvent(event)
        if not self._shown_before:
            self._shown_before = True
            QTimer.singleShot(0, self, self.docks.place)

    def _central_column(self) -> QWidget:
        middle = QWidget(self)
        column = QVBoxLayout(middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.error)
        column.addWidget(self.prompt)
        column.addWidget(self.headline)
        column.addWidget(self.stream, 1)
        column.addWidget(self.audit)
        column.addWidget(self.transport)
        return middle

    def _add_dock(self, name: str, title: str, content: QWidget) -> QDockWidget:
        dock = DecodeDock(title, self._store, self)
        dock.setObjectName(name)
        dock.setWidget(content)
        self.addDockWidget(DockLayout.area(name), dock)
        return dock
