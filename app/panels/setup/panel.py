"""Panel of the setup: the pair, its memory, what is loaded, and the method with its settings."""

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
from app.panels.setup.chat_box import ChatBox
from app.panels.setup.dtype_offer import DtypeOffer
from app.panels.setup.early_check import EarlyCheck
from app.panels.setup.measure_box import MeasureBox
from app.panels.setup.memory_block import MemoryBlock
from app.panels.setup.method_box import MethodBox
from app.panels.setup.pair_form import PairForm
from app.panels.setup.policy_fields import show_policy_fields
from app.panels.setup.rules_note import RulesNote
from app.panels.setup.tree_fields import show_tree_fields, usable_values, why_no_tree
from app.state.notices import Trouble
from app.state.requests import NO_DRAFTER, Setup, default_drafter
from app.state.store import RunStore
from app.widgets.config_form import ConfigForm
from app.widgets.focus import tab_through
from app.widgets.fold import FoldedRest
from app.widgets.labels import plain_label
from app.widgets.opened_note import OpenedNote
from app.widgets.preset_box import PresetBox
from engine.commands import Estimate, Load, Survey
from engine.events import Estimated, Event, ModelLoaded, Progressed, RunStarted, Setting, Surveyed
from engine.runs.summary import Summary

_FIRST_FIELDS = ("gamma", "policy", "temperature", "max_new_tokens")
# What people rarely change; a method's own settings are in view.
_FOLDED_FIELDS = (
    "tree", "accept", "top_k", "top_p", "min_p", "seed", "stop_at_end", "baseline", "repeats", "generation_rules",
    "most_gamma", "confidence", "draft_until", "least_free",
)  # fmt: skip
_ASKED = ("chat", "system")  # in a box of their own
_PAUSE_MS = 300


class _ShownState(NamedTuple):
    """The parts of the store that are on show."""

    model: ModelLoaded | None
    needed: Estimated | None
    surveyed: Surveyed | None
    loading: Progressed | None
    pair: Load | None


class _Choice(NamedTuple):
    """What the user chose, to be restored after looking at an opened run."""

    target: str
    drafter: str
    method: str
    values: Mapping[str, Setting]


class SetupPanel(Panel):
    """The pair, its memory and the method's form. Asks the engine for an estimate of the pair when it is idle.

    named: the pair was given on the command line, so that of the last session is not restored."""

    measure_only_toggled = Signal(bool)
    choice_changed = Signal()
    settings_restored = Signal()
    every_ms = 100

    def __init__(self, store: RunStore, pair: Load, parent: QWidget | None = None, *, named: bool = False) -> None:
        super().__init__(store, parent)
        self._pair_is_fixed = named or pair != Load()
        self._shown_state: _ShownState | None = None
        self._remembered_model: ModelLoaded | None = None
        self._estimate_pair: Load | None = None
        self._last_survey: Survey | None = None
        self._engine_answered = False
        self._last_drafter = default_drafter(pair.target)
        self._refusal: tuple[Trouble, Load] | None = None
        self._own_choice: _Choice | None = None
        self._opened_choice: _Choice | None = None
        self.opened = OpenedNote(
            self.tr("Settings of the opened run."),
            self.tr("Give back the settings and the prompt that were here before the run was opened"),
            self,
        )
        self.opened.hide()
        self.models = PairForm(pair, self)
        self.target, self.drafter = self.models.target, self.models.drafter
        self.device, self.dtype = self.models.device, self.models.dtype
        self.chat = ChatBox(self)
        self.rules = RulesNote(self)
        self.method = MethodBox("decode", self)
        self.preset = PresetBox(self)
        configs = [spec.config for spec in self.method.methods.values()]
        self.form = ConfigForm(configs, self, first=_FIRST_FIELDS, without=_ASKED, folded=_FOLDED_FIELDS)
        self.form.add_above(self.tr("Preset"), self.preset)
        self.measure = MeasureBox(self)
        self.more = FoldedRest(
            self.tr("More"),
            self.tr("Sampling, seed, repeats, and where and how the models are computed"),
            (self.form.rest, self.models.computing, self.measure),
            self,
        )
        self.memory = MemoryBlock(self)
        self.offer = DtypeOffer(self)
        self.offer.taken.connect(lambda: self.models.dtype.choose("bfloat16"))
        self._early = EarlyCheck(self)
        self._early.answered.connect(self._draw_needed)
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE_MS)
        self._pause.timeout.connect(self._ask)
        self.models.changed.connect(self._follow_pair)
        self.models.look_asked.connect(self._survey_again)
        self.method.chosen.connect(self._follow_method)
        self.form.changed.connect(self._update_preset)
        self.form.changed.connect(self._follow_rules)
        self.form.changed.connect(self._draw_tree)
        self.preset.chosen.connect(self._apply_preset)
        self.measure.toggled.connect(self.measure_only_toggled)
        self.measure.toggled.connect(self._draw_measuring)
        for signal in (self.models.changed, self.form.changed, self.measure.toggled):
            signal.connect(lambda *_: self._on_choice_changed())
        self.opened.back_asked.connect(self._restore_choice)
        store.models_changed.connect(self._survey_again)
        self._lay_out()
        self._follow_pair()
        self._on_choice_changed()

    def setup(self) -> Setup:
        """The chosen pair, method and settings."""
        spec = self.method.method
        return Setup(self.models.pair(), spec.name, self._values())

    @property
    def measure_only(self) -> bool:
        """Whether drawing is postponed until a run ends."""
        return self.measure.box.isChecked()

    def show_settings(self, started: RunStarted) -> None:
        """Show the settings of an opened run; the device stays, and the user's own settings can be restored."""
        if (choice := self._choice()) != self._opened_choice:
            self._own_choice = choice
        self.method.choose(started.method)
        self.models.choose(started.target, started.drafter)
        self.form.set_values(dict(started.settings))
        self.chat.set_values(dict(started.settings))
        self._opened_choice = self._choice()
        self.opened.show()

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Show what is loaded, the progress of a load, and the estimate of the chosen pair."""
        self._engine_answered = self._engine_answered or self._has_answer()
        self._remember_refusal()
        self._draw_measuring()
        state = self._state_to_show()
        if state != self._shown_state:
            self._shown_state = state
            self._draw_models()
            self.models.show_runtime(state.model)
            self.memory.show_loaded(state.model, state.loading)
            self._draw_offer()
            self._draw_needed()
            self._draw_chat()
        self.chat.preview.show_preview(self.store.engine.previewed)
        if self._can_ask() and not self._pause.isActive():
            self._pause.start()

    def save(self, settings: QSettings) -> None:
        """Save pair, settings and folders for the next session."""
        pair = self.models.pair()
        for name, spec in (("target", pair.target), ("drafter", pair.drafter)):
            settings.setValue(f"decode/{name}", spec)
        settings.setValue("decode/runtime", pair.runtime)
        settings.setValue("decode/method", self.method.method.name)
        self.form.save(settings, "decode")
        self.chat.save(settings)
        settings.setValue("decode/measure_only", self.measure_only)
        settings.setValue("decode/more", self.more.is_open)
        self.models.recent.save(settings)

    def restore(self, settings: QSettings) -> None:
        """Restore those of the last session; a pair given on the command line stays."""
        self.models.restore_folders(settings)
        target, drafter = settings.value("decode/target"), settings.value("decode/drafter")
        self.method.choose(str(settings.value("decode/method", "")))
        if not self._pair_is_fixed and isinstance(target, str) and isinstance(drafter, str) and target and drafter:
            self.models.choose(target, drafter)
        if not self._pair_is_fixed:
            self.models.choose_runtime(settings.value("decode/runtime"))
        self.form.restore(settings, "decode")
        self.chat.restore(settings)
        self.measure.box.setChecked(bool(settings.value("decode/measure_only", False, type=bool)))
        self.more.open(bool(settings.value("decode/more", False, type=bool)))

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 (Qt's name)
        """Ask nothing while hidden."""
        self._pause.stop()
        self._early.stop()
        super().hideEvent(event)

    # The engine's answers

    def _has_answer(self) -> bool:
        """Whether an engine has answered: while a saved run is viewed there may be none."""
        store = self.store
        load_refused = store.trouble is not None and store.trouble.what == "load"
        return load_refused or store.engine.model is not None or store.engine.estimated is not None

    def _state_to_show(self) -> _ShownState:
        store = self.store
        progress = store.engine.progressed if store.doing == "loading" else None
        return _ShownState(
            store.engine.model, store.engine.estimated, store.engine.surveyed, progress, store.commands.pair_to_come
        )

    def _draw_models(self) -> None:
        model, surveyed = self.store.engine.model, self.store.engine.surveyed
        if model is not None and model is not self._remembered_model:
            self._remembered_model = model
            # A load starts with an estimate of its pair, so that one need not be asked for.
            self._estimate_pair = self.store.commands.pair_to_come
            self.models.remember(model.drafter, model.target)
        if surveyed is not None:
            self.models.show_survey(surveyed)

    def _draw_needed(self) -> None:
        estimate, pair = self._estimate(), self.models.pair()
        self.memory.show_estimate(estimate, in_use=pair == self.store.commands.pair_to_come)
        self.models.show_conversions(estimate)
        self.models.show_reason(self._early.why_not(pair) if estimate is None else estimate.why_not)

    def _draw_offer(self) -> None:
        self.offer.show_model(self.store.engine.model, self.models.pair().dtype)

    def _draw_chat(self) -> None:
        """Show how the chosen target is asked, once it is loaded."""
        model = self.store.engine.model
        shown = model if model is not None and model.target == self.models.pair().target else None
        self.chat.show_model(shown)
        self.rules.show_model(shown)
        self._draw_tree()

    def _draw_tree(self) -> None:
        """Offer trees where the chosen drafter can branch."""
        show_tree_fields(self.form, why_no_tree(self.store.engine.model, self.models.pair()))
        show_policy_fields(self.form)

    def _follow_rules(self) -> None:
        self.rules.set_obeyed(obeyed=self._values().get("generation_rules") is not False)

    def _draw_measuring(self) -> None:
        self.measure.line.setVisible(self.store.measure_only and self.store.engine.running)

    def _remember_refusal(self) -> None:
        """Remember for which pair a load was refused."""
        trouble = self.store.trouble
        if trouble is None or trouble.what != "load":
            self._refusal = None
        elif self._refusal is None or trouble is not self._refusal[0]:
            self._refusal = trouble, self.models.pair()

    def _drop_refusal(self, pair: Load) -> None:
        """Dismiss a refusal once another pair is chosen."""
        if self._refusal is not None and self._refusal[0] is self.store.trouble and self._refusal[1] != pair:
            self.store.dismiss()

    def _estimate(self) -> Estimated | None:
        """The engine's estimate, if it is for the chosen pair."""
        estimate, pair = self.store.engine.estimated, self.models.pair()
        same_models = estimate is not None and (estimate.target, estimate.drafter) == (pair.target, pair.drafter)
        return estimate if same_models and pair in (self._estimate_pair, self.store.commands.pair_to_come) else None

    # Questions to the engine

    def _follow_pair(self) -> None:
        pair = self.models.pair()
        if pair.drafter != NO_DRAFTER:
            self._last_drafter = pair.drafter
        self.method.fit_drafter(drafted=pair.drafter != NO_DRAFTER)
        self.form.limit_to(self.method.method.config)
        self._update_preset()
        self._draw_needed()
        self._draw_chat()
        self._drop_refusal(pair)
        if not self._engine_answered:
            self._early.ask(pair)
        if self._can_ask():
            self._pause.start()

    def _follow_method(self) -> None:
        """Set the last drafter for a method that needs one, and none for a method that does not."""
        needs_drafter = self.method.method.drafted
        if needs_drafter != (self.drafter.spec() != NO_DRAFTER):
            self.drafter.set_spec(self._last_drafter if needs_drafter else NO_DRAFTER)
        self._follow_pair()

    def _can_ask(self) -> bool:
        """Whether the engine has answered before, is idle, and there are questions about the pair left to ask."""
        return self._engine_answered and self.isVisible() and not self.store.busy and bool(self._questions())

    def _questions(self) -> list[Estimate | Survey]:
        pair = self.models.pair()
        questions: list[Estimate | Survey] = []
        if pair != self._estimate_pair:
            questions.append(Estimate(pair))
        survey = Survey(pair.target, self.models.recent.specs, pair.device, pair.dtype)
        if self._last_survey is None or replace(survey, known=self._last_survey.known) != self._last_survey:
            questions.append(survey)
        return questions

    def _ask(self) -> None:
        if not self._can_ask():
            return
        for question in self._questions():
            if isinstance(question, Estimate):
                self._estimate_pair = question.pair
            else:
                self._last_survey = question
            self.store.ask(question)

    def _survey_again(self) -> None:
        self._last_survey = None
        self._pause.start()

    # The user's own choice, and presets

    def _choice(self) -> _Choice:
        pair, spec = self.models.pair(), self.method.method
        return _Choice(pair.target, pair.drafter, spec.name, self._values())

    def _on_choice_changed(self) -> None:
        """Say how many of the folded settings are not as at first, and tell whoever describes the choice."""
        self.more.show_changes(self.form.n_changed_in_rest + self.models.n_changed + self.measure_only)
        self._draw_offer()
        self.choice_changed.emit()

    def _values(self) -> dict[str, Setting]:
        """The settings of the chosen method."""
        kind = self.method.method.config
        asked = {name: value for name, value in self.chat.values().items() if name in kind.__struct_fields__}
        return {**usable_values(self.form, self.form.values(kind)), **asked}

    def _restore_choice(self) -> None:
        choice, self._own_choice, self._opened_choice = self._own_choice, None, None
        self.opened.hide()
        if choice is not None:
            self.method.choose(choice.method)
            self.models.choose(choice.target, choice.drafter)
            self.form.set_values(choice.values)
            self.chat.set_values(choice.values)
        self.settings_restored.emit()

    def _apply_preset(self, preset: Preset | None) -> None:
        if preset is not None:
            self.form.set_values(preset.values)
            if preset.plain:
                self.drafter.set_spec(NO_DRAFTER)
            elif self.drafter.spec() == NO_DRAFTER:
                self.drafter.set_spec(self._last_drafter)
        self._update_preset()

    def _update_preset(self) -> None:
        spec = self.method.method
        self.preset.show_preset(presets.matching(self.form.values(spec.config), plain=not spec.drafted))

    # Layout

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * theme.GRID, theme.GRID, theme.GRID, theme.GRID)
        column.setSpacing(theme.GRID)
        column.addWidget(plain_label(self.tr("Models"), self, role="title"))
        column.addWidget(self.models)
        column.addWidget(plain_label(self.tr("Method"), self, role="title"))
        for widget in (self.method, self.form, self.rules, self.chat, self.more, self.memory, self.offer):
            column.addWidget(widget)
        column.addStretch(1)
        tab_through(column)
