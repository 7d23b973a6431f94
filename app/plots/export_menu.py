"""Export menu of a plot and the file dialog that it opens; the caller supplies picture and table."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QCoreApplication, Signal
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QFileDialog, QMenu, QWidget

from app.plots import export as plot_export
from app.plots.export import Exporter, Table
from app.text.shown_text import visible


def tr(text: str) -> str:
    """Translate a text of the menu."""
    return QCoreApplication.translate("plots", text)


class ExportMenu(QMenu):
    """picture: renders an SVG if its argument is true, else a PNG. table: content of a CSV file. origin: an id for the
    file name, to tell runs apart. `exported` carries the path, `failed` the reason and a hint."""

    exported = Signal(str)
    failed = Signal(str, str)

    def __init__(
        self,
        title: str,
        parent: QWidget,
        *,
        picture: Callable[[bool], bytes],
        table: Callable[[], Table],
        origin: Callable[[], str],
    ) -> None:
        super().__init__(parent)
        self._title, self._picture, self._table, self._origin = title, picture, table, origin
        self.exporter = Exporter(self)
        self.exporter.written.connect(self.exported)
        self.exporter.failed.connect(self.failed)
        for kind in ("png", "svg", "csv"):
            action = self.addAction(tr("Export {0}…").format(kind.upper()))
            action.triggered.connect(lambda _checked=False, kind=kind: self._ask_where(kind))
        self.addSeparator()
        for words, copy in ((tr("Copy picture"), self.copy_picture), (tr("Copy values as CSV"), self.copy_values)):
            self.addAction(words).triggered.connect(lambda _checked=False, copy=copy: copy())

    def export(self, path: Path) -> None:
        """Write a file in the format of its suffix."""
        kind = path.suffix.lower()
        if kind == ".csv":
            table = self._table()
            self.exporter.write(path, lambda: plot_export.as_csv(table))
            return
        picture = self._picture(kind == ".svg")
        self.exporter.write(path, lambda: picture)

    def copy_picture(self) -> None:
        """Put the picture on the clipboard."""
        QGuiApplication.clipboard().setImage(QImage.fromData(self._picture(False)))

    def copy_values(self) -> None:
        """Put the values on the clipboard, as the file of them has them."""
        QGuiApplication.clipboard().setText(plot_export.as_csv(self._table()).decode())

    def _ask_where(self, kind: str) -> None:
        suffix = "".join(filter(str.isalnum, visible(self._origin())))[:16]
        name = "-".join(filter(None, (*self._title.lower().split(), suffix))) + f".{kind}"
        parent = self.parentWidget()
        dialog = QFileDialog(parent, tr("Export {0}").format(self._title), str(Path.home() / name), f"*.{kind}")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(kind)
        dialog.selectFile(name)
        dialog.fileSelected.connect(lambda path: self.export(Path(path)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
