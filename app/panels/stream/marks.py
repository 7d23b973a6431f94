"""What is marked in the stream: the selected round, a range, what was found, the x-ray; paints it under the text."""

from collections.abc import Sequence

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from app import theme
from app.panels.stream.painter import Placed, StreamPainter
from app.panels.stream.text import Search, TextMatch
from app.panels.stream.tokens import Record, StreamToken
from app.text.shown_text import visible
from engine.events import ProposedToken

_N_TINTS = 10


class StreamMarks:
    """Marks over the tokens of one stream. Indexes are those of `tokens`."""

    def __init__(self) -> None:
        self.round: int | None = None
        self.current: int | None = None
        self.range: tuple[int, int] | None = None
        self.search: Search | None = None
        self.search_at = 0
        self.x_ray = False

    def forget(self) -> None:
        """Mark nothing; the x-ray stays on."""
        self.round = self.current = self.range = self.search = None

    def paint(
        self, painter: QPainter, ink: StreamPainter, tokens: Sequence[StreamToken], some: Sequence[Placed]
    ) -> None:
        """Paint what is marked among some tokens."""
        self._paint_round(painter, ink, tokens, some)
        if self.range is not None:
            first, last = self.range
            held = [p for p in some if first <= p.token <= last and not tokens[p.token].is_ghost]
            _paint_range(painter, ink, held, self.range)
        if self.x_ray:
            _paint_x_ray(painter, ink, tokens, some)
        if self.search is not None and some:
            self._paint_found(painter, ink, tokens, some)

    def _paint_round(
        self, painter: QPainter, ink: StreamPainter, tokens: Sequence[StreamToken], some: Sequence[Placed]
    ) -> None:
        """A tint under the selected round's tokens, and a frame around the selected one."""
        if self.round is None and self.current is None:
            return
        chosen, accent = QColor(theme.current().chosen), QPen(QColor(theme.current().accent), 1.5)
        for placed in some:
            token = tokens[placed.token]
            if token.record is not None and token.round == self.round:
                painter.fillRect(ink.box(placed), chosen)
            if placed.token == self.current:
                painter.setPen(accent)
                painter.drawRoundedRect(ink.box(placed), theme.HALF, theme.HALF)

    def _paint_found(
        self, painter: QPainter, ink: StreamPainter, tokens: Sequence[StreamToken], some: Sequence[Placed]
    ) -> None:
        """A frame around each find; the one it is at has a thicker frame."""
        assert self.search is not None
        at = self.search.found(self.search_at) if len(self.search.starts) else None
        kept = [placed for placed in some if not tokens[placed.token].is_ghost]
        for found in self.search.within(some[0].token, some[-1].token):
            painter.setPen(QPen(QColor(theme.current().found), 3.0 if found == at else 1.3))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            for placed in kept:
                if found.first <= placed.token <= found.last:
                    painter.drawRect(_part(ink, self.search, tokens[placed.token], placed, found))


def _part(ink: StreamPainter, search: Search, token: StreamToken, placed: Placed, found: TextMatch) -> QRectF:
    """The room of as much of a token as belongs to a find; all of a token that is shown in pieces or otherwise."""
    box = ink.box(placed)
    if placed.text != token.shown or visible(token.text) != token.shown:
        return box
    begin = search.kept.start_of(placed.token)
    bold = token.fate == "correction"
    before = ink.measure(visible(token.text[: max(0, found.start - begin)]), bold)
    upto = ink.measure(visible(token.text[: max(0, found.end - begin)]), bold)
    return QRectF(box.left() + before, box.top(), min(upto, box.width()) - before + 2, box.height())


def _paint_range(painter: QPainter, ink: StreamPainter, some: Sequence[Placed], ends: tuple[int, int]) -> None:
    """A tint with a rule above and below, and a bar at each end."""
    accent = QColor(theme.current().accent)
    for placed in some:
        box = ink.box(placed)
        painter.fillRect(box, QColor(theme.current().marked))
        painter.fillRect(QRectF(box.left(), box.top(), box.width(), 1), accent)
        painter.fillRect(QRectF(box.left(), box.bottom() - 1, box.width(), 1), accent)
        if placed.token == ends[0]:
            painter.fillRect(QRectF(box.left(), box.top(), 2, box.height()), accent)
        if placed.token == ends[1]:
            painter.fillRect(QRectF(box.right() - 2, box.top(), 2, box.height()), accent)


def _paint_x_ray(painter: QPainter, ink: StreamPainter, tokens: Sequence[StreamToken], some: Sequence[Placed]) -> None:
    """Under each proposed token a rule, and on it a bar as long and as dark as the token is likely to be accepted."""
    bars: list[list[QRectF]] = [[] for _ in range(_N_TINTS + 1)]
    height = ink.bar_height
    top = ink.line_height - ink.rise - height - 1
    for placed in some:
        chance = acceptance(tokens[placed.token].record)
        if chance is not None:
            x, y, width = placed.x, placed.baseline + top, placed.width
            bars[0].append(QRectF(x, y + height - 1, width, 1))
            bars[round(chance * _N_TINTS)].append(QRectF(x, y, width * chance, height))
    painter.setPen(Qt.PenStyle.NoPen)
    for number, rects in enumerate(bars):
        if rects:
            painter.setBrush(tint(number / _N_TINTS))
            painter.drawRects(rects)
    painter.setBrush(Qt.BrushStyle.NoBrush)


def acceptance(record: Record | None) -> float | None:
    """The probability with which a proposed token was to be accepted; None for what was not proposed."""
    return min(1.0, max(0.0, record.accept_prob)) if isinstance(record, ProposedToken) else None


def tint(chance: float) -> QColor:
    """The colour of an acceptance probability."""
    return theme.blend(QColor(theme.current().trusted), QColor(theme.current().doubted), chance)
