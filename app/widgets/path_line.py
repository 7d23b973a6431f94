"""A line edit for a path, as wide as its column, with buttons below that choose one."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QCoreApplication, Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app import theme
from app.widgets.dropped_file import PathDrop
from app.widgets.elided_line_edit import ElidedLineEdit


class PathLine(QWidget):
    """`changed`: the path was changed."""

    changed = Signal()

    def __init__(self, name: str, tip: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.line = ElidedLineEdit(self)
        self.line.setProperty("role", "search")  # gives the line a frame that is visible in both schemes
        self.line.setAccessibleName(name)
        self.line.setToolTip(tip)
        self.line.setMinimumWidth(9 * theme.GRID)
        self.line.textChanged.connect(self.changed)
        PathDrop(self.line, self.setText)
        self.setAccessibleName(name)
        self._buttons = QHBoxLayout()
        self._buttons.setSpacing(theme.GRID)
        self._buttons.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.HALF)
        column.addWidget(self.line)
        column.addLayout(self._buttons)

    def text(self) -> str:
        """The path as entered."""
        return self.line.text()

    def setText(self, path: str) -> None:  # noqa: N802 (as of the line)
        """Set the path."""
        self.line.setText(path)

    def add_button(self, text: str, tip: str, *, file: bool = False) -> None:
        """Add a button that chooses a folder, or a file."""
        button = QPushButton(text, self)
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        button.clicked.connect(lambda: choose(self, tip, self.setText, file=file))
        self._buttons.insertWidget(self._buttons.count() - 1, button)


def choose(
    parent: QWidget, title: str, on_chosen: Callable[[str], None], *, file: bool = False, pattern: str = ""
) -> None:
    """Ask for a folder or file. pattern: the names that are offered, as Qt's dialogs write them; empty: all."""
    dialog = QFileDialog(parent, title, str(Path.home()))
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile if file else QFileDialog.FileMode.Directory)
    if pattern:
        dialog.setNameFilter(pattern)
    dialog.fileSelected.connect(on_chosen)
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()


def choose_gguf(parent: QWidget, on_chosen: Callable[[str], None]) -> None:
    """Ask for a GGUF file."""
    title = QCoreApplication.translate("path_line", "Choose a GGUF file")
    choose(parent, title, on_chosen, file=True, pattern="GGUF (*.gguf)")
