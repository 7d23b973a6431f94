"""A report as PDF: laid out and painted page by page by Qt, on any thread; plots stay drawings."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from PySide6.QtCore import QBuffer, QByteArray, QEventLoop, QIODevice, QMarginsF, QRectF, QSizeF, Qt, QUrl
from PySide6.QtGui import (
    QAbstractTextDocumentLayout,
    QColor,
    QFont,
    QImage,
    QPageLayout,
    QPageSize,
    QPainter,
    QPalette,
    QPdfWriter,
    QTextBlock,
    QTextDocument,
)
from PySide6.QtSvg import QSvgRenderer

from app.plots.report_markup import PICTURE, TITLE_HEIGHT, printed
from engine.events import Event
from engine.reports import writing
from engine.reports.documents import ReportOptions, document
from engine.reports.palette import PAINTS, Paint
from engine.reports.shown_text import one_line
from engine.reports.svg import Plot

_DOTS_PER_INCH = 96
_MARGIN_MM, _FOOTER_MM = 15.0, 12.0
_MM_PER_INCH = 25.4
_TEXT_POINTS, _TITLE_POINTS = 9.0, 10.0


class _PlacedPlot(NamedTuple):
    """A plot and where it stands, in the coordinates of the whole text."""

    plot: Plot
    area: QRectF


def write_pdf(
    events: Sequence[Event], path: Path, options: ReportOptions | None = None, *, force: bool = False
) -> None:
    """Write the report of a log. Raises InputError for a log of nothing, EngineError where it cannot be written."""
    writing.check_free(path, force=force)
    writing.write(path, pdf(events, options), force=force)


def pdf(events: Sequence[Event], options: ReportOptions | None = None) -> bytes:
    """The report of a log as PDF. Needs a QGuiApplication for its fonts. Raises InputError for a log of nothing."""
    # Qt's layout starts a timer, for which a thread needs what runs its events.
    QEventLoop()
    content = printed(document(events, options or ReportOptions()))
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = _writer(buffer, content.title)
    text = _laid_out(content.markup, content.sheet, writer)
    plots = list(_placed(text, content.plots))
    painter = QPainter(writer)
    try:
        for page in range(text.pageCount()):
            if page:
                writer.newPage()
            _paint_page(painter, text, page, plots)
    finally:
        painter.end()
    return bytes(buffer.data().data())


def _writer(buffer: QBuffer, title: str) -> QPdfWriter:
    writer = QPdfWriter(buffer)
    writer.setResolution(_DOTS_PER_INCH)
    writer.setTitle(one_line(title))
    writer.setCreator("Draftscope")
    margins = QMarginsF(_MARGIN_MM, _MARGIN_MM, _MARGIN_MM, _MARGIN_MM)
    size = QPageSize(QPageSize.PageSizeId.A4)
    writer.setPageLayout(QPageLayout(size, QPageLayout.Orientation.Portrait, margins, QPageLayout.Unit.Millimeter))
    return writer


def _laid_out(markup: str, sheet: str, writer: QPdfWriter) -> QTextDocument:
    """The text on pages of the writer's size, less a line for the footer; plots leave their room empty."""
    text = QTextDocument()
    text.setUndoRedoEnabled(False)
    text.documentLayout().setPaintDevice(writer)
    text.setDefaultFont(_font(_TEXT_POINTS))
    text.setDocumentMargin(0)
    text.setDefaultStyleSheet(sheet)
    text.setPageSize(QSizeF(writer.width(), writer.height() - _footer_height()))
    empty = QImage(1, 1, QImage.Format.Format_ARGB32)
    empty.fill(Qt.GlobalColor.transparent)
    text.addResource(QTextDocument.ResourceType.ImageResource, QUrl(PICTURE), empty)
    text.setHtml(markup)
    return text


def _placed(text: QTextDocument, plots: Sequence[Plot]) -> Iterator[_PlacedPlot]:
    """The plots in order, each where the text has left room: a paragraph with nothing but its picture."""
    layout, remaining = text.documentLayout(), list(reversed(plots))
    block = text.begin()
    while block.isValid() and remaining:
        fragments = block.begin()
        if not fragments.atEnd() and fragments.fragment().charFormat().toImageFormat().name() == PICTURE:
            plot = remaining.pop()
            height = plot.height + TITLE_HEIGHT
            yield _PlacedPlot(plot, QRectF(0, _bottom(layout, block) - height, plot.width, height))
        block = block.next()


def _bottom(layout: QAbstractTextDocumentLayout, block: QTextBlock) -> float:
    """Where the line of a picture ends: it, not its paragraph, moves to the next page where one is too short."""
    top = layout.blockBoundingRect(block).top()  # asked first, since it lays the line out
    lines = block.layout()
    line = lines.lineAt(0)
    return top + line.y() + line.height()


def _paint_page(painter: QPainter, text: QTextDocument, page: int, plots: Sequence[_PlacedPlot]) -> None:
    size = text.pageSize()
    area = QRectF(0, page * size.height(), size.width(), size.height())
    context = QAbstractTextDocumentLayout.PaintContext()
    context.palette.setColor(QPalette.ColorRole.Text, _colour("text"))
    context.clip = area
    painter.save()
    painter.translate(0, -area.top())
    painter.setClipRect(area)
    text.documentLayout().draw(painter, context)
    for placed in plots:
        if area.contains(placed.area.center()):
            _paint_plot(painter, placed)
    painter.restore()
    painter.setPen(_colour("muted"))
    painter.setFont(_font(_TEXT_POINTS))
    footer = QRectF(0, size.height(), size.width(), _footer_height())
    sides = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignBottom
    painter.drawText(footer, sides, f"{page + 1} / {text.pageCount()}")


def _paint_plot(painter: QPainter, placed: _PlacedPlot) -> None:
    """A plot below its title."""
    painter.setPen(_colour("text"))
    painter.setFont(_font(_TITLE_POINTS, bold=True))
    title = QRectF(placed.area.topLeft(), QSizeF(placed.area.width(), TITLE_HEIGHT - 8))
    painter.drawText(title, Qt.AlignmentFlag.AlignBottom, one_line(placed.plot.title))
    # The drawing takes weight and width from the painter where it names none.
    painter.setFont(_font(_TEXT_POINTS))
    QSvgRenderer(QByteArray(placed.plot.svg.encode())).render(painter, placed.area.adjusted(0, TITLE_HEIGHT, 0, 0))


def _font(points: float, *, bold: bool = False) -> QFont:
    """A font with figures of equal width; its size is in pixels of the page, so that no screen changes it."""
    font = QFont("sans-serif")
    font.setPixelSize(round(points * _DOTS_PER_INCH / 72))
    font.setBold(bold)
    font.setFeature(QFont.Tag("tnum"), 1)
    return font


def _colour(paint: Paint) -> QColor:
    return QColor(PAINTS[paint].light)


def _footer_height() -> float:
    return _FOOTER_MM / _MM_PER_INCH * _DOTS_PER_INCH
