"""Panel of the settings of an answer: documents, models, retrieval, drafts and scores."""

from PySide6.QtCore import QSettings, Qt, Signal
from PySide6.QtWidgets import QWidget

from app.panels.documents import DocumentsPanel
from app.panels.setup import kept_pair
from app.panels.setup.pair_form import PairForm
from app.state.requests import NO_DRAFTER
from app.state.store import RunStore
from app.widgets import titled_column
from app.widgets.config_form import ConfigForm
from app.widgets.fold import FoldedRest
from app.widgets.opened_note import OpenedNote
from app.widgets.steady_box import SteadyBox
from app.workspaces.rag.answer_panel import AnswerPanel
from app.workspaces.rag.presets import preset_of, rag_presets
from engine import drafters
from engine.commands import Load
from engine.events import RunStarted, Setting
from engine.methods.speculative_rag.config import SpeculativeRagConfig
from engine.models import checkpoint_folder

_FIRST = ("n", "k", "m", "sampling", "conditioning", "retrieval", "baselines")
# The index has its own panel, and answers end with their line whatever the setting says.
_ELSEWHERE = ("index", "stop_at_end")
_DRAFTER = "builtin:rag"


class RagSetupPanel(AnswerPanel):
    """The left column of the RAG tab. `changed` is emitted when a choice changes."""

    changed = Signal()

    def __init__(self, store: RunStore, pair: Load, parent: QWidget | None = None, *, named: bool = False) -> None:
        super().__init__(store, parent)
        self._named = named or pair != Load()
        self._own_settings: dict[str, Setting] | None = None
        self._own_pair: Load | None = None
        self.opened = OpenedNote(
            self.tr("Settings and models of the opened answer."),
            self.tr("Give back the settings and models that were here before the answer was opened"),
            self,
        )
        self.opened.hide()
        self.opened.back_asked.connect(self._restore_own)
        self.documents = DocumentsPanel(store, self)
        self.models = PairForm(rag_pair(pair), self)
        self.preset = SteadyBox(self)
        self.preset.setAccessibleName(self.tr("Preset"))
        for preset in rag_presets():
            self.preset.addItem(preset.title, preset.name)
            self.preset.setItemData(self.preset.count() - 1, preset.meaning, Qt.ItemDataRole.ToolTipRole)
        self.preset.addItem(self.tr("custom"), "")
        self.preset.setToolTip(self.tr("Settings to begin with; custom once they are none of these."))
        self.preset.activated.connect(self._take_preset)
        rare = [name for name in SpeculativeRagConfig.__struct_fields__ if name not in _FIRST]
        self.form = ConfigForm(SpeculativeRagConfig, self, first=_FIRST, without=_ELSEWHERE, folded=rare)
        self.form.set_values(rag_presets()[0].values)
        self.form.add_above(self.tr("Preset"), self.preset)
        self.form.changed.connect(self._update_preset)
        self.more = FoldedRest(
            self.tr("More"),
            self.tr("How scores are made, sampling of tokens, the map, and where and how the models are computed"),
            (self.form.rest, self.models.computing),
            self,
        )
        for signal in (self.models.changed, self.form.changed):
            signal.connect(self._show_changes)
        for signal in (self.documents.changed, self.models.changed, self.form.changed):
            signal.connect(self.changed)
        self._lay_out()
        self.models.show_reason("")
        self._update_preset()

    def pair(self) -> Load:
        """Return the models that answer."""
        return self.models.pair()

    def settings(self) -> dict[str, Setting]:
        """Return the current settings of the method."""
        return {"index": self.documents.index(), **self.form.values(SpeculativeRagConfig)}

    def why_not(self) -> str:
        """Return why no question can be asked; empty where one can."""
        drafter = self.pair().drafter
        if drafter in (NO_DRAFTER, checkpoint_folder.BUILTIN_LONGSPEC) or drafters.needs_no_model(drafter):
            return self.tr("drafts need a drafter that is a model: choose one, for instance {0}").format(_DRAFTER)
        return ""

    def show_settings(self, started: RunStarted) -> None:
        """Show the settings and models of an opened answer; those before it can be restored."""
        if self.opened.isHidden():
            self._own_settings, self._own_pair = self.settings(), self.pair()
        self._apply(dict(started.settings))
        self._choose_models(started.target, started.drafter)
        self.opened.show()

    def show_answer(self) -> None:
        """Offer the models that the engine found."""
        self.models.take_survey(self.store.engine.surveyed)

    def save(self, settings: QSettings) -> None:
        """Save the choices."""
        self.form.save(settings, "rag")
        self.documents.save(settings)
        kept_pair.save(self._own_pair or self.pair(), settings, "rag")

    def restore(self, settings: QSettings) -> None:
        """Restore the saved choices."""
        self.form.restore(settings, "rag")
        self.documents.restore(settings)
        if not self._named and (pair := kept_pair.saved(settings, "rag")) is not None:
            self._choose_models(*pair)
        self._update_preset()

    def _apply(self, settings: dict[str, Setting]) -> None:
        self.form.set_values(settings)
        if isinstance(index := settings.get("index"), str) and index:
            self.documents.choose(index)

    def _choose_models(self, target: str, drafter: str) -> None:
        """Choose both models, and show what they are."""
        self.models.choose(target, drafter)
        self.models.show_reason("")

    def _restore_own(self) -> None:
        self.opened.hide()
        if self._own_settings is not None:
            self._apply(self._own_settings)
        if self._own_pair is not None:
            self._choose_models(self._own_pair.target, self._own_pair.drafter)
        self._own_settings = self._own_pair = None

    def _take_preset(self, row: int) -> None:
        name = self.preset.itemData(row)
        for preset in rag_presets():
            if preset.name == name:
                self.form.set_values(preset.values)
        self._update_preset()

    def _update_preset(self) -> None:
        preset = preset_of(self.form.values(SpeculativeRagConfig))
        self.preset.setCurrentIndex(self.preset.findData("" if preset is None else preset.name))

    def _show_changes(self) -> None:
        self.more.show_changes(self.form.n_changed_in_rest + self.models.n_changed)

    def _lay_out(self) -> None:
        titled_column.lay_out(
            self,
            (
                (self.tr("Documents"), (self.documents,)),
                (self.tr("Passages and drafts"), (self.form,)),
                (self.tr("Models"), (self.models, self.more)),
            ),
        )


def rag_pair(pair: Load) -> Load:
    """Return a pair for answers: the built-in target gets the drafter that was trained to draft answers."""
    drafter = _DRAFTER if pair.target == "builtin" else pair.drafter
    return Load(pair.target, drafter, pair.device, pair.drafter_device, pair.dtype, pair.runtime)
