"""The settings of a gate in the making: the rows that are collected, where they lie, and what the gate learns."""

from collections.abc import Mapping
from typing import Annotated, cast

from msgspec import Meta, Struct
from PySide6.QtCore import QSettings, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app import theme
from app.text.plain_text import path_line
from app.widgets.config_form import ConfigForm
from app.widgets.focus import tab_through
from app.widgets.fold import FoldedRest
from app.widgets.labels import plain_label
from app.widgets.path_line import PathLine
from app.workspaces.approximate.gate_words import tr
from engine.commands import CollectGateRows, Load, TrainGate
from engine.errors import EngineError, InputError
from engine.events import Setting
from engine.machine import paths
from engine.settings import GenerationConfig, make_config
from engine.training.gate_config import GateTrainingConfig

_DEFAULTS = CollectGateRows("")
_SAMPLING = ("temperature", "top_k", "top_p", "seed")
_FOLDED = ("hidden", "rate", "batch", "held_out", "seed")
_LONGEST = 60


class RowsConfig(Struct, frozen=True):
    """Which tokens are labelled."""

    prompts: Annotated[
        str, Meta(title="Texts", description="builtin, builtin:TASK, english, or a file of prompts; each is a document")
    ] = _DEFAULTS.prompts
    n_prompts: Annotated[
        int, Meta(ge=1, le=1_000_000, title="Documents", description="texts to draft along; at most this many")
    ] = _DEFAULTS.n_prompts
    n_new: Annotated[
        int, Meta(ge=1, le=4096, title="Tokens each", description="drafted tokens to label along each document")
    ] = _DEFAULTS.n_new


class GateForm(QWidget):
    """`changed`: something else is chosen."""

    changed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.rows = ConfigForm(RowsConfig, self)
        self.training = ConfigForm(GateTrainingConfig, self, folded=_FOLDED)
        self.training.set_values({"label": "greedy"})  # runs here are greedy unless a temperature is chosen
        self.rows_folder = self._folder(
            tr("Folder of the rows"),
            tr("Where labelled tokens are kept; a collection that was stopped continues there."),
        )
        self.gate_folder = self._folder(tr("Folder of the gate"), tr("Where the gate is written."))
        self.more = FoldedRest(
            tr("More"), tr("Hidden layer, learning rate, split and seed of the training, and the folders"),
            (self.training.rest, self.rows_folder, self.gate_folder), self,
        )  # fmt: skip
        for signal in (self.rows.changed, self.training.changed, self.rows_folder.changed, self.gate_folder.changed):
            signal.connect(self._on_choice)
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * theme.GRID, theme.GRID, theme.GRID, theme.GRID)
        column.setSpacing(theme.GRID)
        for title, *contents in ((tr("Rows"), self.rows), (tr("Training"), self.training, self.more)):
            column.addWidget(plain_label(title, self, role="title"))
            for content in contents:
                column.addWidget(content)
        column.addStretch(1)
        tab_through(column)

    def collection(self, pair: Load, sampling: Mapping[str, Setting]) -> CollectGateRows:
        """The rows that are chosen. sampling: as the pair will decode. Raises InputError where it is impossible."""
        own, drawn = self.rows.values(RowsConfig), {name: sampling[name] for name in _SAMPLING if name in sampling}
        if pair.drafter in ("none", "lookup"):
            raise InputError(tr("a gate needs a drafter that is a model"), tr("choose another drafter"))
        make_config(GenerationConfig, drawn)
        return CollectGateRows(
            self.rows_of(pair), str(own["prompts"]).strip() or _DEFAULTS.prompts, cast(int, own["n_prompts"]),
            cast(int, own["n_new"]), drawn,
        )  # fmt: skip

    def training_of(self, pair: Load) -> TrainGate:
        """The training that is chosen. Raises InputError where it is impossible."""
        settings = self.training.values(GateTrainingConfig)
        make_config(GateTrainingConfig, settings)
        own = self.gate_folder.text().strip()
        return TrainGate(self.rows_of(pair), own or str(paths.own_gate(pair.target, pair.drafter)), settings)

    def rows_of(self, pair: Load) -> str:
        """The folder of the rows of a pair."""
        return self.rows_folder.text().strip() or str(paths.own_gate_rows(pair.target, pair.drafter))

    def why_not(self, pair: Load, sampling: Mapping[str, Setting]) -> str:
        """Why what is chosen cannot be collected or trained; empty where it can."""
        try:
            self.collection(pair, sampling)
            self.training_of(pair)
        except EngineError as err:
            return err.message
        return ""

    def show_places(self, pair: Load) -> None:
        """Show where rows and gate of a pair lie unless other folders are named."""
        for line, path in (
            (self.rows_folder, paths.own_gate_rows(pair.target, pair.drafter)),
            (self.gate_folder, paths.own_gate(pair.target, pair.drafter)),
        ):
            line.line.setPlaceholderText(path_line(str(path), longest=_LONGEST))

    def save(self, settings: QSettings, group: str) -> None:
        """Save the choices."""
        self.rows.save(settings, f"{group}/rows")
        self.training.save(settings, f"{group}/training")
        for name, value in (
            ("rows_folder", self.rows_folder.text()), ("gate_folder", self.gate_folder.text()),
            ("more", self.more.is_open),
        ):  # fmt: skip
            settings.setValue(f"{group}/{name}", value)

    def restore(self, settings: QSettings, group: str) -> None:
        """Restore the saved choices."""
        self.rows.restore(settings, f"{group}/rows")
        self.training.restore(settings, f"{group}/training")
        for name, line in (("rows_folder", self.rows_folder), ("gate_folder", self.gate_folder)):
            line.setText(str(settings.value(f"{group}/{name}", "") or ""))
        self.more.open(bool(settings.value(f"{group}/more", False, type=bool)))

    def _folder(self, name: str, tip: str) -> PathLine:
        line = PathLine(name, f"{name}. {tip}", self)
        line.add_button(tr("Choose…"), tr("Choose: {0}").format(name.lower()))
        return line

    def _on_choice(self) -> None:
        named = bool(self.rows_folder.text().strip()) + bool(self.gate_folder.text().strip())
        self.more.show_changes(self.training.n_changed_in_rest + named)
        self.changed.emit()
