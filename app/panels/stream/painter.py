"""Paints tokens: fonts, widths, and each fate's colour and second cue."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

import msgspec
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import (
    QBrush,
    QColor,
    QFont,
    QFontMetricsF,
    QPainter,
    QPen,
    QPixmap,
    QPolygonF,
    QStaticText,
    QTextLayout,
    QTransform,
)

from app import theme
from app.panels.stream.layout import GAP, JOINED_GAP, StreamLayout
from app.theme import StreamFate

MARGIN = 2 * theme.GRID
_SHAPE_CACHE_SIZE = 4096
_SPACE = "·"


class PlacedSegment(msgspec.Struct, frozen=True, gc=False):
    """A segment and the position of its text in the view."""

    x: float
    baseline: float
    width: float
    text: str
    token: int


class _Shape(msgspec.Struct, frozen=True, gc=False):
    """A text prepared for painting. indent, ascent: offset from the start of the token's baseline to the letters.

    overflows: it exceeds its line and must be clipped to it."""

    letters: QStaticText
    indent: float
    ascent: float
    overflows: bool


class StreamPainter:
    """Paints with fonts derived from one base font, fate by fate, so that pens are set once per fate."""

    def __init__(self, base: QFont, zoom: float = 1.0) -> None:
        self.font = theme.scaled(base, theme.STREAM_SCALE * zoom)
        self.bold = theme.scaled(base, theme.STREAM_SCALE * zoom, bold=True)
        self.metrics = QFontMetricsF(self.font)
        self.bare_height = round(self.metrics.height() * theme.LINE_SCALE)
        self.line_height = self.bare_height
        # From the top of a line to its baseline.
        self.rise = round((self.line_height + self.metrics.ascent() - self.metrics.descent()) / 2)
        self.stroke = max(1.0, round(self.metrics.height() / 9))
        self._bold_metrics = QFontMetricsF(self.bold)
        self._dot_widths = (self.metrics.horizontalAdvance("·"), self._bold_metrics.horizontalAdvance("·"))
        self._widths: tuple[dict[str, float], dict[str, float]] = ({}, {})
        self._cached_shape = lru_cache(maxsize=_SHAPE_CACHE_SIZE)(self._shape)
        # Whether the text is shown as text, with fates by underline only.
        self.reading = False

    def measure(self, text: str, bold: bool) -> float:
        """Width of a text, cached, since a vocabulary is small."""
        width = self._widths[bold].get(text)
        if width is None:
            width = (self._bold_metrics if bold else self.metrics).horizontalAdvance(text)
            self._widths[bold][text] = width
        return width

    @property
    def bar_height(self) -> int:
        """Height of an X-ray bar."""
        return round(self.stroke) + 1

    def make_room(self, for_bars: bool) -> None:
        """Add space for bars between the lines, or remove it; baselines stay where they are within the lines."""
        self.line_height = self.bare_height + (self.bar_height + round(self.stroke)) * for_bars

    def gap(self, fate: StreamFate, *, begins_word: bool) -> float:
        """Space before a token: none in the prompt and in plain text, which have no cues to separate."""
        return 0.0 if fate in ("prompt", "unmarked") else GAP if begins_word else JOINED_GAP

    def box(self, placed: PlacedSegment) -> QRectF:
        """The rectangle around a token's text."""
        top = placed.baseline - self.metrics.ascent() - theme.HALF
        return QRectF(placed.x - 1, top, placed.width + 2, self.metrics.height() + theme.GRID)

    def placed(self, lines: StreamLayout, top: int, rect: QRect) -> list[PlacedSegment]:
        """The segments on the lines that a rectangle of the view touches; top: the y of the first line."""
        first = max(0, (rect.top() - top) // self.line_height)
        last = min(lines.n_lines - 1, (rect.bottom() - top) // self.line_height)
        segments: list[PlacedSegment] = []
        for line in range(first, last + 1):
            baseline = top + line * self.line_height + self.rise
            segments += [
                PlacedSegment(MARGIN + segment.x, baseline, segment.width, segment.text, segment.token)
                for segment in lines.line(line)
            ]
        return segments

    def paint(self, painter: QPainter, fate: StreamFate, segments: Sequence[PlacedSegment]) -> None:
        """Paint tokens of one fate: their text, their spaces, their cue."""
        colour = theme.fate_colour(fate)
        read_as_text = self.reading and fate != "prompt"
        self._paint_texts(painter, segments, theme.fate_colour("unmarked") if read_as_text else colour, fate)
        cue = (_READING_CUES if self.reading else _CUES).get(fate)
        if cue is not None:
            cue(self, painter, colour, segments)

    def paint_note(self, painter: QPainter, room: QRect, text: str) -> None:
        """Paint the text shown while there are no tokens."""
        painter.setPen(QColor(theme.current().muted))
        painter.setFont(self.font)
        inner = room.adjusted(MARGIN, MARGIN, -MARGIN, -MARGIN)
        painter.drawText(inner, Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextWordWrap, text)

    def _paint_texts(
        self, painter: QPainter, segments: Sequence[PlacedSegment], colour: QColor, fate: StreamFate
    ) -> None:
        bold = fate == "correction" and not self.reading
        painter.setPen(colour)
        painter.setFont(self.bold if bold else self.font)
        shape_of, draw = self._cached_shape, painter.drawStaticText
        for segment in segments:
            shape = shape_of(segment.text, bold)
            at = QPointF(segment.x + shape.indent, segment.baseline - shape.ascent)
            if shape.overflows:
                self._paint_clipped(painter, at, segment, shape)
            else:
                draw(at, shape.letters)
        if fate == "unmarked" or self.reading:
            return
        # The mark of a space is a small dot, since it is there to be counted, not read.
        side, drop = (self._dot_widths[bold] - self.stroke) / 2, round(self.metrics.xHeight() / 2) + self.stroke / 2
        spaces = [
            QRectF(segment.x + side, segment.baseline - drop, self.stroke, self.stroke)
            for segment in segments
            if segment.text.startswith(_SPACE)
        ]
        _fill(painter, theme.blend(colour, QColor(theme.current().base), 0.55), spaces)

    def _paint_clipped(self, painter: QPainter, at: QPointF, segment: PlacedSegment, shape: _Shape) -> None:
        painter.save()
        room = QRectF(segment.x, segment.baseline - self.rise, segment.width + 1, self.line_height)
        painter.setClipRect(room, Qt.ClipOperation.IntersectClip)
        painter.drawStaticText(at, shape.letters)
        painter.restore()

    def _shape(self, text: str, bold: bool) -> _Shape:
        """Shape the letters of a token, without the mark of its leading space."""
        font, indent = (self.bold, self._dot_widths[1]) if bold else (self.font, self._dot_widths[0])
        rest = text.removeprefix(_SPACE)
        letters = QStaticText(rest)
        letters.setTextFormat(Qt.TextFormat.PlainText)
        letters.prepare(QTransform(), font)
        layout = QTextLayout(rest, font)
        layout.beginLayout()
        line = layout.createLine()
        layout.endLayout()
        ascent = line.ascent() if line.isValid() else 0.0
        ink = (self._bold_metrics if bold else self.metrics).tightBoundingRect(rest)
        tall = ink.top() < -self.rise or ink.bottom() > self.line_height - self.rise
        wide = ink.right() > self.measure(rest, bold) + self.metrics.height()
        return _Shape(letters, indent if rest != text else 0.0, ascent, overflows=tall or wide)

    # The cues: what distinguishes a fate without its colour

    def _underline(self, painter: QPainter, colour: QColor, segments: Sequence[PlacedSegment]) -> None:
        _fill(painter, colour, self._rules(segments, 2 * self.stroke))

    def _double_underline(self, painter: QPainter, colour: QColor, segments: Sequence[PlacedSegment]) -> None:
        _fill(painter, colour, self._rules(segments, 2 * self.stroke) + self._rules(segments, 4 * self.stroke))

    def _strike(self, painter: QPainter, colour: QColor, segments: Sequence[PlacedSegment]) -> None:
        rise = round(self.metrics.xHeight() / 2)
        _fill(painter, colour, self._rules(segments, -rise))

    def _dots_below(self, painter: QPainter, colour: QColor, segments: Sequence[PlacedSegment]) -> None:
        size = round(self.stroke)
        tile = QPixmap(2 * size, 1)
        tile.fill(Qt.GlobalColor.transparent)
        tile_painter = QPainter(tile)
        tile_painter.fillRect(0, 0, size, 1, colour)
        tile_painter.end()
        _fill(painter, QBrush(tile), self._rules(segments, 2 * self.stroke))

    def _dot_above(self, painter: QPainter, colour: QColor, segments: Sequence[PlacedSegment]) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        rise, radius = self.metrics.ascent() + 1, 1.1 * self.stroke
        for segment in segments:
            above = QPointF(segment.x + segment.width / 2, segment.baseline - rise)
            painter.drawEllipse(above, radius, radius)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def _wave(self, painter: QPainter, colour: QColor, segments: Sequence[PlacedSegment]) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(colour, 0.8 * self.stroke))
        step = 1.5 * self.stroke
        for segment in segments:
            middle = segment.baseline + 2.5 * self.stroke
            n_steps = max(2, int(segment.width / step))
            wave = [QPointF(segment.x + i * step, middle + (step if i % 2 else -step) / 2) for i in range(n_steps + 1)]
            painter.drawPolyline(QPolygonF(wave))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def _tick(self, painter: QPainter, colour: QColor, segments: Sequence[PlacedSegment]) -> None:
        size = self.stroke
        _fill(painter, colour, [QRectF(segment.x, segment.baseline + size, size / 2, 3 * size) for segment in segments])

    def _rules(self, segments: Sequence[PlacedSegment], drop: float) -> list[QRectF]:
        height = self.stroke
        return [QRectF(segment.x, segment.baseline + drop, segment.width, height) for segment in segments]


def _fill(painter: QPainter, brush: QColor | QBrush, rects: Sequence[QRectF]) -> None:
    if rects:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(brush)
        painter.drawRects(rects)
        painter.setBrush(Qt.BrushStyle.NoBrush)


_Cue = Callable[[StreamPainter, QPainter, QColor, Sequence[PlacedSegment]], None]
# A correction is recognised by its bold type, the prompt and plain text by having no cue.
_CUES: Mapping[StreamFate, _Cue] = {
    "accepted": StreamPainter._underline,
    "unverified": StreamPainter._wave,
    "bonus": StreamPainter._dot_above,
    "rejected": StreamPainter._strike,
    "untested": StreamPainter._dots_below,
    "plain": StreamPainter._tick,
}
# The target's own token in a round without a proposal needs no line: the text of plain decoding has none either.
_READING_CUES: Mapping[StreamFate, _Cue] = {
    "accepted": StreamPainter._underline,
    "unverified": StreamPainter._wave,
    "correction": StreamPainter._double_underline,
    "bonus": StreamPainter._dots_below,
}
