"""How tokens are painted: fonts, widths, and each fate's colour and second cue; knows no widget and no layout."""

from collections.abc import Sequence
from typing import NamedTuple

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen

from app import theme
from app.panels.stream_layout import Segment
from app.theme import StreamFate

MARGIN = 2 * theme.GRID


class Placed(NamedTuple):
    """A segment and the height of its line's baseline in the view."""

    segment: Segment
    baseline: float


class StreamPainter:
    """Fonts made from one base font, and painting with them, fate by fate: pens are set once a fate."""

    def __init__(self, base: QFont) -> None:
        self.font = theme.scaled(base, theme.STREAM_SCALE)
        self.bold = theme.scaled(base, theme.STREAM_SCALE, bold=True)
        self.metrics = QFontMetricsF(self.font)
        self.line_height = round(self.metrics.height() * theme.LINE_SCALE)
        self._bold_metrics = QFontMetricsF(self.bold)
        self._dot_width = self.metrics.horizontalAdvance("·")
        self._widths: dict[tuple[str, bool], float] = {}

    def measure(self, text: str, bold: bool) -> float:
        """Width of a text, remembered: a vocabulary is small."""
        key = (text, bold)
        if key not in self._widths:
            self._widths[key] = (self._bold_metrics if bold else self.metrics).horizontalAdvance(text)
        return self._widths[key]

    @property
    def rise(self) -> float:
        """From the top of a line to its baseline."""
        return (self.line_height + self.metrics.ascent() - self.metrics.descent()) / 2

    def mark(self, painter: QPainter, placed: Sequence[Placed], current: int | None) -> None:
        """A tint under the selected round's tokens, and a frame around the selected one."""
        chosen, accent = QColor(theme.current().chosen), QPen(QColor(theme.current().accent), 1.5)
        for segment, baseline in placed:
            rect = self._box(segment, baseline)
            painter.fillRect(rect, chosen)
            if segment.token == current:
                painter.setPen(accent)
                painter.drawRoundedRect(rect, theme.HALF, theme.HALF)

    def _box(self, segment: Segment, baseline: float) -> QRectF:
        top = baseline - self.metrics.ascent() - theme.HALF
        height = self.metrics.height() + theme.GRID
        return QRectF(MARGIN + segment.x - 1, top, segment.width + 2, height)

    def paint(self, painter: QPainter, fate: StreamFate, placed: Sequence[Placed]) -> None:
        """Paint tokens of one fate: their text, their spaces, their cue."""
        colour = theme.fate_colour(fate)
        painter.setPen(colour)
        painter.setFont(self.bold if fate == "correction" else self.font)
        spaces: list[QPointF] = []
        for segment, baseline in placed:
            x, text = MARGIN + segment.x, segment.text
            if text.startswith("·"):
                # The mark of a space is there to be counted, not read: a small point.
                spaces.append(QPointF(x + self._dot_width / 2, baseline - self.metrics.xHeight() / 2))
                x, text = x + self.measure("·", fate == "correction"), text[1:]
            painter.drawText(QPointF(x, baseline), text)
        painter.setPen(QPen(theme.blend(colour, QColor(theme.current().base), 0.55), 2, c=Qt.PenCapStyle.RoundCap))
        painter.drawPoints(spaces)
        self._paint_cue(painter, fate, placed)

    def _paint_cue(self, painter: QPainter, fate: StreamFate, placed: Sequence[Placed]) -> None:
        """The second cue, so that no fate is told by colour alone."""
        colour = theme.fate_colour(fate)
        if fate == "bonus":
            painter.setBrush(colour)
            painter.setPen(Qt.PenStyle.NoPen)
            for segment, baseline in placed:
                above = baseline - self.metrics.ascent() - 1
                painter.drawEllipse(QPointF(MARGIN + segment.x + segment.width / 2, above), 2.2, 2.2)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            return
        drop = {"accepted": 4.0, "untested": 4.0, "rejected": -self.metrics.xHeight() / 2}.get(fate)
        if drop is None:
            return
        style = Qt.PenStyle.DotLine if fate == "untested" else Qt.PenStyle.SolidLine
        painter.setPen(QPen(colour, 1.6, style, Qt.PenCapStyle.FlatCap))
        painter.drawLines([
            QLineF(MARGIN + s.x, baseline + drop, MARGIN + s.x + s.width, baseline + drop) for s, baseline in placed
        ])  # fmt: skip
