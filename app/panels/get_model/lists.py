"""Two lists to choose a model from: pairs that fit each other, and what is in the cache."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMessageBox, QPushButton, QVBoxLayout, QWidget

from app import theme
from app.panels.get_model import words
from app.panels.get_model.downloads import ModelDownloads
from app.panels.get_model.row_table import RowTable
from app.widgets.labels import plain_label
from app.widgets.permission import allow
from app.words import quantities
from engine.events import CachedModel, OfferedModel, OfferedPair, PairsOffered


class PairsList(QWidget):
    """`wanted`: a model's id is to be looked up; `pair_wanted`: target and drafter are to be used together."""

    wanted = Signal(str)
    pair_wanted = Signal(str, str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._pairs: tuple[OfferedPair, ...] = ()
        self._offered: PairsOffered | None = None
        heads = [words.tr(head) for head in words.PAIR_HEADS]
        self.table = RowTable(heads, self.tr("Pairs that fit each other"), self)
        self.note = plain_label("", self, role="muted", wraps=True)
        self.target = _button(self.tr("Look up target"), lambda: self._want(lambda pair: pair.target), self)
        self.drafter = _button(self.tr("Look up drafter"), lambda: self._want(lambda pair: pair.drafter), self)
        self.use = _button(self.tr("Use this pair"), self._use, self)
        self.table.itemSelectionChanged.connect(self._allow)
        self.table.doubleClicked.connect(lambda _: self._want(_first_missing))
        _lay_out(self, self.table, self.note, (self.target, self.drafter, self.use))
        self._allow()

    def show_state(self, state: ModelDownloads) -> None:
        """Show what the engine offers."""
        if state.offered is None:
            self.note.setText(self.tr("The engine is looking at what fits here…"))
            return
        self._pairs = state.offered.pairs
        self.table.show_rows(words.pair_rows(self._pairs))
        self._offered = state.offered
        self._allow()

    @property
    def _pair(self) -> OfferedPair | None:
        row = self.table.chosen
        return None if row is None or row >= len(self._pairs) else self._pairs[row]

    def _want(self, part: Callable[[OfferedPair], OfferedModel]) -> None:
        if (pair := self._pair) is not None:
            self.wanted.emit(part(pair).spec)

    def _use(self) -> None:
        if (pair := self._pair) is not None:
            self.pair_wanted.emit(pair.target.spec, pair.drafter.spec)

    def _allow(self) -> None:
        pair = self._pair
        if self._offered is not None:
            self.note.setText(words.pairs_note(self._offered, pair))
        why_not = "" if pair is not None else self.tr("choose a pair first")
        allow(self.target, why_not, self.tr("Ask the hub what downloading the target would bring"))
        allow(self.drafter, why_not, self.tr("Ask the hub what downloading the drafter would bring"))
        if pair is not None and pair.missing_bytes:
            why_not = self.tr("{0} are not downloaded yet").format(quantities.size(pair.missing_bytes))
        allow(self.use, why_not, self.tr("Choose target and drafter in Decode's setup"))


class CachedList(QWidget):
    """`remove_wanted`: a model is to be removed, and the user has agreed; `use_wanted`: a SPEC and its role."""

    remove_wanted = Signal(str)
    use_wanted = Signal(str, str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._models: tuple[CachedModel, ...] = ()
        self._folder = ""
        self._may_start = ""
        self.question: QMessageBox | None = None
        heads = [words.tr(head) for head in words.MODEL_HEADS]
        self.table = RowTable(heads, self.tr("Models in the cache"), self)
        self.note = plain_label("", self, role="muted", wraps=True)
        self.target = _button(self.tr("Use as target"), lambda: self._use("target"), self)
        self.drafter = _button(self.tr("Use as drafter"), lambda: self._use("drafter"), self)
        self.remove = _button(self.tr("Remove…"), self._ask, self)
        self.table.itemSelectionChanged.connect(self._allow)
        _lay_out(self, self.table, self.note, (self.target, self.drafter, self.remove))
        self._allow()

    def show_state(self, state: ModelDownloads, may_start: str) -> None:
        """Show what the engine lists. may_start: why nothing can be started, empty where something can."""
        self._may_start = may_start
        if state.listed is None:
            self.note.setText(self.tr("The engine is reading the cache…"))
            return
        self._models = (*state.listed.models, *state.listed.conversions)
        self._folder = state.listed.folder
        self.table.show_rows(words.model_rows(self._models))
        self.note.setText(words.cache_note(state.listed))
        self._allow()

    @property
    def _model(self) -> CachedModel | None:
        row = self.table.chosen
        return None if row is None or row >= len(self._models) else self._models[row]

    def _use(self, role: str) -> None:
        if (model := self._model) is not None:
            self.use_wanted.emit(model.spec, role)

    def _ask(self) -> None:
        """Ask before a model is removed, and say what that frees and whom it concerns."""
        if (model := self._model) is None:
            return
        self.question = box = QMessageBox(self)
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setWindowTitle(self.tr("Remove a model"))
        box.setText(words.removal(model, self._folder))
        agreed = box.addButton(self.tr("Remove"), QMessageBox.ButtonRole.DestructiveRole)
        box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
        agreed.clicked.connect(lambda: self.remove_wanted.emit(model.repo))
        box.finished.connect(box.deleteLater)
        box.open()

    def _allow(self) -> None:
        model = self._model
        why_not = "" if model is not None else self.tr("choose a model first")
        allow(self.remove, why_not or self._may_start, self.tr("Remove the model from the cache, after asking"))
        if model is not None:
            why_not = model.why_not
        allow(self.target, why_not, self.tr("Choose it as the target in Decode's setup"))
        allow(self.drafter, why_not, self.tr("Choose it as the drafter in Decode's setup"))


def _first_missing(pair: OfferedPair) -> OfferedModel:
    """The target, or the drafter if the target is cached."""
    return pair.drafter if pair.target.cached else pair.target


def _button(text: str, slot: Callable[[], None], parent: QWidget) -> QPushButton:
    button = QPushButton(text, parent)
    button.setAutoDefault(False)
    button.clicked.connect(lambda _checked=False: slot())
    return button


def _lay_out(page: QWidget, table: RowTable, note: QLabel, buttons: Sequence[QPushButton]) -> None:
    row = QHBoxLayout()
    row.setSpacing(theme.GRID)
    row.addWidget(note, 1)
    for button in buttons:
        row.addWidget(button)
    column = QVBoxLayout(page)
    column.setContentsMargins(0, theme.GRID, 0, 0)
    column.setSpacing(theme.GRID)
    column.addWidget(table, 1)
    column.addLayout(row)
