"""The list of keyboard shortcuts: those of every menu, and the keys that panels know, in a table one can search."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QDialog, QHeaderView, QLineEdit, QTableWidgetItem, QVBoxLayout, QWidget

from app import theme
from app.widgets.tables import FigureTable

_SIZE = (64 * theme.GRID, 76 * theme.GRID)


class Shortcut(NamedTuple):
    """Where it works, what it does, and its keys as the system writes them."""

    place: str
    words: str
    keys: str


def tr(words: str) -> str:
    """Translate a text of the list."""
    return QCoreApplication.translate("shortcuts", words)


def of_actions(place: str, actions: Iterable[QAction]) -> tuple[Shortcut, ...]:
    """The shortcuts of the actions that have some."""
    return tuple(
        Shortcut(place, action.text().replace("&", "").rstrip("…"), _keys(action.shortcuts()))
        for action in actions
        if action.shortcuts()
    )


def of_panels() -> tuple[Shortcut, ...]:
    """Keys that work while a panel has the focus and that no menu lists."""
    text, table, stage = tr("Text of a run"), tr("Tables"), tr("Presentation")
    return (
        Shortcut(text, tr("Walk through the tokens"), "← →"),
        Shortcut(text, tr("Walk through the lines"), "↑ ↓"),
        Shortcut(text, tr("Beginning and end"), "Home, End"),
        Shortcut(text, tr("A page up or down"), "Page Up, Page Down"),
        Shortcut(text, tr("Search: begin to type"), "A … Z"),
        Shortcut(text, tr("X-ray of the acceptance probabilities"), "X"),
        Shortcut(text, tr("Larger or smaller text"), tr("Ctrl and the wheel")),
        Shortcut(text, tr("Close the card or the search"), "Esc"),
        Shortcut(table, tr("Copy the selected rows"), "Ctrl+C"),
        Shortcut(table, tr("Sort by the column of the cursor"), "Ctrl+T"),
        Shortcut(table, tr("Open what is selected"), "Enter"),
        Shortcut(stage, tr("Start or hold"), "Space"),
        Shortcut(stage, tr("From the beginning"), "R"),
        Shortcut(stage, tr("Faster or slower"), "+ −"),
        Shortcut(stage, tr("List of its keys"), "H"),
    )


def _keys(sequences: Sequence[QKeySequence]) -> str:
    return ", ".join(keys.toString(QKeySequence.SequenceFormat.NativeText) for keys in sequences)


class ShortcutsDialog(QDialog):
    """A non-modal window; typing filters the list, Escape closes it."""

    def __init__(self, shortcuts: Sequence[Shortcut], parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Keyboard shortcuts"))
        self.search = QLineEdit(self)
        self.search.setProperty("role", "search")
        self.search.setPlaceholderText(self.tr("Search keys and what they do"))
        self.search.setClearButtonEnabled(True)
        self.search.setAccessibleName(self.tr("Search shortcuts"))
        self.search.textChanged.connect(self._filter)
        self.table = FigureTable(len(shortcuts), 3, self, padding=theme.GRID)
        self.table.setHorizontalHeaderLabels([self.tr("where"), self.tr("what it does"), self.tr("keys")])
        self.table.setAccessibleName(self.windowTitle())
        self.table.setSelectionBehavior(FigureTable.SelectionBehavior.SelectRows)
        for row, shortcut in enumerate(shortcuts):
            for column, text in enumerate(shortcut):
                self.table.setItem(row, column, QTableWidgetItem(text))
        header = self.table.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2 * theme.GRID, 2 * theme.GRID, 2 * theme.GRID, 2 * theme.GRID)
        layout.setSpacing(theme.GRID)
        layout.addWidget(self.search)
        layout.addWidget(self.table, 1)
        self.resize(*_SIZE)

    def show_beside(self) -> None:
        """Show the window, or bring it to the front."""
        self.show()
        self.raise_()
        self.activateWindow()
        self.search.setFocus()

    def _filter(self, text: str) -> None:
        wanted = text.casefold().split()
        for row in range(self.table.rowCount()):
            cells = (self.table.item(row, column) for column in range(self.table.columnCount()))
            words = " ".join(cell.text() for cell in cells if cell is not None).casefold()
            self.table.setRowHidden(row, not all(word in words for word in wanted))
