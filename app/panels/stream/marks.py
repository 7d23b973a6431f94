"""Marks of the stream, painted under the text: the selected round and token, a range, search matches, the X-ray."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from app import theme
from app.panels.stream.painter import PlacedSegment, StreamPainter
from app.panels.stream.text import Search, TextMatch
from app.panels.stream.tokens import Record, StreamToken
from app.text.shown_text import visible
from engine.events import ProposedToken

_N_TINTS = 10
_PLATE_TINT = 0.14


class StreamMarks:
    """Marks on the tokens of one stream. current and range are indexes of its `tokens`.

    gate: whether the bars below the tokens show what a gate gave them, instead of the X-ray."""

    def __init__(self) -> None:
        self.round: int | None = None
        self.current: int | None = None
        self.range: tuple[int, int] | None = None
        self.search: Search | None = None
        self.search_at = 0
        self.x_ray = False
        self.greedy = False
        self.gate = False
        self.threshold: float | None = None

    @property
    def has_bars(self) -> bool:
        """Whether bars are painted below the tokens."""
        return self.x_ray or self.gate

    def forget(self) -> None:
        """Remove all marks except the X-ray."""
        self.round = self.current = self.range = self.search = None

    def paint(
        self, painter: QPainter, ink: StreamPainter, tokens: Sequence[StreamToken], segments: Sequence[PlacedSegment]
    ) -> None:
        """Paint the marks of some segments."""
        paint_controls(painter, ink, [segment for segment in segments if tokens[segment.token].control])
        self._paint_round(painter, ink, tokens, segments)
        if self.range is not None:
            first, last = self.range
            in_range = [
                segment for segment in segments if first <= segment.token <= last and not tokens[segment.token].is_ghost
            ]
            _paint_range(painter, ink, in_range, self.range)
        if self.gate:
            _paint_x_ray(painter, ink, tokens, segments, value=gate_prob)
            if self.threshold is not None:
                _paint_threshold(
                    painter, ink, [s for s in segments if gate_prob(tokens[s.token].record) is not None], self.threshold
                )
        elif self.x_ray:
            _paint_x_ray(painter, ink, tokens, segments, value=target_prob if self.greedy else acceptance)
        if self.search is not None and segments:
            self._paint_matches(painter, ink, tokens, segments)

    def _paint_round(
        self, painter: QPainter, ink: StreamPainter, tokens: Sequence[StreamToken], segments: Sequence[PlacedSegment]
    ) -> None:
        """Paint a tint under the selected round's tokens, and a frame around the selected token."""
        if self.round is None and self.current is None:
            return
        tint_colour, accent = QColor(theme.current().chosen), QPen(QColor(theme.current().accent), 1.5)
        for segment in segments:
            token = tokens[segment.token]
            if token.record is not None and token.round == self.round:
                painter.fillRect(ink.box(segment), tint_colour)
            if segment.token == self.current:
                painter.setPen(accent)
                painter.drawRoundedRect(ink.box(segment), theme.HALF, theme.HALF)

    def _paint_matches(
        self, painter: QPainter, ink: StreamPainter, tokens: Sequence[StreamToken], segments: Sequence[PlacedSegment]
    ) -> None:
        """Paint a frame around each match, a thicker one around the current match."""
        assert self.search is not None
        current_match = self.search.found(self.search_at) if len(self.search.starts) else None
        kept_segments = [segment for segment in segments if not tokens[segment.token].is_ghost]
        for match in self.search.within(segments[0].token, segments[-1].token):
            painter.setPen(QPen(QColor(theme.current().found), 3.0 if match == current_match else 1.3))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            for segment in kept_segments:
                if match.first <= segment.token <= match.last:
                    painter.drawRect(_match_rect(ink, self.search, tokens[segment.token], segment, match))


def paint_controls(painter: QPainter, ink: StreamPainter, segments: Sequence[PlacedSegment]) -> None:
    """Paint a plate with an edge under each control token, which the same characters in a text never have."""
    if not segments:
        return
    colours = theme.current()
    painter.setPen(QPen(QColor(colours.muted), 1))
    painter.setBrush(theme.blend(QColor(colours.muted), QColor(colours.base), _PLATE_TINT))
    for segment in segments:
        painter.drawRoundedRect(ink.box(segment).adjusted(0.5, 1.5, -0.5, -1.5), theme.HALF, theme.HALF)
    painter.setBrush(Qt.BrushStyle.NoBrush)


def _match_rect(
    ink: StreamPainter, search: Search, token: StreamToken, segment: PlacedSegment, match: TextMatch
) -> QRectF:
    """The rectangle of a token's part in a match; all of the token if it is split or displayed differently."""
    box = ink.box(segment)
    if segment.text != token.shown or visible(token.text) != token.shown:
        return box
    token_start = search.kept.start_of(segment.token)
    bold = token.fate == "correction"
    start = ink.measure(visible(token.text[: max(0, match.start - token_start)]), bold)
    end = ink.measure(visible(token.text[: max(0, match.end - token_start)]), bold)
    return QRectF(box.left() + start, box.top(), min(end, box.width()) - start + 2, box.height())


def _paint_range(
    painter: QPainter, ink: StreamPainter, segments: Sequence[PlacedSegment], ends: tuple[int, int]
) -> None:
    """Paint a tint with a line above and below, and a bar at each end."""
    accent = QColor(theme.current().accent)
    for segment in segments:
        box = ink.box(segment)
        painter.fillRect(box, QColor(theme.current().marked))
        painter.fillRect(QRectF(box.left(), box.top(), box.width(), 1), accent)
        painter.fillRect(QRectF(box.left(), box.bottom() - 1, box.width(), 1), accent)
        if segment.token == ends[0]:
            painter.fillRect(QRectF(box.left(), box.top(), 2, box.height()), accent)
        if segment.token == ends[1]:
            painter.fillRect(QRectF(box.right() - 2, box.top(), 2, box.height()), accent)


def _paint_x_ray(
    painter: QPainter,
    ink: StreamPainter,
    tokens: Sequence[StreamToken],
    segments: Sequence[PlacedSegment],
    *,
    value: Callable[[Record | None], float | None],
) -> None:
    """Paint a line under each token that has a value from 0 to 1, and on it a bar of that length and strength."""
    bars: list[list[QRectF]] = [[] for _ in range(_N_TINTS + 1)]
    height = ink.bar_height
    top = ink.line_height - ink.rise - height - 1
    for segment in segments:
        prob = value(tokens[segment.token].record)
        if prob is not None:
            x, y, width = segment.x, segment.baseline + top, segment.width
            bars[0].append(QRectF(x, y + height - 1, width, 1))
            bars[round(prob * _N_TINTS)].append(QRectF(x, y, width * prob, height))
    painter.setPen(Qt.PenStyle.NoPen)
    for number, rects in enumerate(bars):
        if rects:
            painter.setBrush(tint(number / _N_TINTS))
            painter.drawRects(rects)
    painter.setBrush(Qt.BrushStyle.NoBrush)


def _paint_threshold(
    painter: QPainter, ink: StreamPainter, segments: Sequence[PlacedSegment], threshold: float
) -> None:
    """Paint a tick across each bar at the threshold: a bar that ends before it is of a token that the gate stopped."""
    height = ink.bar_height + 3
    top = ink.line_height - ink.rise - height
    colour = QColor(theme.current().text)
    for segment in segments:
        x = segment.x + min(max(threshold, 0.0), 1.0) * (segment.width - 1)
        painter.fillRect(QRectF(x, segment.baseline + top, 1, height), colour)


def gate_prob(record: Record | None) -> float | None:
    """The probability that a gate gave a drafted token; None where there was no gate."""
    if not isinstance(record, ProposedToken) or record.gate is None:
        return None
    return min(1.0, max(0.0, record.gate))


def acceptance(record: Record | None) -> float | None:
    """The probability with which a proposed token is kept; None if it was not proposed."""
    if not isinstance(record, ProposedToken):
        return None
    return min(1.0, max(0.0, record.accept_prob if record.prefix_prob is None else record.prefix_prob))


def target_prob(record: Record | None) -> float | None:
    """The target's probability of a token; None in the prompt."""
    return None if record is None else min(1.0, max(0.0, record.p))


def tint(prob: float) -> QColor:
    """The colour of an acceptance probability."""
    return theme.blend(QColor(theme.current().trusted), QColor(theme.current().doubted), prob)
