"""Button with a list of drafters to check; those that cannot serve the target are grey and say why."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QListWidget, QListWidgetItem, QPushButton, QWidget

from app import theme
from app.text.plain_text import one_line, plain_tip
from app.widgets import path_line
from app.widgets.model_picker import ModelChoice
from app.widgets.popup_button import PopupButton
from app.words import quantities, runs
from app.words.model_names import drafter_name, is_builtin
from engine import drafters
from engine.events import ModelOption, Surveyed
from engine.models import checkpoint_folder

_SPEC = Qt.ItemDataRole.UserRole
_WIDTH, _HEIGHT = 56 * theme.GRID, 44 * theme.GRID
_FIRST_CHECKED = ("builtin", "builtin:small", "lookup")


class DraftersBox(PopupButton):
    """`changed`: others are checked. A drafter that cannot serve keeps its check for when it can again."""

    changed = Signal()

    def __init__(self, parent: QWidget, *, first: Sequence[str] = _FIRST_CHECKED, tip: str = "") -> None:
        """first: those that are checked at first; tip: what is done with them."""
        tip = tip or self.tr("The drafters to compare; each is measured at every draft length")
        super().__init__("", tip, parent)
        self.setAccessibleName(self.tr("Drafters"))
        self._target = "builtin"
        self._surveyed: Surveyed | None = None
        self._checked: dict[str, None] = dict.fromkeys(first)
        self._folders: tuple[str, ...] = tuple(spec for spec in first if spec not in _FIRST_CHECKED)
        self.choices: tuple[ModelChoice, ...] = ()
        self.list = QListWidget(self.sheet)
        self.list.setAccessibleName(self.tr("Drafters to compare"))
        self.list.setFixedSize(_WIDTH, _HEIGHT)
        self.list.setWordWrap(True)
        self.list.setSpacing(theme.HALF // 2)
        self.list.itemChanged.connect(self._on_checked)
        self.folder = QPushButton(self.tr("Add a folder…"), self.sheet)
        self.folder.setToolTip(self.tr("Choose a folder with the checkpoint of a drafter"))
        self.folder.clicked.connect(lambda: path_line.choose(self, self.tr("Choose a drafter folder"), self.add))
        self.file = QPushButton(self.tr("Add a GGUF file…"), self.sheet)
        self.file.setToolTip(self.tr("Choose a GGUF file with a drafter; it is converted once"))
        self.file.clicked.connect(lambda: path_line.choose_gguf(self, self.add))
        self.sheet.column.addWidget(self.list)
        buttons = QHBoxLayout()
        buttons.addWidget(self.folder)
        buttons.addWidget(self.file)
        buttons.addStretch(1)
        self.sheet.column.addLayout(buttons)
        self._fill()

    def specs(self) -> tuple[str, ...]:
        """The checked drafters that can serve, in the order of the list."""
        return tuple(choice.spec for choice in self.choices if not choice.why_not and choice.spec in self._checked)

    def checked(self) -> tuple[str, ...]:
        """Every checked drafter, also those that cannot serve this target."""
        return tuple(self._checked)

    def check(self, specs: Iterable[str]) -> None:
        """Check these and no others."""
        self._checked = dict.fromkeys(specs)
        unknown = [spec for spec in self._checked if spec not in {choice.spec for choice in self.choices}]
        self._folders = tuple(dict.fromkeys((*self._folders, *unknown)))
        self._fill()
        self.changed.emit()

    def add(self, folder: str) -> None:
        """Add a drafter to the list, checked."""
        self.check((*self._checked, folder))

    def show_models(self, target: str, surveyed: Surveyed | None) -> None:
        """Offer the drafters for a target, with the engine's reasons once it has listed them."""
        if (target, surveyed) != (self._target, self._surveyed):
            self._target, self._surveyed = target, surveyed
            self._fill()
            self.changed.emit()

    def _options(self) -> list[ModelOption]:
        surveyed = self._surveyed
        if surveyed is None or surveyed.target != self._target:
            return []
        return [option for option in surveyed.options if option.role == "drafter"]

    def _choices(self) -> tuple[ModelChoice, ...]:
        """Built-in drafters, those without a model, folders, and what the engine lists."""
        options = {option.spec: option for option in self._options()}
        free = {offer.spec: offer for offer in drafters.offered()}
        specs = (*checkpoint_folder.BUILTIN_DRAFTERS, *free, *self._folders, *options)
        return tuple(
            ModelChoice(spec, spec, "", free[spec].help)
            if spec in free
            else self._model_choice(options.get(spec) or ModelOption(spec, Path(spec).name, 0, "drafter"))
            for spec in dict.fromkeys(specs)
        )

    def _model_choice(self, option: ModelOption) -> ModelChoice:
        builtin = is_builtin(option.spec)
        title = drafter_name(option.spec) or option.title or option.spec
        size = self.tr("{0} on disk").format(quantities.memory(option.n_bytes)) if option.n_bytes else ""
        why_not = option.why_not
        if builtin and not why_not and self._target != "builtin" and option.drafts_through == "ids":
            why_not = self.tr("follows the built-in target only")
        note = runs.through_text() if option.drafts_through == "text" else "" if builtin else option.spec
        return ModelChoice(option.spec, title, size, note, why_not)

    def _fill(self) -> None:
        """List the drafters anew; a list that has not changed keeps its items."""
        choices = self._choices()
        if choices != self.choices:
            self.choices = choices
            self.list.clear()
            for choice in choices:
                self.list.addItem(_item(choice, self.tr("why not: {0}")))
        self._show_checks()

    def _show_checks(self) -> None:
        for row, choice in enumerate(self.choices):
            state = choice.spec in self._checked and not choice.why_not
            self.list.item(row).setCheckState(Qt.CheckState.Checked if state else Qt.CheckState.Unchecked)
        n = len(self.specs())
        self.show_text(quantities.counted(n, self.tr("{0} drafter"), self.tr("{0} drafters")).format(n))

    def _on_checked(self, item: QListWidgetItem) -> None:
        spec, checked = str(item.data(_SPEC)), item.checkState() == Qt.CheckState.Checked
        possible = bool(item.flags() & Qt.ItemFlag.ItemIsEnabled)
        if not possible or checked == (spec in self._checked):
            return
        if checked:
            self._checked[spec] = None
        else:
            del self._checked[spec]
        self._show_checks()
        self.changed.emit()


def _item(choice: ModelChoice, why_not: str) -> QListWidgetItem:
    note = why_not.format(one_line(choice.why_not)) if choice.why_not else one_line(choice.note)
    title = ", ".join(filter(None, (one_line(choice.title), choice.detail)))
    item = QListWidgetItem("\n".join(filter(None, (title, note))))
    item.setData(_SPEC, choice.spec)
    item.setToolTip(plain_tip(f"{one_line(choice.spec)}\n{note}"))
    flags = Qt.ItemFlag.ItemIsUserCheckable | Qt.ItemFlag.ItemIsSelectable
    item.setFlags(flags if choice.why_not else flags | Qt.ItemFlag.ItemIsEnabled)
    return item
