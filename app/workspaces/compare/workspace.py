"""The Compare tab: what to compare on top, the recommendation, the lanes, and below why they are as they are."""

from PySide6.QtCore import QSettings, Qt
from PySide6.QtGui import QAction, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QSplitter, QTabWidget, QVBoxLayout, QWidget

from app import theme
from app.choices import report_prices
from app.panel import Panel
from app.panels.blind_rating.opener import RatingOpener
from app.panels.error import ErrorPanel
from app.plots.panel import PlotPanel
from app.plots.report_saver import ReportSaver
from app.state.verbs import Verb
from app.widgets.side_column import SideColumn
from app.words.explanations import Section
from app.workspaces.base import LastOpened, TabContext, Workspace
from app.workspaces.compare import choice, setup_of, setup_words
from app.workspaces.compare.acceptance import LanePositionsPlot, LaneRanksPlot
from app.workspaces.compare.bar import CompareBar
from app.workspaces.compare.categories import CategoriesPanel
from app.workspaces.compare.comparing import ComparingProgress
from app.workspaces.compare.decisions import DecisionsPlot
from app.workspaces.compare.explanations import explain_comparison
from app.workspaces.compare.heat_map import HeatMapPanel
from app.workspaces.compare.lane_table import LaneTablePanel
from app.workspaces.compare.predicted import PredictedPlot
from app.workspaces.compare.recommendation import RecommendationPanel
from app.workspaces.compare.setup_line import SetupLine
from app.workspaces.compare.shapes import ShapesPanel
from app.workspaces.compare.texts import TextsPanel
from engine.events import Event

_SHARES = (11, 9)
# A comparison that takes seconds and still has something to compare.
_EXAMPLE_PROMPTS, _EXAMPLE_GAMMAS = 6, "2, 4"


class CompareWorkspace(QWidget, Workspace):
    """The choices in the top bar apply to every lane; all panels show the same comparison."""

    def __init__(self, context: TabContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.context = context
        self._store = store = context.store
        self._opened, self._opened_prompts = LastOpened(), LastOpened()
        self._busy = ""
        self.error = ErrorPanel(store, self)
        self.bar = CompareBar(store, context.pair, self, verbs=context.verbs)
        self.setup = SetupLine(self)
        self.recommendation = RecommendationPanel(store, self)
        self.lanes = LaneTablePanel(store, self)
        self.positions = LanePositionsPlot(store, self)
        self.shapes = ShapesPanel(store, self)
        self.ranks = LaneRanksPlot(store, self)
        self.heat = HeatMapPanel(store, self)
        self.predicted = PredictedPlot(store, self)
        self.categories = CategoriesPanel(store, self)
        self.decisions = DecisionsPlot(store, self)
        self.texts = TextsPanel(store, self)
        self._tune = QAction(self.tr("Tune draft lengths"), self)
        self._tune.triggered.connect(self.tune)
        self._reports = ReportSaver(store, self)
        self.rating = RatingOpener(self, self._on_rated)
        self.recommendation.race_asked.connect(lambda: context.show("presentation"))
        self.recommendation.report_asked.connect(self.save_report)
        self.recommendation.rating_asked.connect(self.rate_blind)
        self._lay_out()
        self._connect()
        self._on_choice()

    @property
    def _comparing(self) -> ComparingProgress:
        return self._store.tab(ComparingProgress)

    # Actions

    def do(self, verb: Verb) -> None:
        """Measure what is chosen, or do what every tab can."""
        if verb == "run":
            self._comparing.begin(choice.command(self.bar.choice(), tune=False))
        else:
            super().do(verb)

    def tune(self) -> None:
        """Choose the draft lengths by prediction and confirm the best by measurement."""
        if not self._why_no_tuning():
            self._comparing.begin(choice.command(self.bar.choice(), tune=True))

    def _why_no_tuning(self) -> str:
        return choice.why_not(self.bar.choice(), tune=True) or self._store.may_start()

    def why_not(self, verb: Verb) -> str:
        """Return why a verb is not possible; a comparison can be started and stopped."""
        if verb == "run":
            return choice.why_not(self.bar.choice()) or self._store.may_start()
        return super().why_not(verb)

    def menu_actions(self, menu: str) -> list[QAction]:
        """Return Tune for the menu Run."""
        return [self._tune] if menu == "run" else []

    def save_report(self) -> None:
        """Ask for a file and write the report of the comparison on show."""
        self._reports.ask(self, self.reported, "draftscope-comparison")

    def rate_blind(self) -> None:
        """Have texts of plain decoding and of the chosen lane rated without names."""
        path = self._comparing.record.kept_in
        if path is not None and not self._comparing.why_no_rating():
            self.rating.open([path], second=self._comparing.lane)

    def _on_rated(self, verdicts: object) -> None:
        assert isinstance(verdicts, tuple)
        self._comparing.rated(verdicts)

    def first_field(self) -> QWidget:
        """Return the draft lengths."""
        return self.bar.gammas

    @property
    def is_writing(self) -> bool:
        """Whether a report is being written."""
        return self._reports.busy

    def shut_down(self) -> None:
        """Wait for a report and ratings that are being written."""
        self.rating.shut_down()
        self._reports.close()

    # Content

    @property
    def reported(self) -> tuple[Event, ...]:
        """The log of the comparison on show."""
        return self._comparing.record.log

    def explained(self) -> tuple[Section, ...]:
        """Return the explanation of what a comparison shows."""
        return (explain_comparison(),)

    def newly_opened(self) -> str:
        """Bring the tab to the front for a newly opened comparison, or choose a newly opened file of prompts."""
        record, prompts = self._comparing.record, self._comparing.prompt_file
        is_new = self._opened.is_new(record, record.source)
        if prompts is not None and self._opened_prompts.is_new(prompts, prompts[0]):
            self.bar.prompts.choose(str(prompts[0]))
            is_new = True
        return "compare" if is_new else ""

    def holds(self, name: str) -> bool:
        """Return whether there is a comparison."""
        return self._comparing.record.started is not None

    def show_example(self, name: str) -> None:
        """Compare the built-in drafters briefly."""
        example = self.bar.choice()._replace(gammas=_EXAMPLE_GAMMAS, n_prompts=_EXAMPLE_PROMPTS)
        self._comparing.begin(choice.command(example, tune=False))

    def settled(self, name: str) -> bool:
        """Return whether every panel has drawn, so that a picture can be taken."""
        if self._comparing.chosen_turn is None and (longest := self._comparing.longest_turn) is not None:
            self._comparing.choose_turn(longest)
            return False
        behind = any(panel.behind for panel in self.findChildren(Panel) if panel.isVisible())
        return not behind and not self.texts.loading

    # Choices kept between sessions

    def save(self, settings: QSettings) -> None:
        """Save the choices and the positions of the splitter."""
        self.bar.save(settings)
        self.texts.save(settings)
        report_prices.save(settings, self._store.prices)
        settings.setValue("compare/lower", self._lower.saveState())
        settings.setValue("compare/page", self.pages.currentIndex())

    def restore(self, settings: QSettings) -> None:
        """Restore the saved choices."""
        self.bar.restore(settings)
        self.texts.restore(settings)
        self._store.prices = report_prices.restore(settings)
        if (state := settings.value("compare/lower")) is not None:
            self._lower.restoreState(state)
        page = str(settings.value("compare/page", "0"))
        self.pages.setCurrentIndex(int(page) if page.isascii() and page.isdigit() and len(page) < 3 else 0)

    def reset_layout(self) -> None:
        """Restore the layout of the first start."""
        self._lower.setSizes([share * 100 for share in _SHARES])
        self.pages.setCurrentIndex(0)

    # Qt

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        """Give the table its share of the new height."""
        super().resizeEvent(event)
        self.lanes.fit_height(self.height())

    # Wiring

    def _connect(self) -> None:
        self.bar.changed.connect(self._on_choice)
        self.bar.tune_asked.connect(self.tune)
        self.setup.settings_asked.connect(self._use_its_settings)
        for plot in self.findChildren(PlotPanel):
            plot.export_failed.connect(self._store.report)
            plot.exported.connect(self._tell_exported)
        self.heat.menu.failed.connect(self._store.report)
        self.heat.menu.exported.connect(self._tell_exported)
        self._store.changed.connect(self._on_changed)

    def _tell_exported(self, path: str) -> None:
        self._store.tell(self.tr("exported to {0}").format(path))

    def _on_choice(self) -> None:
        self._tune.setEnabled(not self._why_no_tuning())
        self.recommendation.show_plan(self._plan())
        self._show_setup()
        self.context.verbs.refresh()

    def _on_changed(self) -> None:
        """Keep the plan and Tune up to date with what the engine and the files say; while hidden only whether work may
        begin, since Tune is in a menu too."""
        busy = self._store.may_start()
        if busy == self._busy and not self.isVisible():
            return
        self._busy = busy
        self._tune.setEnabled(not self._why_no_tuning())
        self.recommendation.show_plan(self._plan())
        self._show_setup()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 (Qt's name)
        """Catch up with what changed while hidden."""
        super().showEvent(event)
        self._on_changed()

    def _plan(self) -> str:
        chosen = self.bar.choice()
        if reason := choice.why_not(chosen):
            return self.tr("Measure needs something else first: {0}.").format(reason)
        return self.tr("Measure: {0}").format(choice.plan(chosen, self.bar.prompts.set_name()))

    def _show_setup(self) -> None:
        """Say why nothing can be measured, what the file of prompts holds, and whose settings stand above."""
        chosen, record = self.bar.choice(), self._comparing.record
        busy = "" if self._comparing.live else self._store.may_start()
        reasons = (choice.why_not(chosen) or busy, choice.why_not(chosen, tune=True) or busy)
        another = setup_of.belongs_to_another(record, chosen)
        whose = setup_words.whose_setup(from_file=record.command is None) if another else ""
        self.setup.show_words((setup_words.why_grey(*reasons), self._file_words(), whose), belongs_to_another=another)

    def _file_words(self) -> str:
        """What the chosen file of prompts holds, or that it is being read."""
        read, reading = self._comparing.prompt_file, self._comparing.reading_prompts
        if reading is not None:
            return setup_words.prompt_file(reading.name, None)
        if read is None or str(read[0]) != self.bar.prompts.spec():
            return ""
        return setup_words.prompt_file(read[0].name, read[1])

    def _use_its_settings(self) -> None:
        """Put the settings of the comparison on show into the top bar."""
        self.bar.show_choice(setup_of.setup_of(self._comparing.record, self.bar.choice()))

    # Layout

    def _lay_out(self) -> None:
        self.pages = QTabWidget(self)
        self.pages.setDocumentMode(True)
        left = QWidget(self)
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.HALF)
        column.addWidget(self.positions, 3)
        column.addWidget(self.shapes, 1)
        self.pages.addTab(_side_by_side(left, self.ranks), self.tr("Acceptance"))
        self.pages.addTab(_side_by_side(self.heat, self.predicted, (3, 2)), self.tr("Draft length"))
        self.pages.addTab(self.categories, self.tr("Categories"))
        self.pages.addTab(self.decisions, self.tr("Policies"))
        self._lower = _side_by_side(self.pages, self.texts, _SHARES)
        content = QWidget(self)
        layout = QVBoxLayout(content)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        for widget in (self.bar, self.setup, self.recommendation, self.lanes):
            layout.addWidget(widget)
        layout.addWidget(self._lower, 1)
        # All of it scrolls where the window is too low for the table and the plots below it.
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(self.error)
        outer.addWidget(SideColumn(content, 0, self), 1)


def _side_by_side(left: QWidget, right: QWidget, shares: tuple[int, int] = (1, 1)) -> QSplitter:
    splitter = QSplitter(Qt.Orientation.Horizontal)
    splitter.setChildrenCollapsible(False)
    for place, widget in enumerate((left, right)):
        splitter.addWidget(widget)
        splitter.setStretchFactor(place, shares[place])
    splitter.setSizes([share * 1000 for share in shares])
    return splitter
