"""The dialog Open (Ctrl+O): every kept run by what it was, with a search, and a way to any other file."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QAbstractItemView, QDialog, QDialogButtonBox, QVBoxLayout, QWidget

from app import theme
from app.widgets import file_dialogs
from app.widgets.labels import plain_label
from app.words.hints import in_window
from app.workspaces.runs.library import RunLibrary
from app.workspaces.runs.search_bar import RunSearchBar
from app.workspaces.runs.table import RunTable

_SIZE = (112 * theme.GRID, 72 * theme.GRID)


class OpenDialog(QDialog):
    """`opened`: the file of a run, or any other, is to be opened. library: of the runs, which the dialog owns."""

    opened = Signal(object)

    def __init__(self, library: RunLibrary, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Open"))
        self._library = library
        self._to_open: str | None = None
        library.setParent(self)
        self.bar = RunSearchBar(library, self)
        self.table = RunTable(library, self)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.empty = plain_label("", self, role="muted", wraps=True)
        self.buttons = QDialogButtonBox(self)
        self.open_button = self.buttons.addButton(self.tr("Open"), QDialogButtonBox.ButtonRole.AcceptRole)
        self.other = self.buttons.addButton(self.tr("Another file…"), QDialogButtonBox.ButtonRole.ActionRole)
        self.other.setToolTip(
            self.tr("A trace, a training log, a measurement, prompts or a conversation from elsewhere")
        )
        self.buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        self.buttons.accepted.connect(self._open)
        self.buttons.rejected.connect(self.reject)
        self.other.clicked.connect(self._ask_other)
        self.table.opened.connect(self._open)
        self.table.chosen.connect(self._allow)
        self.bar.search.left.connect(self._go_to_table)
        library.changed.connect(self._draw)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, theme.GRID, 0, theme.GRID)
        column.setSpacing(theme.GRID)
        column.addWidget(self.bar)
        column.addWidget(self.table, 1)
        column.addWidget(self.empty)
        foot = QVBoxLayout()
        foot.setContentsMargins(2 * theme.GRID, 0, 2 * theme.GRID, 0)
        foot.addWidget(self.buttons)
        column.addLayout(foot)
        self.resize(*_SIZE)
        self._draw()

    def show_beside(self) -> None:
        """Show the list as it is now, with the newest run first."""
        self.open()
        self.bar.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.bar.search.selectAll()

    def shut_down(self) -> None:
        """End what is under way, because the window closes."""
        self._library.close()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 (Qt's name)
        """Look at the runs while the dialog is open."""
        super().showEvent(event)
        self._library.set_visible(True)

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 (Qt's name)
        """Look no more."""
        super().hideEvent(event)
        self._to_open = None
        self._library.set_visible(False)

    def _draw(self) -> None:
        library = self._library
        self.bar.draw()
        self.table.draw()
        if not self.table.selected and library.ids:
            self.table.selectRow(0)
        text = ""
        if library.trouble is not None:
            text = f"{library.trouble.message}; {in_window(library.trouble.hint)}"
        elif not library.ids and library.ids is not None and library.taking_in is None:
            text = self.tr("No run fits.") if self.bar.narrows else self.tr("Nothing is kept yet.")
        self.empty.setText(text)
        self.empty.setVisible(bool(text))
        self._allow()
        self._open_once_known()

    def _allow(self) -> None:
        self.open_button.setEnabled(bool(self.table.selected))

    def _go_to_table(self) -> None:
        self.table.setFocus()

    def _open(self) -> None:
        if self.table.selected:
            self._to_open = self.table.selected[0]
            self._library.want(self.table.selected[:1])
            self._open_once_known()

    def _open_once_known(self) -> None:
        """Open the run that was asked for; where its row has not come yet, when it does."""
        row = None if self._to_open is None else self._library.row(self._to_open)
        if row is not None:
            self.accept()
            self.opened.emit(row.path)

    def _ask_other(self) -> None:
        ask_file(self, self._library.folder, self._open_other)

    def _open_other(self, path: Path) -> None:
        self.accept()
        self.opened.emit(path)


def ask_file(parent: QWidget, folder: Path, on_chosen: Callable[[Path], None]) -> None:
    """Ask for any file that the window can open."""
    file_dialogs.ask_open(parent, parent.tr("Open a file"), folder, on_chosen)
