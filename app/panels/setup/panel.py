"""Panel of the setup: which models with what settings, what they take, what is loaded; decides nothing about runs."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from msgspec.structs import replace
from PySide6.QtCore import QSettings, QTimer, Signal
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app import theme
from app.choices import presets
from app.choices.presets import Preset
from app.panel import Panel
from app.panels.setup.measure_box import MeasureBox
from app.panels.setup.memory_block import MemoryBlock
from app.panels.setup.method_box import MethodBox
from app.panels.setup.pair_form import PairForm
from app.state.notices import Trouble
from app.state.requests import NO_DRAFTER, Setup, default_drafter
from app.state.store import RunStore
from app.widgets.config_form import ConfigForm
from app.widgets.labels import plain_label
from app.widgets.opened_note import OpenedNote
from app.widgets.preset_box import PresetBox
from engine.commands import Estimate, Load, Survey
from engine.events import Estimated, Event, ModelLoaded, Progressed, RunStarted, Setting, Surveyed
from engine.runs.summary import Summary

_FIRST = ("gamma", "temperature", "top_k", "top_p", "min_p", "max_new_tokens", "seed")
_PAUSE_MS = 300


class _Said(NamedTuple):
    """What of the store is on show."""

    model: ModelLoaded | None
    needed: Estimated | None
    surveyed: Surveyed | None
    loading: Progressed | None
    pair: Load | None


class _Chosen(NamedTuple):
    """What one has chosen oneself, to be given back after a look at another's run."""

    target: str
    drafter: str
    method: str
    values: Mapping[str, Setting]


class SetupPanel(Panel):
    """The pair, its memory, the method's form. Asks the engine what a pair would take once it has nothing else to do.

    named: the pair was named on the command line, so that the last one is not taken up."""

    measure_only_toggled = Signal(bool)
    settings_restored = Signal()
    every_ms = 100

    def __init__(self, store: RunStore, pair: Load, parent: QWidget | None = None, *, named: bool = False) -> None:
        super().__init__(store, parent)
        self._named = named or pair != Load()
        self._drawn: _Said | None = None
        self._remembered: ModelLoaded | None = None
        self._asked_estimate: Load | None = None
        self._asked_survey: Survey | None = None
        self._heard = False
        self._drafter_before = default_drafter(pair.target)
        self._refused: tuple[Trouble, Load] | None = None
        self._mine: _Chosen | None = None
        self._of_opened: _Chosen | None = None
        self.opened = OpenedNote(
            self.tr("Settings of the opened run."),
            self.tr("Give back the settings and the prompt that were here before the run was opened"),
            self,
        )
        self.opened.hide()
        self.models = PairForm(pair, self)
        self.target, self.drafter = self.models.target, self.models.drafter
        self.device, self.dtype = self.models.device, self.models.dtype
        self.method = MethodBox("decode", self)
        self.preset = PresetBox(self)
        self.form = ConfigForm([spec.config for spec in self.method.methods.values()], self, first=_FIRST)
        self.form.add_above(self.tr("Preset"), self.preset)
        self.measure = MeasureBox(self)
        self.memory = MemoryBlock(self)
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE_MS)
        self._pause.timeout.connect(self._ask)
        self.models.changed.connect(self._follow_pair)
        self.models.look_asked.connect(self._look_again)
        self.method.chosen.connect(self._follow_method)
        self.form.changed.connect(self._name_preset)
        self.preset.chosen.connect(self._take_preset)
        self.measure.toggled.connect(self.measure_only_toggled)
        self.measure.toggled.connect(self._draw_measuring)
        self.opened.back_asked.connect(self._give_back)
        self._lay_out()
        self._follow_pair()

    def setup(self) -> Setup:
        """What is chosen."""
        spec = self.method.method
        return Setup(self.models.pair(), spec.name, self.form.values(spec.config))

    @property
    def measure_only(self) -> bool:
        """Whether nothing is to be drawn until a run ends."""
        return self.measure.box.isChecked()

    def show_settings(self, started: RunStarted) -> None:
        """Take up what an opened run was made with; the device stays as chosen, and one's own can be had back."""
        if (chosen := self._chosen()) != self._of_opened:
            self._mine = chosen
        self.method.choose(started.method)
        self.models.choose(started.target, started.drafter)
        self.form.set_values(dict(started.settings))
        self._of_opened = self._chosen()
        self.opened.show()

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Say what is loaded, how far a load is, and what the chosen pair would take."""
        self._heard = self._heard or self._hears()
        self._remember_refusal()
        self._draw_measuring()
        said = self._said()
        if said != self._drawn:
            self._drawn = said
            self._draw_models()
            self.models.show_runtime(said.model)
            self.memory.show_loaded(said.model, said.loading)
            self._draw_needed()
        if self._has_question() and not self._pause.isActive():
            self._pause.start()

    def save(self, settings: QSettings) -> None:
        """Keep pair, settings and folders for the next start."""
        pair = self.models.pair()
        for name, spec in (("target", pair.target), ("drafter", pair.drafter)):
            settings.setValue(f"decode/{name}", spec)
        settings.setValue("decode/runtime", pair.runtime)
        settings.setValue("decode/method", self.method.method.name)
        self.form.save(settings, "decode")
        settings.setValue("decode/measure_only", self.measure_only)
        self.models.recent.save(settings)

    def restore(self, settings: QSettings) -> None:
        """Take up those of the last time; a pair named on the command line stays."""
        self.models.restore_folders(settings)
        target, drafter = settings.value("decode/target"), settings.value("decode/drafter")
        self.method.choose(str(settings.value("decode/method", "")))
        if not self._named and isinstance(target, str) and isinstance(drafter, str) and target and drafter:
            self.models.choose(target, drafter)
        if not self._named:
            self.models.choose_runtime(settings.value("decode/runtime"))
        self.form.restore(settings, "decode")
        self.measure.box.setChecked(bool(settings.value("decode/measure_only", False, type=bool)))

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 (Qt's name)
        """What is hidden asks nothing."""
        self._pause.stop()
        super().hideEvent(event)

    # The engine's answers

    def _hears(self) -> bool:
        """Whether an engine has spoken: where a saved run is looked at there may be none."""
        store = self.store
        refused = store.trouble is not None and store.trouble.what == "load"
        return refused or store.engine.model is not None or store.engine.estimated is not None

    def _said(self) -> _Said:
        store = self.store
        at = store.engine.progressed if store.doing == "loading" else None
        return _Said(store.engine.model, store.engine.estimated, store.engine.surveyed, at, store.commands.pair_to_come)

    def _draw_models(self) -> None:
        model, surveyed = self.store.engine.model, self.store.engine.surveyed
        if model is not None and model is not self._remembered:
            self._remembered = model
            # A load begins with the estimate of its own pair.
            self._asked_estimate = self.store.commands.pair_to_come
            self.models.remember(model.drafter, model.target)
        if surveyed is not None:
            self.models.show_survey(surveyed)

    def _draw_needed(self) -> None:
        needed = self._estimate()
        self.memory.show_estimate(needed, in_use=self.models.pair() == self.store.commands.pair_to_come)
        self.models.show_reason("" if needed is None else needed.why_not)

    def _draw_measuring(self) -> None:
        self.measure.line.setVisible(self.store.measure_only and self.store.engine.running)

    def _remember_refusal(self) -> None:
        """Note for which pair a load was refused."""
        trouble = self.store.trouble
        if trouble is None or trouble.what != "load":
            self._refused = None
        elif self._refused is None or trouble is not self._refused[0]:
            self._refused = trouble, self.models.pair()

    def _drop_refusal(self, pair: Load) -> None:
        """A refusal is of no concern once another pair is chosen."""
        if self._refused is not None and self._refused[0] is self.store.trouble and self._refused[1] != pair:
            self.store.dismiss()

    def _estimate(self) -> Estimated | None:
        """The engine's answer for the chosen pair."""
        needed, pair = self.store.engine.estimated, self.models.pair()
        named = needed is not None and (needed.target, needed.drafter) == (pair.target, pair.drafter)
        return needed if named and pair in (self._asked_estimate, self.store.commands.pair_to_come) else None

    # Questions to the engine

    def _follow_pair(self) -> None:
        pair = self.models.pair()
        if pair.drafter != NO_DRAFTER:
            self._drafter_before = pair.drafter
        self.method.fit_drafter(drafted=pair.drafter != NO_DRAFTER)
        self.form.limit_to(self.method.method.config)
        self._name_preset()
        self._draw_needed()
        self._drop_refusal(pair)
        if self._has_question():
            self._pause.start()

    def _follow_method(self) -> None:
        """A method picked by hand brings the drafter it needs, or takes it away."""
        drafted = self.method.method.drafted
        if drafted != (self.drafter.spec() != NO_DRAFTER):
            self.drafter.set_spec(self._drafter_before if drafted else NO_DRAFTER)
        self._follow_pair()

    def _has_question(self) -> bool:
        """Whether the engine is there, has nothing to do, and has not said what it could say of the pair."""
        return self._heard and self.isVisible() and not self.store.busy and bool(self._questions())

    def _questions(self) -> list[Estimate | Survey]:
        pair = self.models.pair()
        found: list[Estimate | Survey] = []
        if pair != self._asked_estimate:
            found.append(Estimate(pair))
        survey = Survey(pair.target, self.models.recent.specs, pair.device, pair.dtype)
        if self._asked_survey is None or replace(survey, known=self._asked_survey.known) != self._asked_survey:
            found.append(survey)
        return found

    def _ask(self) -> None:
        if not self._has_question():
            return
        for question in self._questions():
            if isinstance(question, Estimate):
                self._asked_estimate = question.pair
            else:
                self._asked_survey = question
            self.store.ask(question)

    def _look_again(self) -> None:
        self._asked_survey = None
        self._pause.start()

    # One's own, and presets

    def _chosen(self) -> _Chosen:
        pair, spec = self.models.pair(), self.method.method
        return _Chosen(pair.target, pair.drafter, spec.name, self.form.values(spec.config))

    def _give_back(self) -> None:
        mine, self._mine, self._of_opened = self._mine, None, None
        self.opened.hide()
        if mine is not None:
            self.method.choose(mine.method)
            self.models.choose(mine.target, mine.drafter)
            self.form.set_values(mine.values)
        self.settings_restored.emit()

    def _take_preset(self, preset: Preset | None) -> None:
        if preset is not None:
            self.form.set_values(preset.values)
            if preset.plain:
                self.drafter.set_spec(NO_DRAFTER)
            elif self.drafter.spec() == NO_DRAFTER:
                self.drafter.set_spec(self._drafter_before)
        self._name_preset()

    def _name_preset(self) -> None:
        spec = self.method.method
        self.preset.show_preset(presets.matching(self.form.values(spec.config), plain=not spec.drafted))

    # Look

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * theme.GRID, theme.GRID, theme.GRID, theme.GRID)
        column.setSpacing(theme.GRID)
        column.addWidget(self.opened)
        column.addWidget(plain_label(self.tr("Models"), self, role="title"))
        column.addWidget(self.models)
        column.addWidget(plain_label(self.tr("Method"), self, role="title"))
        for widget in (self.method, self.form, self.measure, self.memory):
            column.addWidget(widget)
        column.addStretch(1)
