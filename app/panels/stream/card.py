"""Card of one token: its probabilities, the random draw, and the top candidates of both models as paired bars."""

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
from engine.sprinter.drift import would_fail

_MAX_CHARS = 40
_WIDTH_IN_CHARACTERS = 66
_N_COLUMNS = 3
# A candidate with a lower probability in both models would have no visible bar.
_MIN_VISIBLE_PROB = 0.005


class _Bar(NamedTuple):
    """A candidate. own: it is the token of the card."""

    own: bool
    text: str
    p: float | None
    q: float | None


class TokenCard(QWidget):
    """Overlay on the window that ignores the mouse: a low stream has no room for it beside the token's line."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._view = parent
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()
        self.facts: tuple[tuple[str, str], ...] = ()
        self._title = ""
        self._rule = ""
        self._bars: list[_Bar] = []
        self._has_drafter = False
        # Of the run on show; None where it has no gate.
        self.threshold: float | None = None

    def show_token(self, token: StreamToken, beside: QRect) -> None:
        """Describe a token beside its line, never over it, with fewer candidates if there is little space."""
        if token.record is None:
            self.hide()
            return
        self._title = visible(token.record.text, longest=_MAX_CHARS)
        self.facts = self._facts(token)
        self._rule = self.tr("Greedy: kept only if it is the target's first choice.") if _is_greedy(token) else ""
        self._bars = _paired_bars(token.record)
        self._has_drafter = bool(token.record.top_q)
        descriptions = [f"{name} {value}" for name, value in self.facts] + [self._rule] * bool(self._rule)
        self.setAccessibleName("; ".join(descriptions))
        window = self._view.window()
        if self.parentWidget() is not window:
            self.setParent(window)
        beside = QRect(self._view.mapTo(window, beside.topLeft()), beside.size())
        self._fit(max(beside.top(), window.height() - beside.bottom()) - theme.GRID)
        self.resize(self._needed_size())
        self.move(self._position(beside))
        self.show()
        self.raise_()
        self.update()

    def _facts(self, token: StreamToken) -> tuple[tuple[str, str], ...]:
        record = token.record
        assert record is not None
        facts = [(self.tr("target p"), _probability(record.p))]
        if isinstance(record, ProposedToken):
            facts.append((self.tr("drafter q"), _probability(record.q)))
            facts += self._odds(record)
            facts += self._gate_facts(record)
        facts.append((self.tr("fate"), fate_name(token.fate)))
        if isinstance(record, ProposedToken):
            facts.append((self.tr("draw u"), self._draw(token.fate, record)))
        elif record.rank is not None:
            facts.append((self.tr("rank in the draft"), str(record.rank + 1)))
        name = self.tr("{0}, a control token").format(record.id) if token.control else str(record.id)
        facts.append((self.tr("id"), name))
        return tuple(facts)

    def _gate_facts(self, record: ProposedToken) -> list[tuple[str, str]]:
        """What the gate gave the token, the threshold, and what an audit found."""
        if record.gate is None:
            return []
        facts = [(self.tr("gate"), _probability(record.gate))]
        if self.threshold is not None:
            facts.append((self.tr("threshold"), _probability(self.threshold)))
        if record.audited:
            facts.append((self.tr("audit"), self.tr("wrong") if would_fail(record) else self.tr("right")))
        return facts

    def _odds(self, record: ProposedToken) -> list[tuple[str, str]]:
        """What the draw is compared with; where tokens are judged together, also how probably the draft is kept so
        far."""
        if record.prefix_prob is None:
            return [("min(1, p/q)", _probability(_ratio(record)))]
        kept, odds = self.tr("kept up to here"), self.tr("u kept below")
        return [(kept, _probability(record.prefix_prob)), (odds, _probability(record.accept_prob))]

    def _draw(self, fate: StreamFate, record: ProposedToken) -> str:
        """The random draw that decided; greedy mode draws nothing."""
        if record.u is None:
            return self.tr("none")
        reached = fate not in ("untested", "unverified") or record.prefix_prob is not None
        return f"{record.u:.3f}" if reached else self.tr("not reached")

    def _fit(self, height: int) -> None:
        """Drop the last candidates if the card would be too high, the token itself last of all."""
        while self._bars and self._needed_size().height() > height:
            others = [place for place, bar in enumerate(self._bars) if not bar.own]
            self._bars.pop(others[-1] if others else -1)

    def _needed_size(self) -> QSize:
        n_lines = 1 + self._n_fact_rows() + bool(self._rule) + (1 + len(self._bars) if self._bars else 0)
        width = QFontMetrics(self.font()).averageCharWidth() * _WIDTH_IN_CHARACTERS
        return QSize(width, n_lines * self._line_height() + 2 * theme.GRID + theme.HALF * bool(self._bars))

    def _n_fact_rows(self) -> int:
        return -(-len(self.facts) // _N_COLUMNS)

    def _line_height(self) -> int:
        return QFontMetrics(self.font()).height() + theme.HALF // 2

    def _position(self, beside: QRect) -> QPoint:
        """Below the token or above it, wherever the card fits; otherwise on the side with more space."""
        room = self._view.window().rect()
        x = max(theme.GRID, min(beside.left(), room.right() - self.width() - theme.GRID))
        below = beside.bottom() + theme.HALF
        above = beside.top() - self.height() - theme.HALF
        if below + self.height() <= room.bottom() + 1:
            return QPoint(x, below)
        return QPoint(x, above if above >= 0 or beside.top() > room.bottom() - beside.bottom() else below)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        """Paint the background, the facts and the bars."""
        colours, painter = theme.current(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(colours.edge), 1))
        painter.setBrush(QColor(colours.window))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), theme.GRID, theme.GRID)
        y = theme.GRID
        painter.setFont(theme.scaled(self.font(), 1.1, bold=True))
        self._paint_text(
            painter,
            QRect(2 * theme.GRID, y, self.width() - 4 * theme.GRID, self._line_height()),
            self._title,
            colours.text,
        )
        painter.setFont(theme.tabular(self.font()))
        y = self._paint_facts(painter, y + self._line_height())
        if self._bars:
            self._paint_bars(painter, y + theme.HALF)
        painter.end()

    def _paint_facts(self, painter: QPainter, top: int) -> int:
        """Paint names and values in columns, row by row, and the rule below; returns the y where they end."""
        colours, left, line = theme.current(), 2 * theme.GRID, self._line_height()
        column = (self.width() - 2 * left) // _N_COLUMNS
        for number, (name, value) in enumerate(self.facts):
            x, y = left + column * (number % _N_COLUMNS), top + line * (number // _N_COLUMNS)
            self._paint_text(painter, QRect(x, y, column - theme.GRID, line), name, colours.muted)
            offset = painter.fontMetrics().horizontalAdvance(name + "  ")
            self._paint_text(painter, QRect(x + offset, y, column - offset, line), value, colours.text)
        end = top + self._n_fact_rows() * line
        if self._rule:
            self._paint_text(painter, QRect(left, end, self.width() - 2 * left, line), self._rule, colours.text)
        return end + line * bool(self._rule)

    def _paint_bars(self, painter: QPainter, y: int) -> None:
        """Paint one row per candidate: its text, then number and bar of the target and of the drafter."""
        colours, left, line = theme.current(), 2 * theme.GRID, self._line_height()
        name_width = (self.width() - 2 * left) // 4
        width = (self.width() - 2 * left - name_width) // 2
        lefts = (left + name_width, left + name_width + width)
        self._paint_text(painter, QRect(lefts[0], y, width, line), self.tr("target p"), colours.muted)
        if self._has_drafter:
            self._paint_text(painter, QRect(lefts[1], y, width, line), self.tr("drafter q"), colours.muted)
        for bar in self._bars:
            y += line
            mark = "▸ " if bar.own else ""
            self._paint_text(painter, QRect(left, y, name_width - theme.GRID, line), mark + bar.text, colours.text)
            self._paint_bar(painter, QRect(lefts[0], y, width - theme.GRID, line), bar.p, colours.bar_p)
            if self._has_drafter:
                self._paint_bar(painter, QRect(lefts[1], y, width - theme.GRID, line), bar.q, colours.bar_q)

    def _paint_bar(self, painter: QPainter, rect: QRect, value: float | None, colour: str) -> None:
        number_width = QFontMetrics(painter.font()).horizontalAdvance("0.000 ")
        self._paint_text(
            painter,
            QRect(rect.left(), rect.top(), number_width, rect.height()),
            _probability(value),
            theme.current().text,
        )
        if value:
            width = max(1.0, value * (rect.width() - number_width))
            bar_rect = QRectF(rect.left() + number_width, rect.top() + rect.height() / 4, width, rect.height() / 2)
            painter.fillRect(bar_rect, QColor(colour))

    def _paint_text(self, painter: QPainter, rect: QRect, text: str, colour: str) -> None:
        painter.setPen(QColor(colour))
        elided = QFontMetrics(painter.font()).elidedText(text, Qt.TextElideMode.ElideRight, rect.width())
        painter.drawText(rect, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, elided)


def _is_greedy(token: StreamToken) -> bool:
    record = token.record
    return isinstance(record, ProposedToken) and record.u is None and token.fate != "unverified"


def _ratio(record: ProposedToken) -> float:
    """min(1, p/q); a greedy run, which decides by rank, records all or nothing instead."""
    if record.u is not None:
        return record.accept_prob
    return min(1.0, record.p / record.q) if record.q else 1.0


def _probability(value: float | None) -> str:
    if value is None:
        return quantities.UNKNOWN
    return "<.001" if 0 < value < 0.0005 else f"{value:.3f}"


def _paired_bars(record: ProposedToken | LastToken) -> list[_Bar]:
    """The union of both top lists, in the target's order and then the drafter's, without invisibly short bars.

    The token itself is always among them, last where neither model lists it."""
    if not record.top_p and not record.top_q:
        return []
    p, q = _probs(record.top_p), _probs(record.top_q)
    p.setdefault(record.id, record.p)
    if isinstance(record, ProposedToken):
        q.setdefault(record.id, record.q)
    texts = {candidate.id: candidate.text for candidate in (*record.top_q, *record.top_p)} | {record.id: record.text}
    order = dict.fromkeys(candidate.id for candidate in (*record.top_p, *record.top_q)) | {record.id: None}
    return [
        _Bar(id_ == record.id, visible(texts[id_], longest=_MAX_CHARS), p.get(id_), q.get(id_))
        for id_ in order
        if id_ == record.id or max(p.get(id_, 0.0), q.get(id_, 0.0)) >= _MIN_VISIBLE_PROB
    ]


def _probs(candidates: tuple[Candidate, ...]) -> dict[int, float]:
    return {candidate.id: candidate.prob for candidate in candidates}
