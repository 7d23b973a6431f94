"""The Long context tab: the document on top, settings left, the text and the figures in the middle, plots right."""

from collections.abc import Sequence

from PySide6.QtCore import QSettings, Qt
from PySide6.QtGui import QAction, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QTabWidget, QVBoxLayout, QWidget

from app.panel import Panel
from app.panels.error import ErrorPanel
from app.panels.rounds import RoundsPanel
from app.panels.stream.panel import TokenStreamPanel
from app.panels.transport import TransportPanel
from app.panels.tree.panel import TreePanel
from app.plots.panel import PlotPanel
from app.state import requests, verbs
from app.state.run_record import RunRecord
from app.state.verbs import Verb
from app.widgets.side_column import SideColumn
from app.widgets.splitters import share_out, split
from app.words.explanations import Section
from app.workspaces.base import LastOpened, TabContext, Workspace
from app.workspaces.longcontext import choice, strip_facts
from app.workspaces.longcontext.bar import LongContextBar
from app.workspaces.longcontext.choice import LengthChoice
from app.workspaces.longcontext.explanations import explain_lengths
from app.workspaces.longcontext.headline import LengthHeadlinePanel
from app.workspaces.longcontext.length_plots import (
    AlphaPlot,
    DecodePlot,
    MemoryPlot,
    PrefillPlot,
    SpeedupPlot,
    TauPlot,
)
from app.workspaces.longcontext.plots_grid import PlotsGrid
from app.workspaces.longcontext.position_plot import PositionPlot
from app.workspaces.longcontext.setup import LongContextSetupPanel
from app.workspaces.longcontext.state import LengthProgress
from app.workspaces.longcontext.strip import DocumentStrip
from app.workspaces.longcontext.strip_facts import StripFacts
from app.workspaces.longcontext.table import LengthTablePanel
from engine.events import Event
from engine.runs.summary import Summary

_LEFT_WIDTH = 40  # characters
_SHARES, _MIDDLE_SHARES = (58, 42), (62, 38)
# A measurement that takes seconds and still shows what length does, and a run that fills the view.
_EXAMPLE_LENGTHS, _EXAMPLE_REPEATS, _EXAMPLE_NEW = "256, 1024, 4096", 2, 48


class LongContextWorkspace(QWidget, Workspace):
    """The run on show is the one of Decode as well; a measurement is shown here alone."""

    def __init__(self, context: TabContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.context = context
        self._store = store = context.store
        self._opened = LastOpened()
        self._runs_example = False
        self._busy = self._why_no_settings = ""
        # Whether the run that waits for its document is to be held; None where none waits.
        self._waiting: bool | None = None
        self.error = ErrorPanel(store, self)
        self.bar = LongContextBar(context.verbs, self)
        self.headline = LengthHeadlinePanel(store, self)
        self.strip = DocumentStrip(self)
        self.setup = LongContextSetupPanel(store, context.pair, self, named=context.named)
        self._chosen = self.setup.choice()
        self.stream = TokenStreamPanel(store, self, verbs=context.verbs)
        self.stream.view.empty_text = self.tr("What is written on from the document appears here, behind its tokens.")
        self.transport = TransportPanel(store, self)
        self.table = LengthTablePanel(store, self)
        self.rounds = RoundsPanel(store, self)
        self.tree = TreePanel(store, self)
        self.plots: tuple[PlotPanel, ...] = (
            MemoryPlot(store, self), SpeedupPlot(store, self), PrefillPlot(store, self), DecodePlot(store, self),
            TauPlot(store, self), AlphaPlot(store, self), PositionPlot(store, self),
        )  # fmt: skip
        self._lay_out()
        self._connect()
        self._on_choice()

    @property
    def _lengths(self) -> LengthProgress:
        return self._store.tab(LengthProgress)

    # Actions

    def do(self, verb: Verb) -> None:
        """Write on from the document, replay the run on show, or do what every tab can."""
        match verb:
            case "run":
                self._start(held=False)
            case "step" if self._store.in_rounds:
                self._store.step()
            case "step":
                self._start(held=True)
            case "replay":
                self.transport.toggle()
            case "again":
                self._run_again()
            case _:
                super().do(verb)

    def why_not(self, verb: Verb) -> str:
        """Return why a verb is not possible; empty where it is."""
        if verb in ("run", "step") and not (verb == "step" and self._store.in_rounds):
            return self._why_no_run() or self._store.may_start()
        if verb == "fork":
            return self.tr("fork runs in Decode, which shows this run as well")
        return verbs.why_not(self._store, verb)

    def _why_no_run(self) -> str:
        return self.setup.why_no_text() or self._why_no_settings

    def _start(self, *, held: bool) -> None:
        """Run, or load the target first: only it can read the document."""
        chosen, text = self._chosen, self._lengths.text
        if text is None or not self.setup.is_loaded:
            self._waiting = held
            if not self.setup.is_loaded:
                self._store.load(chosen.pair)
            return
        self._waiting = None
        command = choice.run(chosen, text, held=held)
        self._lengths.begin_run(command, self._planned())
        self._store.run(chosen.pair, command)

    def _start_waiting(self) -> None:
        """Begin the run that waits for its target and its document, unless these cannot be had."""
        if self._waiting is None or self._store.busy:
            return
        if self._store.trouble is not None or self._why_no_run():
            self._waiting = None
        elif self._lengths.text is not None and self.setup.is_loaded:
            self._start(held=self._waiting)

    def _run_again(self) -> None:
        """Repeat the run on show from the same text with the next seed."""
        started = self._store.started
        assert started is not None
        pair = requests.pair_of(started, self._chosen.pair, self._store.engine.model)
        self._store.run(pair, requests.with_seed(started))

    def measure(self) -> None:
        """Measure every chosen drafter at every chosen length."""
        if not self._why_no_measurement():
            self._lengths.begin(choice.measurement(self._chosen))

    def _why_no_measurement(self) -> str:
        return choice.why_no_measurement(self._chosen) or self._store.may_start()

    def menu_actions(self, menu: str) -> Sequence[QAction]:
        """Return the measurement for the menu Run, and what the text offers."""
        match menu:
            case "run":
                return (self.bar.measure_action,)
            case "edit":
                return self.stream.copy, self.stream.select_all
            case "view":
                return (self.stream.inspect,)
        return ()

    def first_field(self) -> QWidget:
        """Return the choice of the document."""
        return self.setup.document.box

    def search(self) -> None:
        """Search the text."""
        self.stream.open_search()

    def why_no_search(self) -> str:
        """Return nothing: the text can always be searched."""
        return ""

    def reset_layout(self) -> None:
        """Restore the sizes of the first start."""
        for splitter, shares in ((self._across, _SHARES), (self._middle, _MIDDLE_SHARES)):
            share_out(splitter, shares)

    # Content

    @property
    def shown_record(self) -> RunRecord | None:
        """The run on show."""
        return self._store.history.shown

    @property
    def reported(self) -> tuple[Event, ...]:
        """The log of the measurement on show, or else that of the run."""
        record, run = self._lengths.record, self.shown_record
        return tuple(record.log) if record.figures or run is None else tuple(run.events)

    @property
    def status_summary(self) -> Summary:
        """The summary of the live run, or else of the run on show."""
        return self._store.history.live_summary

    def explained(self) -> tuple[Section, ...]:
        """Return the explanation of what this tab shows."""
        return (explain_lengths(),)

    def newly_opened(self) -> str:
        """Bring the tab to the front for a newly opened measurement."""
        record = self._lengths.record
        return "long-context" if self._opened.is_new(record, record.source) else ""

    def holds(self, name: str) -> bool:
        """Return whether there is a measurement, or a run."""
        return self._lengths.record.started is not None or bool(self._store.log)

    def show_example(self, name: str) -> None:
        """Measure a few lengths with short texts."""
        self.setup.lengths.setText(_EXAMPLE_LENGTHS)
        self.setup.measuring.set_values({"repeats": _EXAMPLE_REPEATS})
        self.setup.form.set_values({"max_new_tokens": _EXAMPLE_NEW})
        self._runs_example = True
        self.measure()

    def settled(self, name: str) -> bool:
        """Run on the document behind the measurement, so that there is a text, and wait for every panel."""
        self.stream.mode.inspect(True)
        if self._runs_example and not self._store.log and not self.why_not("run"):
            self._runs_example = False
            self._start(held=False)
            return False
        return not any(panel.behind for panel in self.findChildren(Panel) if panel.isVisible()) and self.stream.settled

    # Choices kept between sessions

    def save(self, settings: QSettings) -> None:
        """Save the choices and the sizes."""
        self.setup.save(settings)
        settings.setValue("long-context/inspecting", self.stream.inspecting)
        settings.setValue("long-context/page", self.pages.currentIndex())
        for name, splitter in (("across", self._across), ("middle", self._middle)):
            settings.setValue(f"long-context/{name}", splitter.saveState())

    def restore(self, settings: QSettings) -> None:
        """Restore the saved choices and sizes."""
        self.setup.restore(settings)
        self.stream.mode.inspect(bool(settings.value("long-context/inspecting", False, type=bool)))
        page = str(settings.value("long-context/page", "0"))
        self.pages.setCurrentIndex(int(page) if page.isascii() and page.isdigit() and len(page) < 3 else 0)
        for name, splitter in (("across", self._across), ("middle", self._middle)):
            if (state := settings.value(f"long-context/{name}")) is not None:
                splitter.restoreState(state)

    # What follows the choice and the store

    def _connect(self) -> None:
        self.setup.changed.connect(self._on_choice)
        self.bar.measure_asked.connect(self.measure)
        self.strip.place_asked.connect(self.stream.view.reveal)
        self._store.changed.connect(self._on_changed)
        for plot in self.plots:
            plot.export_failed.connect(self._store.report)
            plot.exported.connect(lambda path: self._store.tell(self.tr("exported to {0}").format(path)))

    def _on_choice(self) -> None:
        """Plan anew with what is chosen now."""
        before, self._chosen = self._chosen, self.setup.choice()
        self._why_no_settings = choice.why_no_run(self._chosen)
        if _reads(before) != _reads(self._chosen):
            self._lengths.forget_run()
        if before.pair != self._chosen.pair:
            self._waiting = None
        self._follow()
        self.context.verbs.refresh()

    def _on_changed(self) -> None:
        """Follow the store; while hidden only whether work may begin, since Measure is in a menu too."""
        busy = self._store.may_start()
        if busy == self._busy and not self.isVisible():
            return
        self._busy = busy
        self._follow()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 (Qt's name)
        """Catch up with what changed while hidden."""
        super().showEvent(event)
        self._follow()

    def _follow(self) -> None:
        self.bar.allow_measuring(self._why_no_measurement())
        self.bar.show_state(paused=self._store.paused)
        self.headline.show_plan(self._plan())
        self.setup.read(self._chosen.n_new)
        self.strip.show_facts(self._facts())
        self._start_waiting()

    def _plan(self) -> str:
        if reason := choice.why_no_measurement(self._chosen):
            return self.tr("Measure needs something else first: {0}.").format(reason)
        return self.tr("Measure: {0}").format(choice.plan(self._chosen))

    def _planned(self) -> StripFacts:
        return strip_facts.planned(self._lengths.text, self._chosen, self.setup.document.note.text())

    def _facts(self) -> StripFacts:
        """The run on show, unless another document was chosen since, or else the plan."""
        started, lengths = self._store.started, self._lengths
        if started is None or lengths.is_outdated(started.run_id):
            return self._planned()
        return strip_facts.of_run(lengths.parts.get(started.run_id), started, self._store.summary.n_emitted)

    # Layout

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        """Leave the text its room where the window is low."""
        super().resizeEvent(event)
        self.strip.show_names(not self.headline.fit_height(self.height()))

    def _lay_out(self) -> None:
        self.pages = QTabWidget(self)
        self.pages.setDocumentMode(True)
        for page, title in (
            (self.table, self.tr("Lengths")), (self.rounds, self.tr("Rounds")), (self.tree, self.tr("Tree")),
        ):  # fmt: skip
            self.pages.addTab(page, title)
        text = QWidget(self)
        column = QVBoxLayout(text)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.stream, 1)
        column.addWidget(self.transport)
        self._middle = split(Qt.Orientation.Vertical, (text, self.pages), _MIDDLE_SHARES)
        plots = SideColumn(PlotsGrid(self.plots, self), _LEFT_WIDTH)
        self._across = split(Qt.Orientation.Horizontal, (self._middle, plots), _SHARES)
        right = QVBoxLayout()
        right.setContentsMargins(0, 0, 0, 0)
        right.setSpacing(0)
        for widget in (self.bar, self.headline, self.strip):
            right.addWidget(widget)
        right.addWidget(self._across, 1)
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


def _reads(chosen: LengthChoice) -> tuple[str, str, str, int]:
    """What a run reads."""
    return chosen.text, chosen.pages, chosen.part, chosen.n_read
