"""The menu of what can be exported and the dialog that asks where to; knows not what is shown."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QCoreApplication, Signal
from PySide6.QtWidgets import QFileDialog, QMenu, QWidget

from app.plots import export as plot_export
from app.plots.export import Exporter, Table
from app.text.shown_text import visible


def tr(text: str) -> str:
    """The translation of the menu's words."""
    return QCoreApplication.translate("plots", text)


class ExportMenu(QMenu):
    """picture: a PNG, or an SVG where it is told so. table: what a CSV file holds. origin: what tells a file of it from
    that of another run. `exported` names the file, `failed` the reason and a way out."""

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

    def export(self, path: Path) -> None:
        """Write a file of the kind that its ending says."""
        kind = path.suffix.lower()
        if kind == ".csv":
            table = self._table()
            self.exporter.write(path, lambda: plot_export.as_csv(table))
            return
        picture = self._picture(kind == ".svg")
        self.exporter.write(path, lambda: picture)

    def _ask_where(self, kind: str) -> None:
        made = "".join(filter(str.isalnum, visible(self._origin())))[:16]
        name = "-".join(filter(None, (*self._title.lower().split(), made))) + f".{kind}"
        above = self.parentWidget()
        dialog = QFileDialog(above, tr("Export {0}").format(self._title), str(Path.home() / name), f"*.{kind}")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(kind)
        dialog.selectFile(name)
        dialog.fileSelected.connect(lambda path: self.export(Path(path)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
