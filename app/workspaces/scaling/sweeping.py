"""State of the sweep on show, of the allocation model fitted to it, and of the budget that a setting is chosen for."""

from pathlib import Path

from app.state.store import RunStore
from app.state.tab_state import TabState
from app.text.plain_text import one_line
from app.words.hints import in_window
from app.workspaces.scaling import sweep_words
from engine.allocation.optimum import ChosenCell, best_under, cheapest_for
from engine.commands import FitAllocation, Load, SweepAllocations
from engine.errors import InputError
from engine.events import (
    Allocation,
    AllocationFitted,
    AllocationForm,
    AnswerMetric,
    CellAnswered,
    Event,
    PredictedCell,
    Progressed,
    Refused,
    RunFailed,
    SweepEstimated,
    SweepMeasured,
    SweepStarted,
)
from engine.runs.trace import Trace

FIRST_BUDGET = 4000
FIRST_THRESHOLD = 0.5
_HEAD = 16


class SweepProgress(TabState):
    """At most one sweep. source: the file it was read from, None for one made here.

    changes: rises with whatever panels show. budget: effective context a question may have; picked: the setting that
    panels point at, None: the recommended one. why_no_fit: why there is none, in words. threshold: of the quality score
    below which a question goes on to more. wanted: an accuracy to be reached at the least cost, 0 for the best one."""

    work = SweepAllocations

    def __init__(self, store: RunStore) -> None:
        self.commands = store.commands
        self._store = store
        self.started: SweepStarted | None = None
        self.estimated: SweepEstimated | None = None
        self.measured: SweepMeasured | None = None
        self.fitted: AllocationFitted | None = None
        self.why_no_fit = ""
        self.source: Path | None = None
        self.n_answered = self.changes = 0
        self.budget = FIRST_BUDGET
        self.picked: Allocation | None = None
        self.form: AllocationForm = "paper"
        self.metric: AnswerMetric = "accuracy"
        self.threshold = FIRST_THRESHOLD
        self.wanted = 0.0

    # Asking

    def begin(self, pair: Load, command: SweepAllocations) -> None:
        """Start a sweep with a pair, which is loaded first where needed."""
        self._store.make_way()
        self._store.engine.progressed = None
        self.source, self.n_answered, self.estimated = None, 0, None
        self._store.engine.run(pair, command)
        self._change()
        self._store.watch()

    def fit(self, sweep: str = "") -> None:
        """Ask for the model fitted to a sweep; empty: to the newest of the loaded target."""
        self._store.ask(FitAllocation(sweep, self.form, self.metric))

    def fit_as(self, form: AllocationForm, metric: AnswerMetric) -> None:
        """Fit the same sweep in another form, or to another metric."""
        if (form, metric) != (self.form, self.metric):
            self.form, self.metric = form, metric
            self.fit(self._file)

    @property
    def _file(self) -> str:
        """The file of the sweep on show."""
        if self.measured is not None:
            return self.measured.file
        return "" if self.fitted is None else self.fitted.file

    def choose_budget(self, tokens: int) -> None:
        """Recommend for another budget."""
        if tokens != self.budget and tokens > 0:
            self.budget, self.picked = tokens, None
            self._change()
            self._store.changed.emit()

    def choose_wanted(self, accuracy: float) -> None:
        """Recommend the cheapest setting for an accuracy; 0: the best one within the budget."""
        if accuracy != self.wanted:
            self.wanted, self.picked = accuracy, None
            self._change()
            self._store.changed.emit()

    def choose_threshold(self, threshold: float) -> None:
        """Escalate below another quality score."""
        if threshold != self.threshold:
            self.threshold = threshold
            self._change()

    def pick(self, allocation: Allocation | None) -> None:
        """Point at a setting in every panel."""
        if allocation != self.picked:
            self.picked = allocation
            self._change()
            self._store.changed.emit()

    @property
    def choice(self) -> ChosenCell | None:
        """The best predicted setting whose longest question stays within the budget, or the cheapest one for the wanted
        accuracy, and what it is compared with; None without a fit, and where nothing fits."""
        try:
            return self._chosen()
        except InputError:
            return None

    @property
    def why_no_choice(self) -> str:
        """Why no setting fits, in words; empty where one does and without a fit."""
        try:
            self._chosen()
        except InputError as err:
            return f"{err.message}; {in_window(err.hint)}"
        return ""

    def _chosen(self) -> ChosenCell | None:
        """Raises InputError where no setting fits."""
        if self.fitted is None or not self.fitted.predictions:
            return None
        if self.wanted:
            return cheapest_for(self.fitted.predictions, self.wanted, self.budget)
        return best_under(self.fitted.predictions, self.budget)

    @property
    def recommended(self) -> PredictedCell | None:
        """The setting that is recommended for the budget."""
        return None if self.choice is None else self.choice.cell

    def status(self, at: Progressed | None) -> str:
        """Describe the progress of the sweep."""
        return self._store.stopping or sweep_words.progress(self.started, self.estimated, self.n_answered, at)

    @property
    def scope(self) -> str:
        """What the sweep on show holds for, in words; empty without one."""
        return sweep_words.scope(self.started, self.measured, self.n_answered)

    def _change(self) -> None:
        self.changes += 1

    # The engine's answers

    def take(self, event: Event) -> bool:
        """Take in an event. Returns whether it belongs to a sweep or a fit."""
        match event:
            case SweepStarted():
                self.started, self.estimated, self.n_answered = event, None, event.n_kept
                self.measured = self.measured if self._file == event.file else None
            case SweepEstimated():
                self.estimated = event
            case CellAnswered():
                self.n_answered += 1
                return True  # too many to draw anything anew for each
            case SweepMeasured():
                self.measured, self.n_answered = event, event.n_answered
                if event.complete:
                    self._store.told = sweep_words.outcome(event)
                    self.fit(event.file)
            case AllocationFitted():
                self.fitted, self.why_no_fit = event, ""
                self.picked = None
            case _:
                return False
        self._change()
        return True

    def fail(self, event: Refused | RunFailed) -> None:
        """Note why there is no fit."""
        if isinstance(event, Refused) and event.what == "fitallocation" and not self.commands.stepping_aside:
            self.why_no_fit = one_line(event.reason)
            self._change()

    def kept(self, event: Refused | RunFailed) -> str:
        """The answers given before."""
        is_mine = isinstance(event, Refused) and event.what == "sweepallocations" and self.n_answered > 0
        return sweep_words.tr("the answers so far; the same sweep continues from there") if is_mine else ""

    # Files

    def read_log(self, log: Trace, path: Path) -> object | None:
        """Read the sweep of a log; None for a log of something else."""
        return log if any(isinstance(event, SweepStarted) for event in log.events[:_HEAD]) else None

    def show(self, content: object, path: Path) -> str:
        """Show the sweep of a log. Returns what is under way and prevents that."""
        assert isinstance(content, Trace)
        if self.live:
            return self.under_way()
        self._forget()
        for event in content.events:
            self._take_read(event)
        self.source = path
        if self.fitted is None and self.measured is not None:
            self.fit(self.measured.file)
        self._change()
        return ""

    def _forget(self) -> None:
        self.started = self.estimated = self.measured = self.fitted = None
        self.n_answered = 0

    def _take_read(self, event: Event) -> None:
        match event:
            case SweepStarted():
                self.started = event
            case SweepEstimated():
                self.estimated = event
            case SweepMeasured():
                self.measured, self.n_answered = event, event.n_answered
            case AllocationFitted():
                self.fitted = event
