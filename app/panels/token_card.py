"""The card of one token: its probabilities, the draw that decided, and the top five of both models as paired bars."""

from typing import NamedTuple

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from app import theme, words
from app.panels.stream_marks import acceptance
from app.panels.stream_tokens import StreamToken
from app.panels.stream_words import fate_name
from app.shown_text import visible
from engine.events import Candidate, LastToken, ProposedToken

_LONGEST = 40
_WIDTH_IN_CHARACTERS = 60


class _Bar(NamedTuple):
    text: str
    p: float | None
    q: float | None


class TokenCard(QWidget):
    """Lies over the stream and lets the mouse through."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._over = parent
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()
        self.facts: tuple[tuple[str, str], ...] = ()
        self._title = ""
        self._bars: list[_Bar] = []
        self._has_drafter = False

    def show_token(self, token: StreamToken, beside: QRect) -> None:
        """Describe a token, below it or above where there is no room."""
        if token.record is None:
            self.hide()
            return
        self._title = visible(token.record.text, longest=_LONGEST)
        self.facts = self._facts(token)
        self._bars = _paired(token.record)
        self._has_drafter = bool(token.record.top_q)
        self.setAccessibleName("; ".join(f"{name} {value}" for name, value in self.facts))
        self.resize(self._wanted())
        self.move(self._place(beside))
        self.show()
        self.raise_()
        self.update()

    def _facts(self, token: StreamToken) -> tuple[tuple[str, str], ...]:
        record = token.record
        assert record is not None
        shown = [
            (self.tr("fate"), fate_name(token.fate)),
            (self.tr("id"), str(record.id)),
            ("p", _probability(record.p)),
        ]
        if isinstance(record, ProposedToken):
            drawn = self.tr("none (greedy)") if record.u is None else f"{record.u:.3f}"
            if token.fate == "untested":
                drawn = self.tr("not reached")
            shown += [
                ("q", _probability(record.q)),
                ("min(1, p/q)", _probability(acceptance(record))),
                (self.tr("accepted with"), _probability(record.accept_prob)),
                (self.tr("draw u"), drawn),
            ]
        elif record.rank is not None:
            shown.append((self.tr("rank in the draft"), str(record.rank + 1)))
        return tuple(shown)

    def _wanted(self) -> QSize:
        n_lines = 1 + (len(self.facts) + 1) // 2 + (1 + len(self._bars) if self._bars else 0)
        width = QFontMetrics(self.font()).averageCharWidth() * _WIDTH_IN_CHARACTERS
        return QSize(width, n_lines * self._line() + 3 * theme.GRID + theme.GRID * bool(self._bars))

    def _line(self) -> int:
        return QFontMetrics(self.font()).height() + theme.HALF

    def _place(self, beside: QRect) -> QPoint:
        """Below the token; above it, or as low as there is room, where that does not fit."""
        room = self._over.rect()
        x = max(theme.GRID, min(beside.left(), room.right() - self.width() - theme.GRID))
        below = beside.bottom() + theme.HALF
        above = beside.top() - self.height() - theme.HALF
        if below + self.height() <= room.bottom():
            return QPoint(x, below)
        return QPoint(x, above if above >= 0 else max(0, room.bottom() - self.height()))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        """Paint the sheet, the facts, the bars."""
        colours, painter = theme.current(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(colours.line), 1))
        painter.setBrush(QColor(colours.window))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), theme.GRID, theme.GRID)
        y = 2 * theme.GRID - theme.HALF
        painter.setFont(theme.scaled(self.font(), 1.1, bold=True))
        self._text(
            painter, QRect(2 * theme.GRID, y, self.width() - 4 * theme.GRID, self._line()), self._title, colours.text
        )
        painter.setFont(theme.tabular(self.font()))
        y = self._paint_facts(painter, y + self._line())
        if self._bars:
            self._paint_bars(painter, y + theme.GRID)
        painter.end()

    def _paint_facts(self, painter: QPainter, top: int) -> int:
        """Two columns of names and values; returns where they end."""
        colours, left, line = theme.current(), 2 * theme.GRID, self._line()
        half = (self.width() - 2 * left) // 2
        n_rows = (len(self.facts) + 1) // 2
        for number, (name, value) in enumerate(self.facts):
            x, y = left + half * (number // n_rows), top + line * (number % n_rows)
            self._text(painter, QRect(x, y, half - theme.GRID, line), name, colours.muted)
            offset = painter.fontMetrics().horizontalAdvance(name + "  ")
            self._text(painter, QRect(x + offset, y, half - offset, line), value, colours.text)
        return top + n_rows * line

    def _paint_bars(self, painter: QPainter, y: int) -> None:
        """A row a candidate: its text, the target's bar and figure, the drafter's bar and figure."""
        colours, left, line = theme.current(), 2 * theme.GRID, self._line()
        name = (self.width() - 2 * left) // 4
        width = (self.width() - 2 * left - name) // 2
        at = (left + name, left + name + width)
        self._text(painter, QRect(at[0], y, width, line), self.tr("target p"), colours.muted)
        if self._has_drafter:
            self._text(painter, QRect(at[1], y, width, line), self.tr("drafter q"), colours.muted)
        for bar in self._bars:
            y += line
            self._text(painter, QRect(left, y, name - theme.GRID, line), bar.text, colours.text)
            self._bar(painter, QRect(at[0], y, width - theme.GRID, line), bar.p, colours.bar_p)
            if self._has_drafter:
                self._bar(painter, QRect(at[1], y, width - theme.GRID, line), bar.q, colours.bar_q)

    def _bar(self, painter: QPainter, room: QRect, value: float | None, colour: str) -> None:
        figure = QFontMetrics(painter.font()).horizontalAdvance("0.000 ")
        self._text(
            painter, QRect(room.left(), room.top(), figure, room.height()), _probability(value), theme.current().text
        )
        if value:
            width = max(1.0, value * (room.width() - figure))
            at = QRectF(room.left() + figure, room.top() + room.height() / 4, width, room.height() / 2)
            painter.fillRect(at, QColor(colour))

    def _text(self, painter: QPainter, room: QRect, text: str, colour: str) -> None:
        painter.setPen(QColor(colour))
        shown = QFontMetrics(painter.font()).elidedText(text, Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)


def _probability(value: float | None) -> str:
    if value is None:
        return words.UNKNOWN
    return "<.001" if 0 < value < 0.0005 else f"{value:.3f}"


def _paired(record: ProposedToken | LastToken) -> list[_Bar]:
    """The union of both top lists, in the target's order and then the drafter's."""
    p, q = _by_id(record.top_p), _by_id(record.top_q)
    ids = list(dict.fromkeys((*p, *q)))
    return [_Bar(_candidate_text(p.get(i) or q[i]), _prob(p.get(i)), _prob(q.get(i))) for i in ids]


def _by_id(candidates: tuple[Candidate, ...]) -> dict[int, Candidate]:
    return {candidate.id: candidate for candidate in candidates}


def _prob(candidate: Candidate | None) -> float | None:
    return None if candidate is None else candidate.prob


def _candidate_text(candidate: Candidate) -> str:
    return visible(candidate.text, longest=_LONGEST)
