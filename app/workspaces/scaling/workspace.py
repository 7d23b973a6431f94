"""The Scaling tab: settings left, the answer step by step in the middle, what context is worth on the right."""

from pathlib import Path

from PySide6.QtCore import QSettings, Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from app.choices.examples import questions
from app.panel import Panel
from app.panels.error import ErrorPanel
from app.panels.question_bar import QuestionBar
from app.state.dropped import TEXT_SUFFIXES
from app.state.indexing import IndexProgress
from app.state.run_record import RunRecord
from app.state.store import RunStore
from app.state.verbs import Verb
from app.widgets.side_column import SideColumn, page_beside
from app.widgets.splitters import restore_sizes, save_sizes, share_out, split
from app.words.explanations import Section
from app.words.hints import in_window
from app.workspaces.base import LastOpened, TabContext, Workspace
from app.workspaces.scaling import grid_choice, words
from app.workspaces.scaling.answer_view import AnswerView
from app.workspaces.scaling.answers import ScalingProgress
from app.workspaces.scaling.budget import BudgetBar
from app.workspaces.scaling.context_plot import AccuracyPlot
from app.workspaces.scaling.explanations import explain_scaling
from app.workspaces.scaling.fit_panel import FitPanel
from app.workspaces.scaling.heat_map import AllocationMapPanel
from app.workspaces.scaling.setup import ScalingSetupPanel
from app.workspaces.scaling.sweep_form import SweepFormPanel
from app.workspaces.scaling.sweeping import FIRST_THRESHOLD, SweepProgress
from engine.allocation.prices import TokenPrices
from engine.commands import Run
from engine.events import Allocation, Event, Setting
from engine.rag.foreign import foreign_documents
from engine.settings import Request

_ANSWER, _SWEEP = range(2)
_GROUP = "scaling"
# A sweep that takes a minute and still shows what context is worth, and a question of several steps.
_EXAMPLE_GRID, _EXAMPLE_QUESTIONS = ("0, 1, 4", "0, 1", "1, 2"), 12
_EXAMPLE_SETTINGS: dict[str, Setting] = {"k": 5, "m": 2, "n": 3}
_FIRST_TASK = "Pages: two facts in a row"
_LEFT_WIDTH = 40  # characters
_SHARES, _PLOT_SHARES = (58, 42), (52, 48)


class ScalingWorkspace(QWidget, Workspace):
    """Pages: the answer, and the sweep with its fit."""

    def __init__(self, context: TabContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.context = context
        self._store = store = context.store
        self._opened, self._opened_sweep = LastOpened(), LastOpened()
        self._fit_asked_for = ""
        self._has_example = self._asks_example = False
        self.error = ErrorPanel(store, self)
        self.bar = QuestionBar(store, self, answers=store.tab(ScalingProgress), verbs=context.verbs)
        # A question of several steps shows more than one of a single fact.
        self.bar.line.setText(next((each.prompt for each in questions() if each.task == _FIRST_TASK), self.bar.text()))
        self.budget = BudgetBar(store, self)
        self.setup = ScalingSetupPanel(store, context.pair, self, named=context.named)
        self.answer = AnswerView(store, self)
        self.plot = AccuracyPlot(store, self)
        self.map = AllocationMapPanel(store, self)
        self.sweeping = SweepFormPanel(store, context.verbs, self)
        self.fit = FitPanel(store, self)
        self.pages = QTabWidget(self)
        self.pages.setDocumentMode(True)
        self.pages.addTab(self._answer_page(), self.tr("Answer"))
        self.pages.addTab(self._sweep_page(), self.tr("Sweep and fit"))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.error)
        column.addWidget(self.pages, 1)
        self._connect(store)
        self._on_setup_changed()

    def _connect(self, store: RunStore) -> None:
        self.setup.documents.folder_asked.connect(self.make_index)
        self.setup.changed.connect(self._on_setup_changed)
        self.bar.documents_asked.connect(self.setup.documents.choose)
        self.budget.allocation_asked.connect(self.use)
        self.budget.sweep_asked.connect(lambda: self.pages.setCurrentIndex(_SWEEP))
        self.map.allocation_asked.connect(self.use)
        self.sweeping.sweep_asked.connect(self.sweep)
        store.changed.connect(self._on_changed)
        self.plot.exported.connect(self._tell_exported)
        self.map.menu.exported.connect(self._tell_exported)
        self.map.menu.failed.connect(store.report)
        self.plot.export_failed.connect(store.report)
        self.fit.escalation.use_asked.connect(self.escalate)
        self.answer.figures.prices_changed.connect(lambda: self.fit.escalation.show_prices(self.answer.figures.prices))
        self.fit.escalation.exported.connect(self._tell_exported)
        self.fit.escalation.export_failed.connect(store.report)
        self.fit.plane.exported.connect(self._tell_exported)
        self.fit.plane.export_failed.connect(store.report)

    def _tell_exported(self, path: str) -> None:
        self._store.tell(self.tr("exported to {0}").format(path))

    # Actions

    def do(self, verb: Verb) -> None:
        """Answer the question with the chosen settings, replay the answer, or do what every tab can."""
        match verb:
            case "run":
                self._ask()
            case "replay":
                self.bar.toggle()
            case _:
                super().do(verb)

    def why_not(self, verb: Verb) -> str:
        """Return why a verb is not possible; an answer can be asked for and replayed, but not made round by round."""
        match verb:
            case "run":
                empty = "" if self.bar.text() else self.tr("the question is empty")
                return self._store.may_start() or empty
            case "replay":
                possible = self._store.tab(ScalingProgress).replay.possible
                return "" if possible else self.tr("there is no answer to replay")
            case _:
                return super().why_not(verb)

    def _ask(self) -> None:
        run = Run(self.setup.method.method.name, self.setup.settings(), Request(self.bar.text()))
        self._store.run(self.setup.pair(), run)

    def use(self, allocation: Allocation) -> None:
        """Answer with a setting from now on."""
        self.setup.use(allocation)
        self._store.tell(self.tr("{0} chosen; Ask answers with it").format(words.allocation(allocation)))

    def escalate(self, threshold: float, score: str) -> None:
        """Answer from small to large from now on."""
        self.setup.escalate(threshold, score)
        text = self.tr("small to large below {0} chosen; Ask answers with it")
        self._store.tell(text.format(words.share(threshold)))

    def sweep(self) -> None:
        """Start the chosen sweep with the models and settings of the answer."""
        if self.sweeping.run.isEnabled():
            command = grid_choice.command(self.sweeping.choice())
            self._store.tab(SweepProgress).begin(self.setup.pair(), command)

    def make_index(self, folder: str) -> None:
        """Make the documents of a folder searchable, for the chosen target."""
        pair, k = self.setup.pair(), self.setup.settings()["k"]
        assert isinstance(k, int)
        self._store.tab(IndexProgress).begin_folder(folder, pair, max(1, k))

    def first_field(self) -> QWidget:
        """Return the question."""
        return self.bar.line

    def reset_layout(self) -> None:
        """Restore the sizes of the first start."""
        for splitter, shares in ((self._across, _SHARES), (self._plots, _PLOT_SHARES)):
            share_out(splitter, shares)

    # Content

    @property
    def shown_record(self) -> RunRecord | None:
        """The answer on show."""
        return self._store.tab(ScalingProgress).history.shown

    @property
    def reported(self) -> tuple[Event, ...]:
        """The log of the answer on show."""
        return () if self.shown_record is None else tuple(self.shown_record.events)

    def explained(self) -> tuple[Section, ...]:
        """Return the explanation of what this tab shows."""
        return (explain_scaling(),)

    def take_text(self, path: Path) -> bool:
        """Take a text file as a document."""
        if is_text := path.suffix.lower() in TEXT_SUFFIXES:
            self._store.tab(IndexProgress).take_document(path)
        return is_text

    def newly_opened(self) -> str:
        """Show the setup and question of a newly opened answer, or the page of a newly opened sweep."""
        answer, sweep = self.shown_record, self._store.tab(SweepProgress)
        if answer is not None and self._opened.is_new(answer, answer.source) and answer.started is not None:
            self.setup.show_settings(answer.started)
            self.bar.line.setText(answer.started.prompt)
            self.pages.setCurrentIndex(_ANSWER)
            return "scaling"
        if self._opened_sweep.is_new(sweep.started, sweep.source):
            self.pages.setCurrentIndex(_SWEEP)
            return "scaling"
        return ""

    def holds(self, name: str) -> bool:
        """Return whether there is an answer or a sweep."""
        return self.shown_record is not None or self._store.tab(SweepProgress).measured is not None

    def show_example(self, name: str) -> None:
        """Sweep a small grid; the question is asked behind it."""
        for line, numbers in zip((self.sweeping.ks, self.sweeping.ms, self.sweeping.ns), _EXAMPLE_GRID, strict=True):
            line.setText(numbers)
        self.sweeping.options.set_values({"questions": _EXAMPLE_QUESTIONS})
        self.setup.form.set_values(_EXAMPLE_SETTINGS)
        self._has_example = self._asks_example = True
        self.sweep()

    def settled(self, name: str) -> bool:
        """Ask behind the sweep, so that there is an answer, and wait for the fit and for every panel.

        A picture of a kept sweep has no engine, which nothing waits for."""
        if self._asks_example and self.shown_record is None and not self.why_not("run"):
            self._asks_example = False
            self._ask()
            return False
        if self._has_example and self._store.commands.unanswered:
            return False
        return not any(panel.behind for panel in self.findChildren(Panel) if panel.isVisible())

    # Choices kept between sessions

    def save(self, settings: QSettings) -> None:
        """Save the choices, the question, the budget and the sizes."""
        self.setup.save(settings)
        self.sweeping.save(settings)
        settings.setValue("scaling/question", self.bar.line.text())
        sweep = self._store.tab(SweepProgress)
        settings.setValue("scaling/budget", sweep.budget)
        settings.setValue("scaling/threshold", sweep.threshold)
        for name, price in self.answer.figures.prices._asdict().items():
            settings.setValue(f"scaling/price_{name}", price)
        save_sizes(self._splitters, settings, _GROUP)

    def restore(self, settings: QSettings) -> None:
        """Restore the choices, the question, the budget and the sizes."""
        self.setup.restore(settings)
        self.sweeping.restore(settings)
        if isinstance(question := settings.value("scaling/question"), str) and question:
            self.bar.line.setText(question)
        budget = str(settings.value("scaling/budget", ""))
        if budget.isascii() and budget.isdigit() and len(budget) < 9:
            self.budget.box.setValue(int(budget))
        threshold = _number(settings.value("scaling/threshold"), FIRST_THRESHOLD)
        self._store.tab(SweepProgress).choose_threshold(min(1.0, threshold))
        prices = [_number(settings.value(f"scaling/price_{name}")) for name in TokenPrices._fields]
        self.answer.figures.set_prices(TokenPrices(*prices))
        restore_sizes(self._splitters, settings, _GROUP)

    # What follows the setup and the store

    def _on_setup_changed(self) -> None:
        pair, index = self.setup.pair(), str(self.setup.settings()["index"])
        warning = foreign_documents(index, pair.target, "")
        self.answer.headline.warn("" if warning is None else f"⚠ {warning.message}; {in_window(warning.hint)}")
        self.context.verbs.refresh()
        self.sweeping.show_setup(self.setup.sweep_settings(), "")

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 (Qt's name)
        """Catch up with what changed while hidden."""
        super().showEvent(event)
        self._on_changed()

    def _on_changed(self) -> None:
        """Ask for the newest fit once a target is loaded, and show what the budget is worth."""
        if not self.isVisible():
            return
        model, sweep = self._store.engine.model, self._store.tab(SweepProgress)
        if model is not None and model.target != self._fit_asked_for and not self._store.busy:
            self._fit_asked_for = model.target
            if sweep.measured is None:
                sweep.fit()
        self.budget.show_sweep(sweep)

    # Layout

    def _answer_page(self) -> QWidget:
        self._plots = split(Qt.Orientation.Vertical, (self.plot, self.map), _PLOT_SHARES)
        self._across = split(Qt.Orientation.Horizontal, (self.answer, self._plots), _SHARES)
        self._splitters = {"plots": self._plots, "across": self._across, "answer": self.answer.splitter}
        left = SideColumn(self.setup, _LEFT_WIDTH, self, fixed=True, footer=self.setup.opened)
        return page_beside(left, (self.bar, self.budget, self._across), self)

    def _sweep_page(self) -> QWidget:
        return page_beside(SideColumn(self.sweeping, _LEFT_WIDTH, self, fixed=True), (self.fit,), self)


def _number(stored: object, otherwise: float = 0.0) -> float:
    """A price or threshold that was saved; another number where it is missing or damaged."""
    try:
        number = float(str(stored)) if stored is not None else otherwise
    except ValueError:
        return otherwise
    return number if 0 <= number < 1e6 else otherwise
