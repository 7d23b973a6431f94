"""The card of one token: its probabilities, the draw that decided, and the top five of both models as paired bars."""

from typing import NamedTuple

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from app import theme
from app.panels.stream.tokens import StreamToken
from app.panels.stream.words import fate_name
from app.text.shown_text import visible
from app.theme import StreamFate
from app.words import quantities
from engine.events import Candidate, LastToken, ProposedToken

_LONGEST = 40
_WIDTH_IN_CHARACTERS = 66
_COLUMNS = 3
# A candidate below that in both models has no bar to be seen.
_SEEN = 0.005


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
        self._rule = ""
        self._bars: list[_Bar] = []
        self._has_drafter = False

    def show_token(self, token: StreamToken, beside: QRect) -> None:
        """Describe a token beside its line, never over it: with fewer candidates where there is little room."""
        if token.record is None:
            self.hide()
            return
        self._title = visible(token.record.text, longest=_LONGEST)
        self.facts = self._facts(token)
        self._rule = self.tr("Greedy: kept only if it is the target's first choice.") if _is_greedy(token) else ""
        self._bars = _paired(token.record)
        self._has_drafter = bool(token.record.top_q)
        said = [f"{name} {value}" for name, value in self.facts] + [self._rule] * bool(self._rule)
        self.setAccessibleName("; ".join(said))
        self._fit(max(beside.top(), self._over.height() - beside.bottom()) - theme.GRID)
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
            shown.append(("q", _probability(record.q)))
            shown += self._decision(token.fate, record)
        elif record.rank is not None:
            shown.append((self.tr("rank in the draft"), str(record.rank + 1)))
        return tuple(shown)

    def _decision(self, fate: StreamFate, record: ProposedToken) -> list[tuple[str, str]]:
        """What the keeping of a proposed token hung on; in greedy mode no draw, and no ratio either."""
        if record.u is None:
            return [(self.tr("draw u"), self.tr("none"))]
        drawn = self.tr("not reached") if fate == "untested" else f"{record.u:.3f}"
        return [("min(1, p/q)", _probability(record.accept_prob)), (self.tr("draw u"), drawn)]

    def _fit(self, height: int) -> None:
        """Leave out the last candidates where the card would be too high."""
        while self._bars and self._wanted().height() > height:
            self._bars.pop()

    def _wanted(self) -> QSize:
        n_lines = 1 + self._n_fact_rows() + bool(self._rule) + (1 + len(self._bars) if self._bars else 0)
        width = QFontMetrics(self.font()).averageCharWidth() * _WIDTH_IN_CHARACTERS
        return QSize(width, n_lines * self._line() + 2 * theme.GRID + theme.HALF * bool(self._bars))

    def _n_fact_rows(self) -> int:
        return -(-len(self.facts) // _COLUMNS)

    def _line(self) -> int:
        return QFontMetrics(self.font()).height() + theme.HALF // 2

    def _place(self, beside: QRect) -> QPoint:
        """Below the token or above it, wherever it fits; where it fits nowhere, on the side with more room."""
        room = self._over.rect()
        x = max(theme.GRID, min(beside.left(), room.right() - self.width() - theme.GRID))
        below = beside.bottom() + theme.HALF
        above = beside.top() - self.height() - theme.HALF
        if below + self.height() <= room.bottom() + 1:
            return QPoint(x, below)
        return QPoint(x, above if above >= 0 or beside.top() > room.bottom() - beside.bottom() else below)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        """Paint the sheet, the facts, the bars."""
        colours, painter = theme.current(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(colours.edge), 1))
        painter.setBrush(QColor(colours.window))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), theme.GRID, theme.GRID)
        y = theme.GRID
        painter.setFont(theme.scaled(self.font(), 1.1, bold=True))
        self._text(
            painter, QRect(2 * theme.GRID, y, self.width() - 4 * theme.GRID, self._line()), self._title, colours.text
        )
        painter.setFont(theme.tabular(self.font()))
        y = self._paint_facts(painter, y + self._line())
        if self._bars:
            self._paint_bars(painter, y + theme.HALF)
        painter.end()

    def _paint_facts(self, painter: QPainter, top: int) -> int:
        """Names and values in columns, row by row, and the rule below; returns where they end."""
        colours, left, line = theme.current(), 2 * theme.GRID, self._line()
        column = (self.width() - 2 * left) // _COLUMNS
        for number, (name, value) in enumerate(self.facts):
            x, y = left + column * (number % _COLUMNS), top + line * (number // _COLUMNS)
            self._text(painter, QRect(x, y, column - theme.GRID, line), name, colours.muted)
            offset = painter.fontMetrics().horizontalAdvance(name + "  ")
            self._text(painter, QRect(x + offset, y, column - offset, line), value, colours.text)
        end = top + self._n_fact_rows() * line
        if self._rule:
            self._text(painter, QRect(left, end, self.width() - 2 * left, line), self._rule, colours.text)
        return end + line * bool(self._rule)

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


def _is_greedy(token: StreamToken) -> bool:
    record = token.record
    return isinstance(record, ProposedToken) and record.u is None and token.fate != "unverified"


def _probability(value: float | None) -> str:
    if value is None:
        return quantities.UNKNOWN
    return "<.001" if 0 < value < 0.0005 else f"{value:.3f}"


def _paired(record: ProposedToken | LastToken) -> list[_Bar]:
    """The union of both top lists, in the target's order and then the drafter's, without what has no bar to be seen."""
    p, q = _by_id(record.top_p), _by_id(record.top_q)
    found = dict.fromkeys((*p, *q))
    ids = [i for i in found if i == record.id or max(_prob(p.get(i)) or 0.0, _prob(q.get(i)) or 0.0) >= _SEEN]
    return [_Bar(_candidate_text(p.get(i) or q[i]), _prob(p.get(i)), _prob(q.get(i))) for i in ids]


def _by_id(candidates: tuple[Candidate, ...]) -> dict[int, Candidate]:
    return {candidate.id: candidate for candidate in candidates}


def _prob(candidate: Candidate | None) -> float | None:
    return None if candidate is None else candidate.prob


def _candidate_text(candidate: Candidate) -> str:
    return visible(candidate.text, longest=_LONGEST)
