"""How tokens are painted: fonts, widths, and each fate's colour and second cue; knows no widget."""

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
_SHAPES_KEPT = 4096
_SPACE = "·"


class Placed(msgspec.Struct, frozen=True, gc=False):
    """A segment and where its text begins in the view."""

    x: float
    baseline: float
    width: float
    text: str
    token: int


class _Shape(msgspec.Struct, frozen=True, gc=False):
    """A text made ready to paint. indent, ascent: from where the token begins to where its letters are put.

    overflows: it reaches out of its line and must be cut there."""

    letters: QStaticText
    indent: float
    ascent: float
    overflows: bool


class StreamPainter:
    """Fonts made from one base font, and painting with them, fate by fate: pens are set once a fate."""

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
        self._shaped = lru_cache(maxsize=_SHAPES_KEPT)(self._shape)

    def measure(self, text: str, bold: bool) -> float:
        """Width of a text, remembered: a vocabulary is small."""
        width = self._widths[bold].get(text)
        if width is None:
            width = (self._bold_metrics if bold else self.metrics).horizontalAdvance(text)
            self._widths[bold][text] = width
        return width

    @property
    def bar_height(self) -> int:
        """Height of a bar of the x-ray."""
        return round(self.stroke) + 1

    def make_room(self, for_bars: bool) -> None:
        """Set the lines apart for bars under them; where tokens stand on their lines stays."""
        self.line_height = self.bare_height + (self.bar_height + round(self.stroke)) * for_bars

    def gap(self, fate: StreamFate, *, begins_word: bool) -> float:
        """Room before a token: none in the prompt, which has no marks to tell apart."""
        return 0.0 if fate == "prompt" else GAP if begins_word else JOINED_GAP

    def box(self, placed: Placed) -> QRectF:
        """The room of a token's text."""
        top = placed.baseline - self.metrics.ascent() - theme.HALF
        return QRectF(placed.x - 1, top, placed.width + 2, self.metrics.height() + theme.GRID)

    def placed(self, lines: StreamLayout, top: int, rect: QRect) -> list[Placed]:
        """The segments on the lines that a part of the view touches; top: where the first line begins."""
        first = max(0, (rect.top() - top) // self.line_height)
        last = min(lines.n_lines - 1, (rect.bottom() - top) // self.line_height)
        found: list[Placed] = []
        for line in range(first, last + 1):
            baseline = top + line * self.line_height + self.rise
            found += [Placed(MARGIN + s.x, baseline, s.width, s.text, s.token) for s in lines.line(line)]
        return found

    def paint(self, painter: QPainter, fate: StreamFate, some: Sequence[Placed]) -> None:
        """Paint tokens of one fate: their text, their spaces, their cue."""
        colour = theme.fate_colour(fate)
        self._paint_texts(painter, some, colour, bold=fate == "correction")
        cue = _CUES.get(fate)
        if cue is not None:
            cue(self, painter, colour, some)

    def paint_note(self, painter: QPainter, room: QRect, text: str) -> None:
        """Paint what is said where there is no token."""
        painter.setPen(QColor(theme.current().muted))
        painter.setFont(self.font)
        within = room.adjusted(MARGIN, MARGIN, -MARGIN, -MARGIN)
        painter.drawText(within, Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextWordWrap, text)

    def _paint_texts(self, painter: QPainter, some: Sequence[Placed], colour: QColor, *, bold: bool) -> None:
        painter.setPen(colour)
        painter.setFont(self.bold if bold else self.font)
        shaped, draw = self._shaped, painter.drawStaticText
        for placed in some:
            shape = shaped(placed.text, bold)
            at = QPointF(placed.x + shape.indent, placed.baseline - shape.ascent)
            if shape.overflows:
                self._paint_cut(painter, at, placed, shape)
            else:
                draw(at, shape.letters)
        # The mark of a space is there to be counted, not read: a small point.
        side, drop = (self._dot_widths[bold] - self.stroke) / 2, round(self.metrics.xHeight() / 2) + self.stroke / 2
        spaces = [
            QRectF(placed.x + side, placed.baseline - drop, self.stroke, self.stroke)
            for placed in some
            if placed.text[0] == _SPACE
        ]
        _fill(painter, theme.blend(colour, QColor(theme.current().base), 0.55), spaces)

    def _paint_cut(self, painter: QPainter, at: QPointF, placed: Placed, shape: _Shape) -> None:
        painter.save()
        room = QRectF(placed.x, placed.baseline - self.rise, placed.width + 1, self.line_height)
        painter.setClipRect(room, Qt.ClipOperation.IntersectClip)
        painter.drawStaticText(at, shape.letters)
        painter.restore()

    def _shape(self, text: str, bold: bool) -> _Shape:
        """Shape the letters of a token, the mark of its leading space apart."""
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

    # The cues: what tells a fate without its colour

    def _underline(self, painter: QPainter, colour: QColor, some: Sequence[Placed]) -> None:
        _fill(painter, colour, self._rules(some, 2 * self.stroke))

    def _strike(self, painter: QPainter, colour: QColor, some: Sequence[Placed]) -> None:
        rise = round(self.metrics.xHeight() / 2)
        _fill(painter, colour, self._rules(some, -rise))

    def _dots_below(self, painter: QPainter, colour: QColor, some: Sequence[Placed]) -> None:
        size = round(self.stroke)
        tile = QPixmap(2 * size, 1)
        tile.fill(Qt.GlobalColor.transparent)
        with_dot = QPainter(tile)
        with_dot.fillRect(0, 0, size, 1, colour)
        with_dot.end()
        _fill(painter, QBrush(tile), self._rules(some, 2 * self.stroke))

    def _dot_above(self, painter: QPainter, colour: QColor, some: Sequence[Placed]) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        rise, radius = self.metrics.ascent() + 1, 1.1 * self.stroke
        for placed in some:
            above = QPointF(placed.x + placed.width / 2, placed.baseline - rise)
            painter.drawEllipse(above, radius, radius)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def _wave(self, painter: QPainter, colour: QColor, some: Sequence[Placed]) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(colour, 0.8 * self.stroke))
        step = 1.5 * self.stroke
        for placed in some:
            middle = placed.baseline + 2.5 * self.stroke
            n_steps = max(2, int(placed.width / step))
            wave = [QPointF(placed.x + i * step, middle + (step if i % 2 else -step) / 2) for i in range(n_steps + 1)]
            painter.drawPolyline(QPolygonF(wave))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def _tick(self, painter: QPainter, colour: QColor, some: Sequence[Placed]) -> None:
        size = self.stroke
        _fill(painter, colour, [QRectF(placed.x, placed.baseline + size, size / 2, 3 * size) for placed in some])

    def _rules(self, some: Sequence[Placed], drop: float) -> list[QRectF]:
        height = self.stroke
        return [QRectF(placed.x, placed.baseline + drop, placed.width, height) for placed in some]


def _fill(painter: QPainter, with_: QColor | QBrush, rects: Sequence[QRectF]) -> None:
    if rects:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(with_)
        painter.drawRects(rects)
        painter.setBrush(Qt.BrushStyle.NoBrush)


_Cue = Callable[[StreamPainter, QPainter, QColor, Sequence[Placed]], None]
# A correction is told by its bold type, the prompt by having no mark at all.
_CUES: Mapping[StreamFate, _Cue] = {
    "accepted": StreamPainter._underline,
    "unverified": StreamPainter._wave,
    "bonus": StreamPainter._dot_above,
    "rejected": StreamPainter._strike,
    "untested": StreamPainter._dots_below,
    "plain": StreamPainter._tick,
}
