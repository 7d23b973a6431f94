"""Asks where to save the report of a log, and writes it on a thread: HTML, PDF, or the tables as CSV."""

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QObject
from PySide6.QtWidgets import QFileDialog, QWidget

from app.plots.export import Exporter
from app.plots.report_pdf import pdf
from app.state.store import RunStore
from app.text.plain_text import one_line
from engine.events import Event
from engine.reports import html
from engine.reports.documents import ReportOptions

_FILTERS = "*.html", "*.pdf"


def tr(text: str) -> str:
    """Translate a text of the dialog."""
    return QCoreApplication.translate("plots", text)


class ReportSaver(QObject):
    """Saves one report at a time; the store reports what came of it."""

    def __init__(self, store: RunStore, parent: QObject) -> None:
        super().__init__(parent)
        self.exporter = Exporter(self)
        self.exporter.written.connect(lambda path: store.tell(tr("report saved as {0}").format(one_line(path))))
        self.exporter.failed.connect(store.report)

    def ask(self, parent: QWidget, events: Sequence[Event], name: str, options: ReportOptions | None = None) -> None:
        """Ask for a file; its suffix decides the format. name: of the proposed file, without a suffix."""
        title = tr("Save report")
        dialog = QFileDialog(parent, title, str(Path.home() / f"{name}.html"))
        dialog.setNameFilters(list(_FILTERS))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.filterSelected.connect(lambda pattern: dialog.setDefaultSuffix(pattern.removeprefix("*.")))
        dialog.setDefaultSuffix("html")
        dialog.selectFile(f"{name}.html")
        dialog.fileSelected.connect(lambda path: self.save(Path(path), events, options))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def save(self, path: Path, events: Sequence[Event], options: ReportOptions | None = None) -> None:
        """Write the report in the format of the file's suffix; anything but .pdf is HTML."""
        self.exporter.write(path, made(tuple(events), path.suffix.lower(), options))


def made(events: Sequence[Event], suffix: str, options: ReportOptions | None) -> Callable[[], bytes]:
    """What makes the report; it touches no widget, so any thread may call it."""
    if suffix == ".pdf":
        return lambda: pdf(events, options)
    return lambda: html.report(events, options).encode()
