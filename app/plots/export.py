"""Exports a widget as PNG or SVG and a table of points as CSV, and writes the files on a thread."""

import csv
import io
import threading
from collections.abc import Callable
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import NamedTuple

import numpy as np
from PySide6.QtCore import QBuffer, QIODevice, QObject, QPoint, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QImage, QImageWriter, QPainter, QRegion
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QWidget

from app import theme
from app.text.plain_text import one_line
from engine.errors import EngineError
from engine.events import RunStarted
from engine.reports import writing
from engine.reports.cells import text_cell

_POLL_MS = 30
_PNG_SCALE = 3
# Out of 100; low, since compression runs on the GUI thread and a plot is mostly one colour.
_PNG_COMPRESSION = 11
_NOTE_FLAGS = Qt.TextFlag.TextWordWrap


class Column(NamedTuple):
    """A series of a plot. title: its name with its unit. values: numbers, where NaN leaves the cell empty, or names,
    which may be foreign text."""

    title: str
    values: np.ndarray


class Table(NamedTuple):
    """Content of a CSV file. notes: how the values were measured, one line each."""

    notes: tuple[str, ...]
    columns: tuple[Column, ...]


class ExportOutcome(NamedTuple):
    """Result of an export. failure: None if the file was written; hint: the way out."""

    path: Path
    failure: str | None
    hint: str = ""


def run_notes(title: str, started: RunStarted | None) -> tuple[str, ...]:
    """List the title of the plot and everything needed to repeat the run."""
    if started is None:
        return (f"draftscope: {title}",)
    facts = (
        ("run", started.run_id), ("started", started.started_utc), ("method", started.method),
        ("target", started.target), ("drafter", started.drafter), ("device", f"{started.device} {started.dtype}"),
        *((f"setting {name}", value) for name, value in started.settings),
    )  # fmt: skip
    return (f"draftscope: {title}", *(f"{one_line(name)}: {one_line(str(value))}" for name, value in facts))


def as_csv(table: Table) -> bytes:
    """The table as CSV: notes as # lines, a header, one row per point."""
    out = io.StringIO()
    out.writelines(f"# {note}\n" for note in table.notes)
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([column.title for column in table.columns])
    writer.writerows(zip(*(map(_cell, column.values.tolist()) for column in table.columns), strict=True))
    return out.getvalue().encode()


def _cell(value: float | str) -> str:
    if isinstance(value, str):
        return text_cell(value)
    return "" if value != value else f"{value:.10g}"


class _Sheet(NamedTuple):
    """Areas of an exported picture: all of it, with a margin below the widget, and the note at the bottom."""

    rect: QRect
    note: QRect


def _sheet(widget: QWidget, note: str) -> _Sheet:
    inner = widget.rect().adjusted(theme.GRID, 0, -theme.GRID, 0)
    note_area = QRect(inner.left(), inner.bottom() + theme.GRID, inner.width(), inner.height())
    note_rect = (
        widget.fontMetrics().boundingRect(note_area, _NOTE_FLAGS, note)
        if note
        else QRect(note_area.topLeft(), QSize(0, 0))
    )
    return _Sheet(widget.rect().adjusted(0, 0, 0, note_rect.height() + 2 * theme.GRID), note_rect)


def _draw(painter: QPainter, widget: QWidget, sheet: _Sheet, note: str) -> None:
    """Paint the widget without its own background, and the note below it."""
    colours = theme.current()
    painter.fillRect(sheet.rect, QColor(colours.base))
    widget.render(painter, QPoint(), QRegion(), QWidget.RenderFlag.DrawChildren)
    painter.setPen(QColor(colours.muted))
    painter.setFont(widget.font())
    painter.drawText(sheet.note, _NOTE_FLAGS, note)


def as_png(widget: QWidget, note: str = "") -> bytes:
    """A PNG of a widget at three times the screen's resolution."""
    sheet = _sheet(widget, note)
    image = QImage(sheet.rect.size() * _PNG_SCALE, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(_PNG_SCALE)
    painter = QPainter(image)
    _draw(painter, widget, sheet, note)
    painter.end()
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QImageWriter(buffer, b"png")
    writer.setCompression(_PNG_COMPRESSION)
    writer.write(image)
    return bytes(buffer.data().data())


def as_svg(widget: QWidget, title: str, note: str = "") -> bytes:
    """An SVG of a widget."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    # SVG 1.1, since Qt writes clipping only there: a spike must not be drawn outside its plot.
    drawing = QSvgGenerator(QSvgGenerator.SvgVersion.Svg11)
    drawing.setOutputDevice(buffer)
    sheet = _sheet(widget, note)
    drawing.setSize(sheet.rect.size())
    drawing.setViewBox(sheet.rect)
    drawing.setTitle(title)
    painter = QPainter(drawing)
    _draw(painter, widget, sheet, note)
    painter.end()
    return bytes(buffer.data().data())


class Exporter(QObject):
    """Writes one file after another on a short-lived thread; emits `written` and `failed` on the caller's thread."""

    written = Signal(str)
    failed = Signal(str, str)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._outcomes: SimpleQueue[ExportOutcome] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._poll_timer = QTimer(self)
        self._poll_timer.setInterval(_POLL_MS)
        self._poll_timer.timeout.connect(self._emit_outcomes)

    def write(self, path: Path, make: Callable[[], bytes]) -> None:
        """Start writing what `make` returns, after what is being written; it must not touch widgets."""
        # The thread gets only the queue and the thread before it: it must not be able to reach any Qt object.
        job = _export_job(path, make, self._outcomes, self._thread)
        self._thread = threading.Thread(target=job, name="draftscope-export", daemon=True)
        self._thread.start()
        self._poll_timer.start()

    @property
    def busy(self) -> bool:
        """Whether a file is being written."""
        return self._thread is not None and self._thread.is_alive()

    def close(self) -> None:
        """Wait for the file being written."""
        if self._thread is not None:
            self._thread.join()

    def _emit_outcomes(self) -> None:
        if self._thread is not None and self._thread.is_alive():
            return
        self._poll_timer.stop()
        while True:
            try:
                self._emit_outcome(self._outcomes.get_nowait())
            except Empty:
                return

    def _emit_outcome(self, outcome: ExportOutcome) -> None:
        if outcome.failure is None:
            self.written.emit(str(outcome.path))
        else:
            message = self.tr("{0} could not be written: {1}").format(
                one_line(str(outcome.path)), one_line(outcome.failure)
            )
            self.failed.emit(message, one_line(outcome.hint) or self.tr("choose another file or folder"))


def _export_job(
    path: Path,
    make: Callable[[], bytes],
    outcomes: "SimpleQueue[ExportOutcome]",
    previous: threading.Thread | None,
) -> Callable[[], None]:
    def work() -> None:
        if previous is not None:
            previous.join()
        try:
            writing.replace(path, make())
            outcomes.put(ExportOutcome(path, None))
        except OSError as err:
            outcomes.put(ExportOutcome(path, err.strerror or str(err)))
        except EngineError as err:
            outcomes.put(ExportOutcome(path, err.message, err.hint))
        except Exception as err:  # this thread's outermost frame: a silent end would look like a written file
            outcomes.put(ExportOutcome(path, f"{type(err).__name__}: {err}"))

    return work
