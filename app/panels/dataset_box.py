"""Box to choose a set of questions with known answers: the built-in world's, or a file of the user's own."""

from pathlib import Path

from PySide6.QtCore import QSettings, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from app import theme
from app.text.plain_text import one_line, plain_tip
from app.widgets.file_dialogs import ask_open
from app.widgets.steady_box import SteadyBox

BUILTIN = "builtin"
_MOST_RECENT = 8


class DatasetBox(QWidget):
    """`changed` is emitted when another set is chosen."""

    changed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.box = SteadyBox(self)
        self.box.setAccessibleName(self.tr("Questions to ask"))
        self.box.setToolTip(self.tr("A fresh built-in world of the seed with its documents, or a file."))
        self.box.addItem(self.tr("built-in world"), BUILTIN)
        self.box.currentIndexChanged.connect(lambda _row: self.changed.emit())
        self.file = QPushButton(self.tr("File…"), self)
        self.file.setToolTip(
            self.tr("A .jsonl file in the layout of TriviaQA, PopQA, MuSiQue, PubHealth, ARC-Challenge or your own")
        )
        self.file.clicked.connect(self._ask_file)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.GRID)
        row.addWidget(self.box, 1)
        row.addWidget(self.file)

    def dataset(self) -> str:
        """Return the chosen set."""
        return str(self.box.currentData())

    @property
    def is_builtin(self) -> bool:
        """Whether the built-in world is chosen, which brings its own documents."""
        return self.dataset() == BUILTIN

    def choose(self, dataset: str) -> None:
        """Choose a set of questions."""
        if (at := self.box.findData(dataset)) < 0:
            self.box.insertItem(1, one_line(Path(dataset).name), dataset)
            self.box.setItemData(1, plain_tip(one_line(dataset)), Qt.ItemDataRole.ToolTipRole)
            at = 1
            while self.box.count() > _MOST_RECENT + 1:
                self.box.removeItem(self.box.count() - 1)
        self.box.setCurrentIndex(at)

    def save(self, settings: QSettings, key: str) -> None:
        """Save the choice."""
        settings.setValue(key, self.dataset())

    def restore(self, settings: QSettings, key: str) -> None:
        """Restore the saved choice, except a file that no longer exists."""
        chosen = settings.value(key, BUILTIN)
        if isinstance(chosen, str) and Path(chosen).is_file():
            self.choose(chosen)

    def _ask_file(self) -> None:
        ask_open(self, self.tr("Choose a file of questions"), Path.home(), lambda path: self.choose(str(path)))
