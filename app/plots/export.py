"""Writes what a plot shows to a file: PNG and SVG of the whole panel, CSV of every point; knows no plot."""

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
from app.text.shown_text import visible
from engine.events import RunStarted

_POLL_MS = 30
_PNG_SCALE = 3
# Of 100: little, since it is done on the window's thread and a plot is mostly one colour.
_PNG_COMPRESSION = 11
_NOTE_FLAGS = Qt.TextFlag.TextWordWrap
# A spreadsheet takes a cell that begins so for a formula and would act on it.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


class Column(NamedTuple):
    """A series of a plot. title: its name with its unit; a value that is not a number leaves the cell empty; names may
    be foreign text."""

    title: str
    values: np.ndarray


class Table(NamedTuple):
    """What a CSV file holds. notes: what the values were made with, a line each."""

    notes: tuple[str, ...]
    columns: tuple[Column, ...]


class ExportOutcome(NamedTuple):
    """What became of an export. failure: None where the file is there."""

    path: Path
    failure: str | None


def text_cell(text: str) -> str:
    """Foreign text as a cell: a viewer may see it safely, and no spreadsheet calculates it."""
    shown = visible(text)
    return f"'{shown}" if text.startswith(_FORMULA_STARTS) or shown.startswith(_FORMULA_STARTS) else shown


def run_notes(title: str, started: RunStarted | None) -> tuple[str, ...]:
    """Name the plot and all that is needed to repeat the run."""
    if started is None:
        return (f"draftscope: {title}",)
    facts = (
        ("run", started.run_id), ("started", started.started_utc), ("method", started.method),
        ("target", started.target), ("drafter", started.drafter), ("device", f"{started.device} {started.dtype}"),
        *((f"setting {name}", value) for name, value in started.settings),
    )  # fmt: skip
    return (f"draftscope: {title}", *(f"{one_line(name)}: {one_line(str(value))}" for name, value in facts))


def as_csv(table: Table) -> bytes:
    """The table as text: # lines, a header, a row a point."""
    out = io.StringIO()
    out.writelines(f"# {note}\n" for note in table.notes)
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow([column.title for column in table.columns])
    rows.writerows(zip(*(map(_figure, column.values.tolist()) for column in table.columns), strict=True))
    return out.getvalue().encode()


def _figure(value: float | str) -> str:
    if isinstance(value, str):
        return text_cell(value).replace("·", " ")  # which it puts for spaces
    return "" if value != value else f"{value:.10g}"


class _Sheet(NamedTuple):
    """The picture of a widget: its room, a margin where a panel leaves none, and a note under it."""

    whole: QRect
    note: QRect


def _sheet(widget: QWidget, note: str) -> _Sheet:
    room = widget.rect().adjusted(theme.GRID, 0, -theme.GRID, 0)
    below = QRect(room.left(), room.bottom() + theme.GRID, room.width(), room.height())
    lines = widget.fontMetrics().boundingRect(below, _NOTE_FLAGS, note) if note else QRect(below.topLeft(), QSize(0, 0))
    return _Sheet(widget.rect().adjusted(0, 0, 0, lines.height() + 2 * theme.GRID), lines)


def _draw(painter: QPainter, widget: QWidget, sheet: _Sheet, note: str) -> None:
    """Paint the widget without its own ground, and the note."""
    colours = theme.current()
    painter.fillRect(sheet.whole, QColor(colours.base))
    widget.render(painter, QPoint(), QRegion(), QWidget.RenderFlag.DrawChildren)
    painter.setPen(QColor(colours.muted))
    painter.setFont(widget.font())
    painter.drawText(sheet.note, _NOTE_FLAGS, note)


def as_png(widget: QWidget, note: str = "") -> bytes:
    """A picture of a widget in three times the pixels of the screen."""
    sheet = _sheet(widget, note)
    image = QImage(sheet.whole.size() * _PNG_SCALE, QImage.Format.Format_RGB32)
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
    """A drawing of a widget."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    # The older version, since only it knows clipping: a spike must not leave its plot.
    drawing = QSvgGenerator(QSvgGenerator.SvgVersion.Svg11)
    drawing.setOutputDevice(buffer)
    sheet = _sheet(widget, note)
    drawing.setSize(sheet.whole.size())
    drawing.setViewBox(sheet.whole)
    drawing.setTitle(title)
    painter = QPainter(drawing)
    _draw(painter, widget, sheet, note)
    painter.end()
    return bytes(buffer.data().data())


def replace(path: Path, content: bytes) -> None:
    """Write a file beside the old one and put it in its place once it is whole."""
    part = path.with_name(path.name + ".part")
    try:
        part.write_bytes(content)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


class Exporter(QObject):
    """Formats and writes on a short thread, one file at a time; `written` and `failed` come on the caller's thread."""

    written = Signal(str)
    failed = Signal(str, str)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._answers: SimpleQueue[ExportOutcome] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._poll = QTimer(self)
        self._poll.setInterval(_POLL_MS)
        self._poll.timeout.connect(self._look)

    def write(self, path: Path, make: Callable[[], bytes]) -> None:
        """Begin to write what `make` returns; it runs on the thread, so it may touch no widget."""
        self.close()
        # The thread knows the queue only: nothing of Qt may be reachable from it.
        job = _job(path, make, self._answers)
        self._thread = threading.Thread(target=job, name="draftscope-export", daemon=True)
        self._thread.start()
        self._poll.start()

    def close(self) -> None:
        """Wait for the file under way."""
        if self._thread is not None:
            self._thread.join()

    def _look(self) -> None:
        if self._thread is not None and self._thread.is_alive():
            return
        self._poll.stop()
        while True:
            try:
                self._tell(self._answers.get_nowait())
            except Empty:
                return

    def _tell(self, answer: ExportOutcome) -> None:
        if answer.failure is None:
            self.written.emit(str(answer.path))
        else:
            message = self.tr("{0} could not be written: {1}").format(
                one_line(str(answer.path)), one_line(answer.failure)
            )
            self.failed.emit(message, self.tr("choose another file or folder"))


def _job(path: Path, make: Callable[[], bytes], answers: "SimpleQueue[ExportOutcome]") -> Callable[[], None]:
    def work() -> None:
        try:
            replace(path, make())
            answers.put(ExportOutcome(path, None))
        except OSError as err:
            answers.put(ExportOutcome(path, err.strerror or str(err)))
        except Exception as err:  # this thread's outermost frame: a silent end would look like a file that was made
            answers.put(ExportOutcome(path, f"{type(err).__name__}: {err}"))

    return work
