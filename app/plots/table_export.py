"""Offers every table as CSV: copied to the clipboard, or written to a file; rows are read in short steps."""

import csv
import io
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QObject, Qt, QTimer
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtWidgets import QFileDialog, QTableView

from app.plots.export import Exporter
from app.state.store import RunStore
from app.text.plain_text import path_line
from engine.machine.paths import file_name
from engine.reports.cells import is_number, text_cell

# A step stays far below a frame: a cell costs a few microseconds.
_ROWS_A_STEP = 100


def tr(text: str) -> str:
    """Translate a text of the menu."""
    return QCoreApplication.translate("plots", text)


def offer_csv(table: QTableView, store: RunStore | None = None) -> "TableExport":
    """Add copying and exporting to the context menu of a table, which has its name; the store says what came of it.

    Without a store there is copying alone."""
    return TableExport(table, store)


class TableExport(QObject):
    """Reads the visible columns of a table as they are shown."""

    def __init__(self, table: QTableView, store: RunStore | None) -> None:
        super().__init__(table)
        self._table = table
        self._rows: list[list[str]] = []
        self._next = 0
        self._then: Callable[[list[list[str]]], None] | None = None
        self.exporter = Exporter(self)
        self._timer = QTimer(self)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._step)
        self._add(tr("Copy table as CSV"), lambda: self.read(_copy))
        if store is not None:
            self.exporter.written.connect(lambda path: store.tell(tr("exported to {0}").format(path_line(path))))
            self.exporter.failed.connect(store.report)
            self._add(tr("Export table as CSV…"), self._ask_where)

    def read(self, then: Callable[[list[list[str]]], None]) -> None:
        """Read the table, titles first, and pass it on once it is whole; a second call starts anew."""
        model, columns = self._table.model(), self._columns()
        heads = [str(model.headerData(column, Qt.Orientation.Horizontal) or "") for column in columns]
        self._rows, self._next, self._then = [[head.rstrip(" ▲▼") for head in heads]], 0, then
        self._timer.start()
        self._step()

    def export(self, path: Path) -> None:
        """Write the table to a file."""
        self.read(lambda rows: self.exporter.write(path, lambda: as_csv(rows).encode()))

    def _columns(self) -> list[int]:
        return [i for i in range(self._table.model().columnCount()) if not self._table.isColumnHidden(i)]

    def _step(self) -> None:
        model, columns = self._table.model(), self._columns()
        last = min(model.rowCount(), self._next + _ROWS_A_STEP)
        for row in range(self._next, last):
            self._rows.append([str(model.index(row, column).data() or "") for column in columns])
        self._next = last
        if last >= model.rowCount() and self._then is not None:
            self._timer.stop()
            then, self._then = self._then, None
            then(self._rows)

    def _add(self, words: str, slot: Callable[[], object]) -> None:
        action = QAction(words, self._table)
        action.triggered.connect(lambda _checked=False: slot())
        self._table.addAction(action)
        self._table.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)

    def _ask_where(self) -> None:
        own = self._table.accessibleName()
        name = file_name(own.lower().replace(" ", "-")) + ".csv"
        title = tr("Export {0}").format(own)
        dialog = QFileDialog(self._table.window(), title, str(Path.home() / name), "*.csv")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("csv")
        dialog.selectFile(name)
        dialog.fileSelected.connect(lambda path: self.export(Path(path)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()


def as_csv(rows: Sequence[Sequence[str]]) -> str:
    """Rows of shown cells as CSV in which a spreadsheet evaluates no foreign text; numbers stay numbers."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerows([cell if is_number(cell) else text_cell(cell) for cell in row] for row in rows)
    return out.getvalue()


def _copy(rows: list[list[str]]) -> None:
    QGuiApplication.clipboard().setText(as_csv(rows))
