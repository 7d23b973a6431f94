"""Asks where to save the report of a log, and reads and writes it on a thread: HTML or PDF."""

from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

from PySide6.QtCore import QCoreApplication, QObject
from PySide6.QtWidgets import QFileDialog, QWidget

from app.plots.export import Exporter
from app.state.store import RunStore
from app.text.plain_text import path_line
from engine.events import ComparisonStarted, Event
from engine.reports.pilot import Prices

# What a report is about: its log, or the file that holds it.
ReportSource: TypeAlias = Sequence[Event] | Path
_NO_PRICES = Prices()
_FILTERS = "*.html", "*.pdf"
# How far into a log its kind is looked for.
_N_FIRST, _HEAD_BYTES, _OF_COMPARISON = 8, 1 << 16, b'"ComparisonStarted"'


def tr(text: str) -> str:
    """Translate a text of the dialog."""
    return QCoreApplication.translate("plots", text)


class ReportSaver(QObject):
    """Saves one report at a time; the store reports what came of it."""

    def __init__(self, store: RunStore, parent: QObject) -> None:
        super().__init__(parent)
        self._store = store
        self.exporter = Exporter(self)
        self.exporter.written.connect(lambda path: store.tell(tr("report saved as {0}").format(path_line(path))))
        self.exporter.failed.connect(store.report)

    def ask(self, parent: QWidget, source: ReportSource, name: str) -> None:
        """Ask for prices, which only the report of a comparison uses, and for a file; its suffix decides the format.

        name: of the proposed file, without a suffix."""
        if not _is_comparison(source):
            self._ask_file(parent, source, name, Prices())
            return
        from app.plots.prices_dialog import PricesDialog  # seldom seen, and the first paint waits for every import

        kept = source if isinstance(source, Path) else tuple(source)
        dialog = PricesDialog(self._store.prices, parent)
        dialog.named.connect(lambda prices: self._go_on(parent, kept, name, prices))
        dialog.open()

    def _go_on(self, parent: QWidget, source: ReportSource, name: str, prices: Prices) -> None:
        self._store.prices = prices
        self._ask_file(parent, source, name, prices)

    def _ask_file(self, parent: QWidget, source: ReportSource, name: str, prices: Prices) -> None:
        title = tr("Save report")
        dialog = QFileDialog(parent, title, str(Path.home() / f"{name}.html"))
        dialog.setNameFilters(list(_FILTERS))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.filterSelected.connect(lambda pattern: dialog.setDefaultSuffix(pattern.removeprefix("*.")))
        dialog.setDefaultSuffix("html")
        dialog.selectFile(f"{name}.html")
        dialog.fileSelected.connect(lambda path: self.save(Path(path), source, prices))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def save(self, path: Path, source: ReportSource, prices: Prices = _NO_PRICES) -> None:
        """Write the report in the format of the file's suffix; anything but .pdf is HTML."""
        kept = source if isinstance(source, Path) else tuple(source)
        self.exporter.write(path, lambda: report_content(kept, path.suffix.lower(), prices))

    @property
    def busy(self) -> bool:
        """Whether a report is being written."""
        return self.exporter.busy

    def close(self) -> None:
        """Wait for the report that is being written, because the window closes."""
        self.exporter.close()


def _is_comparison(source: ReportSource) -> bool:
    """Whether a report is of a comparison; of a file, only the beginning is read."""
    if not isinstance(source, Path):
        return any(isinstance(event, ComparisonStarted) for event in source[:_N_FIRST])
    try:
        with source.open("rb") as file:
            return _OF_COMPARISON in file.read(_HEAD_BYTES)
    except OSError:
        return False


def report_content(source: ReportSource, suffix: str, prices: Prices = _NO_PRICES) -> bytes:
    """The report as a file of this kind; touches no widget, so any thread may call it. Raises EngineError."""
    # Imported on the thread that writes: what lays out reports is much, and the first paint waits for every import.
    from app.plots.report_pdf import pdf
    from engine.reports import html
    from engine.reports.documents import ReportOptions
    from engine.runs import trace

    options = ReportOptions(prices=prices)
    if isinstance(source, Path):
        log = trace.read(source)
        source, options = log.events, options._replace(damage=log.damage)
    return pdf(source, options) if suffix == ".pdf" else html.report(source, options).encode()
