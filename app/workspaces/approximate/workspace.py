"""The Approximate tab: settings left, the gate's curve beside the plane of loss against speed, and figures below."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from PySide6.QtCore import QSettings, Qt, Signal
from PySide6.QtGui import QAction, QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QSplitter, QVBoxLayout, QWidget

from app import theme
from app.panel import Panel
from app.panels.error import ErrorPanel
from app.panels.verbs import Verbs
from app.plots.report_saver import ReportSource
from app.state.dropped import TEXT_SUFFIXES, DroppedFiles
from app.state.run_record import RunRecord
from app.state.store import RunStore
from app.state.verbs import Verb
from app.widgets.permission import allow
from app.widgets.side_column import SideColumn
from app.widgets.splitters import share_out, split
from app.widgets.steady_button import SteadyButton
from app.words.explanations import Section
from app.workspaces.approximate.explanations import explain_thresholds
from app.workspaces.approximate.gate.room import GateRoom
from app.workspaces.approximate.gate_state import GateProgress
from app.workspaces.approximate.headline import ApproximateHeadlinePanel, FiguresPanel
from app.workspaces.approximate.page_sizes import PageSizes
from app.workspaces.approximate.pages import ApproximatePages
from app.workspaces.approximate.plane import QualityPlanePanel
from app.workspaces.approximate.setup import ApproximateSetupPanel
from app.workspaces.approximate.state import ThresholdProgress
from app.workspaces.approximate.table import SweepTablePanel
from app.workspaces.base import LastOpened, TabContext, Workspace
from engine.events import GateTrained, Setting
from engine.runs.summary import Summary

_LEFT_WIDTH = 40  # characters
_SHARES, _MIDDLE_SHARES, _TABLE_SHARES = (56, 44), (46, 54), (60, 40)
# Of the height, for what is above, whose axes need this much at 720 points, and for the page below it.
_PAGE_SHARES = (_SHARES, _SHARES, (36, 64), (36, 64))
# A sweep that takes seconds and still shows what a threshold does.
_EXAMPLE: Mapping[str, Setting] = {
    "thresholds": "0.3, 0.5, 0.7, 0.8, 0.9",
    "n_prompts": 10,
    "n_questions": 8,
    "gammas": "2, 4",
}
_EXAMPLE_NEW = 48


class ApproximateBar(QWidget):
    """`sweep_asked`: the thresholds are to be measured; the action of the same name is in the menu Run."""

    sweep_asked = Signal()

    def __init__(self, verbs: Verbs, parent: QWidget) -> None:
        super().__init__(parent)
        self.sweep = QPushButton(self.tr("Sweep"), self)
        self.sweep.setProperty("primary", True)
        self.sweep_action = QAction(self.tr("Sweep over thresholds"), self)
        self.stop = SteadyButton((self.tr("Stop"),), self)
        verbs.follow(self.stop, "stop", self.tr("Stop; what was measured is kept (Esc)"))
        for trigger in (self.sweep.clicked, self.sweep_action.triggered):
            trigger.connect(lambda _checked=False: self.sweep_asked.emit())
        row = QHBoxLayout(self)
        row.setContentsMargins(2 * theme.GRID, theme.GRID, 2 * theme.GRID, 0)
        row.setSpacing(theme.GRID)
        row.addWidget(self.sweep)
        row.addWidget(self.stop)
        row.addStretch(1)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def allow_sweep(self, why_not: str) -> None:
        """Enable Sweep if there is no reason against it."""
        allow(self.sweep, why_not, self.tr("Measure every threshold on new prompts, in turn with exact speculation"))
        self.sweep_action.setEnabled(not why_not)
        self.sweep_action.setToolTip(why_not or self.sweep_action.text())


class ApproximateWorkspace(QWidget, Workspace):
    """A sweep is shown here alone; it is kept as every measurement, and opens again."""

    def __init__(self, context: TabContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.context = context
        self._store: RunStore = context.store
        self._opened, self._opened_gate = LastOpened(), LastOpened()
        self._busy = ""
        self._trained: GateTrained | None = None
        self.error = ErrorPanel(self._store, self)
        self.bar = ApproximateBar(context.verbs, self)
        self.headline = ApproximateHeadlinePanel(self._store, self)
        self.setup = ApproximateSetupPanel(self._store, context.pair, self, named=context.named)
        self.plane = QualityPlanePanel(self._store, self)
        self.figures = FiguresPanel(self._store, self)
        self.table = SweepTablePanel(self._store, self)
        self.gate = GateRoom(self._store, self.setup, self)
        self.gate.threshold_chosen.connect(self._on_threshold)
        figures = SideColumn(self.figures, _LEFT_WIDTH, self)
        self._beside = split(Qt.Orientation.Horizontal, (self.table, figures), _TABLE_SHARES)
        self.pages = ApproximatePages(
            self._store, context.verbs, self.setup, (self.gate.at_threshold, self._beside), self
        )
        self._lay_out()
        self.bar.sweep_asked.connect(self.sweep)
        self.setup.changed.connect(self._follow)
        self.pages.changed.connect(self._follow)
        self._store.changed.connect(self._on_changed)
        self.plane.plane.exported.connect(lambda path: self._store.tell(self.tr("exported to {0}").format(path)))
        self._follow()

    @property
    def _thresholds(self) -> ThresholdProgress:
        return self._store.tab(ThresholdProgress)

    # Actions

    def do(self, verb: Verb) -> None:
        """Sweep, what the page in front does, or what every tab can."""
        if verb in ("pause", "stop"):
            super().do(verb)
        elif self.pages.takes(verb):
            self.pages.do(verb)
        else:
            self.sweep()

    def why_not(self, verb: Verb) -> str:
        """Return why a verb is not possible; empty where it is."""
        return self.pages.why_not(verb) if self.pages.takes(verb) else self._why_no_sweep()

    def run_at(self, threshold: float) -> None:
        """Run the prompt with a gate from this threshold on, in view."""
        self.pages.run_at(threshold)

    def _on_threshold(self, threshold: float) -> None:
        """Do with a threshold that was let go of what the page in front is for."""
        if self.pages.currentWidget() is self.pages.live:
            self.pages.run_at(threshold)
        else:
            self.gate.measure_chosen(threshold)

    def sweep(self) -> None:
        """Measure the chosen thresholds on the chosen pair."""
        if not self._why_no_sweep():
            self._thresholds.begin(self.setup.pair(), self.setup.command())

    def _why_no_sweep(self) -> str:
        return self.setup.why_not() or self._store.may_start()

    def menu_actions(self, menu: str) -> Sequence[QAction]:
        """Return the sweep for the menu Run, and what the text offers."""
        stream = self.pages.live.stream
        match menu:
            case "run":
                return (self.bar.sweep_action,)
            case "edit":
                return stream.copy, stream.select_all
            case "view":
                return (stream.inspect,)
        return ()

    def first_field(self) -> QWidget:
        """Return the thresholds."""
        return self.setup.sweep.control("thresholds")

    def search(self) -> None:
        """Search the text of the run on show."""
        self.pages.setCurrentWidget(self.pages.live)
        self.pages.live.stream.open_search()

    def why_no_search(self) -> str:
        """Return nothing: the text can always be searched."""
        return ""

    def reset_layout(self) -> None:
        """Restore the sizes of the first start."""
        self._sizes.reset()
        for splitter, shares in ((self._across, _MIDDLE_SHARES), (self._beside, _TABLE_SHARES)):
            share_out(splitter, shares)

    # Content

    @property
    def shown_record(self) -> RunRecord | None:
        """The run on show."""
        return self._store.history.shown

    @property
    def status_summary(self) -> Summary:
        """The summary of the live run, or else of the run on show."""
        return self._store.history.live_summary

    @property
    def reported(self) -> ReportSource:
        """The log of what the page in front is about: the sweep on show, the run, or the gate."""
        run, gate = self.shown_record, self._store.tab(GateProgress).record
        if self.pages.currentWidget() is self.pages.making and gate.log:
            return gate.log
        if run is not None and (self.pages.currentWidget() is self.pages.live or not self._thresholds.record.log):
            return run.events
        return self._thresholds.record.log

    def explained(self) -> tuple[Section, ...]:
        """Return the explanation of what this tab shows."""
        return (explain_thresholds(),)

    def take_text(self, path: Path) -> bool:
        """Take a text file as the prompt of a run with the gate."""
        if is_text := path.suffix.lower() in TEXT_SUFFIXES:
            self._store.tab(DroppedFiles).take_prompt(path)
        return is_text

    def newly_opened(self) -> str:
        """Bring the tab to the front for a newly opened sweep, with its table, a gate that was made, or a prompt."""
        if self.pages.live.prompt.newly_dropped():
            self.pages.ask_conversation()
            return "approximate"
        record, gate = self._thresholds.record, self._store.tab(GateProgress).record
        if self._opened_gate.is_new(gate, gate.source):
            self.pages.setCurrentWidget(self.pages.making)
            return "approximate"
        if not self._opened.is_new(record, record.source):
            return ""
        self.pages.setCurrentWidget(self._beside)
        return "approximate"

    def holds(self, name: str) -> bool:
        """Return whether there is a sweep with figures."""
        return bool(self._thresholds.record.rows)

    def show_example(self, name: str) -> None:
        """Sweep over a few thresholds with short texts."""
        self.setup.sweep.set_values(_EXAMPLE)
        self.setup.form.set_values({"max_new_tokens": _EXAMPLE_NEW})
        self.sweep()

    def settled(self, name: str) -> bool:
        """Wait for every panel."""
        return not self.gate.busy and not any(panel.behind for panel in self.findChildren(Panel) if panel.isVisible())

    def shut_down(self) -> None:
        """End the search for a gate."""
        self.gate.close()

    # Choices kept between sessions

    @property
    def _splitters(self) -> tuple[tuple[str, QSplitter], ...]:
        """Their names changed with what is in them, so that sizes of an older layout are not restored."""
        return ("rows", self._down), ("gate-plane", self._across), ("table-figures", self._beside)

    def save(self, settings: QSettings) -> None:
        """Save the choices and the sizes."""
        self.setup.save(settings)
        self.pages.save(settings)
        for name, splitter in self._splitters:
            settings.setValue(f"approximate/{name}", splitter.saveState())

    def restore(self, settings: QSettings) -> None:
        """Restore the saved choices and sizes."""
        self.setup.restore(settings)
        self.pages.restore(settings)
        for name, splitter in self._splitters:
            if (state := settings.value(f"approximate/{name}")) is not None:
                splitter.restoreState(state)

    # What follows the choice and the store

    def _on_changed(self) -> None:
        """Follow the store; while hidden only whether work may begin, since Sweep is in a menu too."""
        busy = self._store.may_start()
        if busy != self._busy:
            self.pages.follow_engine()
        if busy != self._busy or self.isVisible():
            self._busy = busy
            self.bar.allow_sweep(self._why_no_sweep())
            self.gate.allow()
        self._follow_training()

    def _follow_training(self) -> None:
        """Read the gate again once one was trained: it may have been written over the one on show."""
        trained = self._store.tab(GateProgress).record.trained
        if trained is not self._trained:
            self._trained = trained
            if trained is not None and self.isVisible():  # it is looked for anyway when the tab is shown
                self.gate.follow(again=True)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 (Qt's name)
        """Catch up with what changed while hidden."""
        super().showEvent(event)
        self.gate.follow(again=True)
        self._follow()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 (Qt's name)
        """Look for nothing while hidden."""
        super().hideEvent(event)
        self.gate.pause()

    def _follow(self) -> None:
        if self.isVisible():
            self.gate.follow()
        self.pages.follow_choice()
        self.bar.allow_sweep(self._why_no_sweep())
        self.context.verbs.refresh()

    def _lay_out(self) -> None:
        self._across = split(Qt.Orientation.Horizontal, (self.gate.roc, self.plane), _MIDDLE_SHARES)
        self._down = split(Qt.Orientation.Vertical, (self._across, self.pages), _SHARES)
        self._sizes = PageSizes(self.pages, self._down, _PAGE_SHARES)
        right = QVBoxLayout()
        right.setContentsMargins(0, 0, 0, 0)
        right.setSpacing(0)
        for widget in (self.bar, self.headline):
            right.addWidget(widget)
        right.addWidget(self._down, 1)
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(SideColumn(self.setup, _LEFT_WIDTH, self, fixed=True))
        row.addLayout(right, 1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(self.error)
        outer.addLayout(row, 1)
