"""Panel of the settings of an answer: documents, method with k, m and n, demonstrations, models."""

from collections.abc import Sequence

import msgspec
from PySide6.QtCore import QSettings, Signal
from PySide6.QtWidgets import QWidget

from app.panel import Panel
from app.panels.documents import DocumentsPanel
from app.panels.setup import kept_pair
from app.panels.setup.method_box import MethodBox
from app.panels.setup.pair_form import PairForm
from app.state.store import RunStore
from app.widgets import titled_column
from app.widgets.config_form import ConfigForm
from app.widgets.fold import FoldedRest
from app.widgets.opened_note import OpenedNote
from app.workspaces.scaling.sweeping import SweepProgress
from engine.commands import Load
from engine.events import Allocation, Event, RunStarted, Setting
from engine.methods.drag.config import DragConfig
from engine.methods.escalating.config import EscalatingConfig
from engine.methods.iterdrag.config import IterDragConfig
from engine.runs.summary import Summary

_FIRST = (
    "k",
    "m",
    "n",
    "escalate_below",
    "quality",
    "first",
    "budget",
    "pick",
    "pool",
    "retrieval",
    "stop_above",
    "variant",
    "baselines",
)
# The index has its own panel, the budget its bar, and answers end with their line whatever the setting says.
_ELSEWHERE = ("index", "stop_at_end", "budget")
_FIRST_METHOD = "iterdrag"


class ScalingSetupPanel(Panel):
    """`changed` is emitted when a choice changes."""

    changed = Signal()
    every_ms = 100

    def __init__(self, store: RunStore, pair: Load, parent: QWidget | None = None, *, named: bool = False) -> None:
        super().__init__(store, parent)
        self._named = named or pair != Load()
        self._own: tuple[str, dict[str, Setting], Load] | None = None
        self.opened = OpenedNote(
            self.tr("Settings and models of the opened answer."),
            self.tr("Give back the settings and models that were here before the answer was opened"),
            self,
        )
        self.opened.hide()
        self.opened.back_asked.connect(self._restore_own)
        self.documents = DocumentsPanel(store, self, group="scaling")
        self.method = MethodBox("scaling", self)
        self.method.choose(_FIRST_METHOD)
        self.models = PairForm(pair, self)
        kinds = (IterDragConfig, DragConfig, EscalatingConfig)
        rare = [name for name in IterDragConfig.__struct_fields__ if name not in _FIRST]
        self.form = ConfigForm(kinds, self, first=_FIRST, without=_ELSEWHERE, folded=rare)
        self.more = FoldedRest(
            self.tr("More"),
            self.tr("Sampling of tokens, drafting, and where and how the models are computed"),
            (self.form.rest, self.models.computing),
            self,
        )
        for signal in (self.models.changed, self.form.changed):
            signal.connect(self._show_changes)
        self.method.chosen.connect(self._on_method)
        for signal in (self.documents.changed, self.models.changed, self.form.changed):
            signal.connect(self.changed)
        self._lay_out()
        self.models.show_reason("")
        self._limit()

    @property
    def config(self) -> type[msgspec.Struct]:
        """The settings of the chosen method."""
        return self.method.method.config

    def pair(self) -> Load:
        """Return the models that answer."""
        return self.models.pair()

    def settings(self) -> dict[str, Setting]:
        """Return the settings of the chosen method, with the budget where it has one."""
        own: dict[str, Setting] = {"index": self.documents.index(), **self.form.values(self.config)}
        if "budget" in self.config.__struct_fields__:
            own["budget"] = self.store.tab(SweepProgress).budget
        return own

    def sweep_settings(self) -> dict[str, Setting]:
        """Return the settings that a sweep begins with, whatever method is chosen."""
        return {"index": self.documents.index(), **self.form.values(IterDragConfig)}

    def use(self, allocation: Allocation) -> None:
        """Choose documents, demonstrations and iterations, and the method that has them."""
        self.method.choose("iterdrag" if allocation.n > 1 else "drag")
        self._limit()
        self.form.set_values({"k": allocation.k, "m": allocation.m, "n": allocation.n})
        self.changed.emit()

    def escalate(self, threshold: float, score: str) -> None:
        """Choose to go from small to large below a threshold of a score."""
        self.method.choose("escalating")
        self._limit()
        self.form.set_values({"escalate_below": threshold, "quality": score})
        self.changed.emit()

    def show_settings(self, started: RunStarted) -> None:
        """Show the settings and models of an opened answer; those before it can be restored."""
        if self.opened.isHidden():
            self._own = self.method.method.name, self.settings(), self.pair()
        self._apply(started.method, dict(started.settings))
        self.models.choose(started.target, started.drafter)
        self.models.show_reason("")
        self.opened.show()

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Offer the models that the engine found."""
        self.models.take_survey(self.store.engine.surveyed)

    def save(self, settings: QSettings) -> None:
        """Save the choices."""
        self.form.save(settings, "scaling")
        self.documents.save(settings)
        method, _, pair = self._own or (self.method.method.name, {}, self.pair())
        settings.setValue("scaling/method", method)
        kept_pair.save(pair, settings, "scaling")

    def restore(self, settings: QSettings) -> None:
        """Restore the saved choices."""
        self.form.restore(settings, "scaling")
        self.documents.restore(settings)
        self.method.choose(str(settings.value("scaling/method", _FIRST_METHOD)))
        if not self._named and (pair := kept_pair.saved(settings, "scaling")) is not None:
            self.models.choose(*pair)
            self.models.show_reason("")
        self._limit()

    def _apply(self, method: str, settings: dict[str, Setting]) -> None:
        self.method.choose(method)
        self._limit()
        self.form.set_values(settings)
        if isinstance(index := settings.get("index"), str) and index:
            self.documents.choose(index)

    def _restore_own(self) -> None:
        self.opened.hide()
        if self._own is not None:
            method, settings, pair = self._own
            self._apply(method, settings)
            self.models.choose(pair.target, pair.drafter)
            self.models.show_reason("")
        self._own = None

    def _on_method(self) -> None:
        self._limit()
        self.changed.emit()

    def _limit(self) -> None:
        self.form.limit_to(self.config)

    def _show_changes(self) -> None:
        self.more.show_changes(self.form.n_changed_in_rest + self.models.n_changed)

    def _lay_out(self) -> None:
        titled_column.lay_out(
            self,
            (
                (self.tr("Documents"), (self.documents,)),
                (self.tr("Method"), (self.method, self.form)),
                (self.tr("Models"), (self.models, self.more)),
            ),
        )
