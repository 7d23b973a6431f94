"""The budget of a question, and the setting that is recommended for it by the fitted model."""

from math import exp, log

from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QMenu, QSizePolicy, QSlider, QWidget

from app import theme
from app.state.store import RunStore
from app.widgets.labels import ElasticLine, plain_label
from app.widgets.number_box import NumberBox, WholeNumberBox
from app.widgets.permission import allow
from app.widgets.steady_button import SteadyButton
from app.words.counts import count
from app.workspaces.scaling import presets, sweep_words
from app.workspaces.scaling.sweeping import FIRST_BUDGET, SweepProgress
from app.workspaces.scaling.words import allocation, share
from engine.errors import InputError
from engine.events import Allocation, PresetName
from engine.methods.escalating.presets import PRESET_NAMES

_LEAST, _MOST = 50, 5_000_000
_STEPS = 200


class BudgetBar(QWidget):
    """`allocation_asked`: a setting is to be used; `sweep_asked`: a fit is wanted where there is none.

    The slider is logarithmic; the box takes any number of tokens in either spelling."""

    allocation_asked = Signal(Allocation)
    sweep_asked = Signal()

    def __init__(self, store: RunStore, parent: QWidget) -> None:
        super().__init__(parent)
        self._store = store
        self._updating = False
        self._make_budget()
        self._make_wanted()
        self.presets = SteadyButton((self.tr("Presets"),), self)
        self.presets.setToolTip(self.tr("Settings of a popular article, reduced to the budget"))
        self.presets.setMenu(self._preset_menu())
        self.advice = ElasticLine(self)
        self.advice.setAccessibleName(self.tr("Recommended setting"))
        self.use = SteadyButton((self.tr("Use"), self.tr("Sweep…")), self)
        self.use.clicked.connect(self._on_use)
        self.slider.valueChanged.connect(lambda at: self._choose(_tokens_at(at)))
        self.box.valueChanged.connect(self._choose)
        self.wanted.valueChanged.connect(store.tab(SweepProgress).choose_wanted)
        self._lay_out()
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.show_budget(FIRST_BUDGET)
        self.show_sweep(store.tab(SweepProgress))

    def _make_budget(self) -> None:
        """The two controls of the budget."""
        tip = self.tr("Effective context length that a question may have: input tokens over all of its calls.")
        self.slider = QSlider(Qt.Orientation.Horizontal, self)
        self.slider.setRange(0, _STEPS)
        self.slider.setAccessibleName(self.tr("Budget of a question"))
        self.slider.setToolTip(tip)
        self.slider.setMinimumWidth(8 * theme.GRID)
        self.slider.setMaximumWidth(20 * theme.GRID)
        self.box = WholeNumberBox(self)
        self.box.setRange(_LEAST, _MOST)
        self.box.setSingleStep(500)
        self.box.setAccessibleName(self.tr("Budget in tokens"))
        self.box.setToolTip(tip)
        self.box.setFont(theme.tabular(self.box.font()))
        self.box.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def _make_wanted(self) -> None:
        """The accuracy that is to be reached."""
        self.wanted = NumberBox(self)
        self.wanted.setDecimals(2)
        self.wanted.setRange(0.0, 1.0)
        self.wanted.setSingleStep(0.05)
        self.wanted.setSpecialValueText(self.tr("best"))
        self.wanted.setAccessibleName(self.tr("Wanted accuracy"))
        self.wanted.setToolTip(
            self.tr("best: the highest score within the budget; a number: the cheapest setting predicted to reach it")
        )
        self.wanted.setFont(theme.tabular(self.wanted.font()))
        self.wanted.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def _preset_menu(self) -> QMenu:
        menu = QMenu(self)
        menu.setToolTipsVisible(True)
        for name in PRESET_NAMES:
            action = menu.addAction(presets.title(name))
            action.setToolTip(presets.meaning(name))
            action.triggered.connect(lambda _checked=False, name=name: self._use_preset(name))
        return menu

    def _lay_out(self) -> None:
        title = plain_label(self.tr("Budget"), self, role="title")
        title.setBuddy(self.box)
        reach = plain_label(self.tr("tokens, reach"), self)
        reach.setBuddy(self.wanted)
        row = QHBoxLayout(self)
        row.setContentsMargins(2 * theme.GRID, 0, 2 * theme.GRID, theme.HALF)
        row.setSpacing(theme.GRID)
        for widget in (title, self.slider, self.box, reach, self.wanted, plain_label(self.tr("→"), self)):
            row.addWidget(widget)
        row.addWidget(self.advice, 1)
        row.addWidget(self.presets)
        row.addWidget(self.use)

    def show_budget(self, tokens: int) -> None:
        """Show a budget in both controls."""
        self._updating = True
        self.box.setValue(tokens)
        self.slider.setValue(_step_of(tokens))
        self._updating = False

    def show_sweep(self, sweep: SweepProgress) -> None:
        """Show what is recommended, or why nothing is and how to change that."""
        self.advice.show_text(advice(sweep))
        has_fit = sweep.fitted is not None
        self.use.show_text(self.tr("Use") if has_fit else self.tr("Sweep…"))
        if has_fit:
            why_not = sweep.why_no_choice
            allow(self.use, why_not, self.tr("Answer with the recommended setting from now on"))
        else:
            allow(self.use, "", self.tr("Go to the sweep that a recommendation is fitted to"))

    def _choose(self, tokens: int) -> None:
        if not self._updating:
            self.show_budget(tokens)
            self._store.tab(SweepProgress).choose_budget(tokens)

    def _use_preset(self, name: PresetName) -> None:
        try:
            routed = presets.routed(name, self._store.tab(SweepProgress))
        except InputError as err:
            self._store.report(err.message, err.hint)
            return
        self.allocation_asked.emit(routed.allocated)
        self._store.tell(presets.outcome(routed))

    def _on_use(self) -> None:
        sweep = self._store.tab(SweepProgress)
        if sweep.fitted is None:
            self.sweep_asked.emit()
        elif sweep.recommended is not None:
            self.allocation_asked.emit(sweep.recommended.allocation)


def tr(text: str) -> str:
    """Translate a text about the budget."""
    return QCoreApplication.translate("scaling_budget", text)


def advice(sweep: SweepProgress) -> str:
    """Return the recommended setting in words, or why there is none."""
    if sweep.fitted is None:
        reason = sweep.why_no_fit or tr("no allocation model is fitted yet")
        return tr("no recommendation: {0}. A sweep over documents, demonstrations and iterations gives one.").format(
            reason.rstrip(".")
        )
    if (cell := sweep.recommended) is None:
        if sweep.wanted:
            return tr("not reached: {0}").format(sweep.why_no_choice)
        least = min((each.max_context for each in sweep.fitted.predictions), default=0.0)
        return tr("below one document: the smallest setting reads {0}").format(count(least, "token"))
    words = sweep_words.recommendation(cell, sweep.fitted.metric)
    if sweep.wanted:
        words = tr("cheapest: {0}, {1} on average").format(words, count(round(cell.mean_context), "token"))
    if sweep.choice is not None and (beyond := sweep.choice.beyond) is not None:
        better = tr("; {0} may reach {1}, beyond what was measured")
        words += better.format(allocation(beyond.allocation), share(beyond.predicted))
    return tr("{0} ⚠ {1}").format(words, sweep.fitted.why_stale) if sweep.fitted.why_stale else words


def _tokens_at(step: int) -> int:
    """The budget at a step of the slider, rounded to two digits."""
    tokens = _LEAST * exp(step / _STEPS * log(_MOST / _LEAST))
    digits = max(0, len(str(int(tokens))) - 2)
    return max(_LEAST, min(_MOST, int(round(tokens, -digits))))


def _step_of(tokens: int) -> int:
    return round(_STEPS * log(max(_LEAST, tokens) / _LEAST) / log(_MOST / _LEAST))
