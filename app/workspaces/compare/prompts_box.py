"""Box to choose the set of prompts: the built-in and the English sets by task, or a file by dialog or drag and drop."""

from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from app import theme
from app.text.plain_text import one_line, plain_tip
from app.widgets.steady_box import SteadyBox
from engine.experiments.prompt_sets import BUILTIN_SETS, ENGLISH, ENGLISH_TASKS

_ALL, _FILE = "builtin", ""
_MOST_FILES = 4
_SHOWN_CHARS = 12


class PromptSetBox(SteadyBox):
    """`changed`: another set is chosen; `file_chosen`: a file, which is worth reading."""

    changed = Signal()
    file_chosen = Signal(Path)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setMinimumContentsLength(_SHOWN_CHARS)
        self.setAccessibleName(self.tr("Prompts"))
        self._tip = self.tr(
            "The set of prompts: of the built-in world or of everyday English, by task, or a file: text with a prompt a"
            " line, JSON Lines, Spec-Bench or SPEED-Bench. Files can be dropped anywhere on the window."
        )
        self.setToolTip(self._tip)
        self._spec = _ALL
        self.addItem(self.tr("all tasks"), _ALL)
        for task, meaning in BUILTIN_SETS.items():
            self.addItem(task.replace("_", " "), f"{_ALL}:{task}")
            self.setItemData(self.count() - 1, meaning, Qt.ItemDataRole.ToolTipRole)
        self._add_english()
        self._n_shipped = self.count()
        self.insertSeparator(self.count())
        self.addItem(self.tr("File…"), _FILE)
        self.activated.connect(self._on_activated)
        self.setMinimumWidth(0)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """Room for the shortest of the names."""
        return QSize(self.fontMetrics().horizontalAdvance(self.itemText(0)) + 5 * theme.GRID, self.sizeHint().height())

    def spec(self) -> str:
        """The chosen set as a command names it."""
        return self._spec

    def set_name(self) -> str:
        """The chosen set in words."""
        return self.itemText(self.findData(self._spec)) if self._is_builtin else one_line(Path(self._spec).name)

    @property
    def _is_builtin(self) -> bool:
        return _is_shipped(self._spec)

    def choose(self, spec: str) -> None:
        """Choose a set; a file is added to the list."""
        at = self.findData(spec) if spec else -1
        if at < 0:
            if not spec or _is_shipped(spec):
                return
            at = self._add_file(Path(spec))
        self.setCurrentIndex(at)
        if spec != self._spec:
            self._spec = spec
            self.setToolTip(self._tip if self._is_builtin else plain_tip(f"{one_line(spec)}\n{self._tip}"))
            self.changed.emit()

    def choose_file(self, path: Path) -> None:
        """Choose a file and say so, for it to be read."""
        self.choose(str(path))
        self.file_chosen.emit(path)

    def _add_english(self) -> None:
        self.insertSeparator(self.count())
        tip = self.tr("Short texts of everyday English, which a model of your own can continue")
        for task in ("", *ENGLISH_TASKS):
            name = self.tr("English: {0}").format(task or self.tr("all tasks"))
            self.addItem(name, f"{ENGLISH}:{task}" if task else ENGLISH)
            self.setItemData(self.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)

    def _add_file(self, path: Path) -> int:
        at = self._n_shipped
        self.insertItem(at, one_line(path.name), str(path))
        self.setItemData(at, plain_tip(one_line(str(path))), Qt.ItemDataRole.ToolTipRole)
        while self.count() > at + _MOST_FILES + 2:
            self.removeItem(at + _MOST_FILES)
        return at

    def _on_activated(self, index: int) -> None:
        spec = str(self.itemData(index))
        if spec != _FILE:
            self.choose(spec)
            return
        self.setCurrentIndex(self.findData(self._spec))
        title, kinds = self.tr("Choose a file of prompts"), "*.txt *.jsonl *.json *.parquet;;*"
        dialog = QFileDialog(self, title, str(Path.home()), kinds)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(lambda path: self.choose_file(Path(path)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()


def _is_shipped(spec: str) -> bool:
    """Whether a set comes with Draftscope, so that it is no file."""
    return spec.partition(":")[0] in (_ALL, ENGLISH)
