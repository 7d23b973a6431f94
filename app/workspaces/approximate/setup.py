"""Panel of the settings: the pair, the gate, and what a sweep measures."""

import re
from collections.abc import Sequence
from typing import Annotated, cast

from msgspec import Meta, Struct
from PySide6.QtCore import QSettings, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app import theme
from app.panel import Panel
from app.panels.setup.pair_form import PairForm
from app.state.store import RunStore
from app.widgets.config_form import ConfigForm
from app.widgets.focus import tab_through
from app.widgets.fold import FoldedRest
from app.widgets.labels import plain_label
from app.workspaces.approximate.gate.known import GateChoice
from app.workspaces.approximate.words import tr
from engine.commands import Load, MeasureThresholds, Survey
from engine.errors import EngineError, InputError
from engine.events import Event, Setting, Surveyed
from engine.experiments.gate_bounds import refuse_sweep
from engine.machine.number_text import read_number
from engine.methods.sprinter.config import SprinterConfig
from engine.runs.summary import Summary
from engine.settings import make_config

_FIRST = ("gate", "threshold", "cap", "tested", "max_new_tokens")
_ELSEWHERE = ("baseline", "repeats", "stop_at_end", "system", "generation_rules")
_DEFAULTS = MeasureThresholds()
_GROUP = "approximate"
_SEPARATORS = re.compile(r"[\s,;]+")
_MOST = 64


def _line(values: Sequence[float]) -> str:
    return ", ".join(f"{value:g}" for value in values)


class SweepConfig(Struct, frozen=True):
    """What a sweep over thresholds measures."""

    thresholds: Annotated[
        str, Meta(title="Thresholds", description="the gate lets a token through from these probabilities on, 0 to 1")
    ] = _line(_DEFAULTS.thresholds)
    weights: Annotated[
        str, Meta(title="Ensembles", description="to compare with: shares of the target in what verifies, 0 to 1")
    ] = "0.5"
    leniences: Annotated[
        str, Meta(title="Leniences", description="to compare with: factors on q in the accept rule, above 0 to 1")
    ] = "0.3"
    n_prompts: Annotated[
        int, Meta(ge=1, le=10_000, title="Prompts", description="prompts at most, all written with every setting")
    ] = _DEFAULTS.n_prompts
    n_questions: Annotated[
        int, Meta(ge=0, le=1000, title="Questions", description="about the built-in world, whose answers are known")
    ] = _DEFAULTS.n_questions
    prompts: Annotated[
        str, Meta(title="Set of prompts", description="builtin, builtin:TASK, english, or a file of prompts")
    ] = _DEFAULTS.prompts
    gammas: Annotated[
        str, Meta(title="Draft lengths", description="of exact speculation, of which the fastest is compared with")
    ] = _line(_DEFAULTS.gammas)


class ApproximateSetupPanel(Panel):
    """The left column. `changed`: something else is chosen."""

    changed = Signal()
    every_ms = 250

    def __init__(self, store: RunStore, pair: Load, parent: QWidget | None = None, *, named: bool = False) -> None:
        super().__init__(store, parent)
        self._named = named or pair != Load()
        self._surveyed: Surveyed | None = None
        self._asked_survey: Survey | None = None
        self.models = PairForm(pair, self)
        self.form = ConfigForm(
            SprinterConfig, self, first=_FIRST, without=_ELSEWHERE,
            folded=[name for name in SprinterConfig.__struct_fields__ if name not in _FIRST],
        )  # fmt: skip
        self.sweep = ConfigForm(SweepConfig, self, folded=("prompts", "gammas"))
        self.more = FoldedRest(
            self.tr("More"), self.tr("Prompts, draft lengths, sampling, seed, and how the models are computed"),
            (self.sweep.rest, self.form.rest, self.models.computing), self,
        )  # fmt: skip
        for signal in (self.models.changed, self.form.changed, self.sweep.changed):
            signal.connect(self._on_choice)
        self.models.look_asked.connect(self._survey_again)
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * theme.GRID, theme.GRID, theme.GRID, theme.GRID)
        column.setSpacing(theme.GRID)
        for title, *contents in (
            (self.tr("Models"), self.models), (self.tr("Gate"), self.form), (self.tr("Sweep"), self.sweep, self.more),
        ):  # fmt: skip
            column.addWidget(plain_label(title, self, role="title"))
            for content in contents:
                column.addWidget(content)
        column.addStretch(1)
        tab_through(column)
        self.models.show_reason("")
        self.draw((), store.summary)

    def pair(self) -> Load:
        """The pair that is chosen."""
        return self.models.pair()

    @property
    def threshold(self) -> float:
        """The threshold of one run."""
        return round(cast(float, self.form.values(SprinterConfig)["threshold"]), 3)

    def show_threshold(self, threshold: float) -> None:
        """Choose a threshold."""
        self.form.set_values({"threshold": threshold})

    def gate_choice(self) -> GateChoice:
        """The gate that is chosen, and how its runs end."""
        pair, settings = self.pair(), self.form.values(SprinterConfig)
        is_all = settings["tested"] == "all"
        return GateChoice(pair.target, pair.drafter, str(settings["gate"]), cast(int, settings["cap"]), is_all)

    def command(self) -> MeasureThresholds:
        """The sweep that is chosen. Raises InputError where it is impossible."""
        own = self.sweep.values(SweepConfig)
        settings: dict[str, Setting] = self.form.values(SprinterConfig)
        settings.pop("threshold")  # a sweep has its own
        thresholds = numbers(str(own["thresholds"]), self.tr("threshold"), low=0.0)
        gammas = numbers(str(own["gammas"]), self.tr("draft length"), low=1.0, high=_MOST)
        if not thresholds or not gammas:
            raise InputError(self.tr("a sweep needs a threshold and a draft length"), self.tr("write 0.5, 0.9"))
        if any(gamma != int(gamma) for gamma in gammas):
            raise InputError(self.tr("a draft length is a whole number"), self.tr("write 1, 2, 4"))
        if self.pair().drafter in ("none", "lookup"):
            raise InputError(self.tr("a gate needs a drafter that is a model"), self.tr("choose another drafter"))
        make_config(SprinterConfig, settings)
        command = MeasureThresholds(
            thresholds,
            numbers(str(own["weights"]), self.tr("ensemble"), low=0.0),
            numbers(str(own["leniences"]), self.tr("lenience"), low=1e-3),
            tuple(map(int, gammas)), str(own["prompts"]).strip() or "builtin",
            cast(int, own["n_prompts"]), cast(int, own["n_questions"]), settings,
        )  # fmt: skip
        refuse_sweep(command)
        return command

    def why_not(self) -> str:
        """Why what is chosen cannot be measured; empty where it can."""
        try:
            self.command()
        except EngineError as err:
            return err.message
        return ""

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Show the models there are, and how those in memory are computed."""
        engine = self.store.engine
        if engine.surveyed is not None and engine.surveyed is not self._surveyed:
            self._surveyed = engine.surveyed
            self.models.show_survey(engine.surveyed)
        self.models.show_runtime(engine.model)
        if not self.isVisible() or self.store.busy or engine.model is None:
            return
        pair = self.models.pair()
        survey = Survey(pair.target, self.models.recent.specs, pair.device, pair.dtype)
        if survey != self._asked_survey and (self._surveyed is None or self._surveyed.target != pair.target):
            self._asked_survey = survey
            self.store.ask(survey)

    def save(self, settings: QSettings) -> None:
        """Save the choices."""
        self.form.save(settings, _GROUP)
        self.sweep.save(settings, f"{_GROUP}/sweep")
        pair = self.models.pair()
        for name, value in (("target", pair.target), ("drafter", pair.drafter), ("more", self.more.is_open)):
            settings.setValue(f"{_GROUP}/{name}", value)

    def restore(self, settings: QSettings) -> None:
        """Restore the saved choices; a pair given on the command line stays."""
        self.form.restore(settings, _GROUP)
        self.sweep.restore(settings, f"{_GROUP}/sweep")
        target, drafter = settings.value(f"{_GROUP}/target"), settings.value(f"{_GROUP}/drafter")
        if not self._named and isinstance(target, str) and isinstance(drafter, str) and target and drafter:
            self.models.choose(target, drafter)
        self.more.open(bool(settings.value(f"{_GROUP}/more", False, type=bool)))

    def _survey_again(self) -> None:
        self._surveyed = self._asked_survey = None
        self.draw((), self.store.summary)

    def _on_choice(self) -> None:
        changed = self.form.n_changed_in_rest + self.sweep.n_changed_in_rest + self.models.n_changed
        self.more.show_changes(changed)
        self.changed.emit()


def numbers(text: str, what: str, *, low: float, high: float = 1.0) -> tuple[float, ...]:
    """Read numbers such as `0.5, 0.9`, each once, ascending. Raises InputError for other words."""
    read = set()
    for word in filter(None, _SEPARATORS.split(text.strip())):
        number = read_number(word)
        if number is None or not low <= number <= high:
            raise InputError(
                tr("{0} {1} is not a number from {2:g} to {3:g}").format(what, word[:20], low, high), "0.5"
            )
        read.add(number)
    if len(read) > _MOST:
        raise InputError(tr("more numbers than {0}").format(_MOST), "0.5, 0.9")
    return tuple(sorted(read))
