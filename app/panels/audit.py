"""The audit strip: where along the text a gate was audited, whether the target agreed, and how often it did not."""

from collections.abc import Sequence
from typing import NamedTuple

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QVBoxLayout, QWidget

from app import theme
from app.panel import Panel
from app.state.selection import Selection
from app.state.store import RunStore
from app.text.plain_text import one_line, plain_tip
from app.text.shown_text import visible
from app.words.counts import count
from engine.events import Event, RoundFinished, Warned
from engine.runs.summary import Summary
from engine.sprinter.drift import DRIFTED, would_fail
from engine.statistics import wilson_interval

_REACH = 6  # pixels beside a mark that still belong to it
_LONGEST = 40


class AuditMark(NamedTuple):
    """An audited token. place: the token of the new text, from 0."""

    place: int
    selection: Selection
    text: str
    wrong: bool


class AuditStrip(QWidget):
    """Marks along the new text; a wrong one is tall and thick. `chosen` carries the Selection of a mark."""

    chosen = Signal(object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.marks: list[AuditMark] = []
        self.n_tokens = 0
        self.warning = ""
        self.selected: Selection | None = None
        self.setFont(theme.tabular(self.font()))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(self.tr("Audited tokens"))
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def show_audits(self) -> None:
        """Show what was added."""
        self.setAccessibleDescription(self.description())
        self.update()

    def description(self) -> str:
        """The rate of false acceptance with its interval, over how many tokens, and the warning."""
        n, n_wrong = len(self.marks), sum(mark.wrong for mark in self.marks)
        if not n:
            return self.tr("no token audited yet")
        low, high = wilson_interval(n_wrong / n, n)
        said = self.tr("falsely accepted: {0:.1f} % ({1:.1f} to {2:.1f} %) of {3} audited").format(
            100 * n_wrong / n, 100 * low, 100 * high, count(n, "token")
        )
        return f"{one_line(self.warning)}; {said}" if self.warning else said

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """A line of words and the marks."""
        return QSize(40 * theme.GRID, 2 * self.fontMetrics().height() + theme.GRID)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """The full height, of any width."""
        return QSize(0, self.sizeHint().height())

    def _bar(self) -> QRectF:
        line = self.fontMetrics().height()
        return QRectF(2 * theme.GRID + 0.5, line + 0.5, max(1, self.width() - 4 * theme.GRID), line)

    def x_of(self, mark: AuditMark) -> float:
        """Where a mark lies, in pixels from the left."""
        bar = self._bar()
        return bar.left() + bar.width() * (mark.place + 0.5) / max(1, self.n_tokens, mark.place + 1)

    def mark_at(self, x: float) -> AuditMark | None:
        """The mark nearest to a place, None where none is near."""
        near = min(self.marks, key=lambda mark: abs(self.x_of(mark) - x), default=None)
        return near if near is not None and abs(self.x_of(near) - x) <= _REACH else None

    def tip_at(self, x: float) -> str:
        """The token under the pointer and what the audit found, and the rate."""
        legend = self.tr("A short mark: the target agrees. A tall one: it would have rejected the token.")
        lines = [self.description(), legend]
        if (mark := self.mark_at(x)) is not None:
            verdict = self.tr("wrong: the target would have rejected it") if mark.wrong else self.tr("right")
            place = self.tr("new token {0:,}").format(mark.place + 1)
            lines.insert(0, f"{visible(mark.text, longest=_LONGEST)}, {place}, {verdict}")
        return "\n".join(lines)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        """Paint the words and the marks, the wrong ones over the others."""
        painter, colours, bar = QPainter(self), theme.current(), self._bar()
        painter.setPen(QColor(colours.rejected) if self.warning else self.palette().windowText().color())
        room = QRectF(bar.left(), 0, bar.width(), self.fontMetrics().height())
        words = self.fontMetrics().elidedText(self.description(), Qt.TextElideMode.ElideRight, int(room.width()))
        painter.drawText(room, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, words)
        painter.fillRect(bar, QColor(colours.base))
        for mark in sorted(self.marks, key=lambda mark: mark.wrong):
            width = 3.0 if mark.wrong else 2.0
            top = bar.top() if mark.wrong else bar.center().y()
            box = QRectF(self.x_of(mark) - width / 2, top, width, bar.bottom() - top)
            painter.fillRect(box, QColor(colours.rejected if mark.wrong else colours.accepted))
            if mark.selection == self.selected:
                painter.setPen(QPen(QColor(colours.accent), 1))
                painter.drawRect(box.adjusted(-2, 0, 2, 0))
        painter.setPen(QPen(QColor(colours.accent if self.hasFocus() else colours.edge), 2 if self.hasFocus() else 1))
        painter.drawRect(bar)
        painter.end()

    def event(self, event: QEvent) -> bool:
        """Say what is under the pointer."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), plain_tip(self.tip_at(event.pos().x())), self)
            return True
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        """Choose the token that was clicked."""
        mark = self.mark_at(event.position().x())
        if event.button() == Qt.MouseButton.LeftButton and mark is not None:
            self.chosen.emit(mark.selection)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        """Go from audited token to audited token, or to the first or last."""
        at = next((i for i, mark in enumerate(self.marks) if mark.selection == self.selected), None)
        places = {
            Qt.Key.Key_Left: 0 if at is None else at - 1, Qt.Key.Key_Right: 0 if at is None else at + 1,
            Qt.Key.Key_Home: 0, Qt.Key.Key_End: len(self.marks) - 1,
        }  # fmt: skip
        if (place := places.get(Qt.Key(event.key()))) is None:
            super().keyPressEvent(event)
        elif self.marks:
            self.chosen.emit(self.marks[min(max(0, place), len(self.marks) - 1)].selection)

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802 (Qt's name)
        """Show the focus."""
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802 (Qt's name)
        """Hide the focus."""
        super().focusOutEvent(event)
        self.update()


class AuditPanel(Panel):
    """Holds the strip, which shows for runs that audit and takes no room for others."""

    every_ms = 200

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self.strip = AuditStrip(self)
        self.strip.hide()
        self.strip.chosen.connect(store.select)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.strip)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def clear(self) -> None:
        """Forget the previous run."""
        self.strip.marks, self.strip.n_tokens, self.strip.warning = [], 0, ""

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Add the audited tokens of new rounds, and a warning that the gate has drifted."""
        for event in new:
            if isinstance(event, RoundFinished):
                self._add(event)
            elif isinstance(event, Warned) and DRIFTED in event.message:
                self.strip.warning = event.message
        started = self.store.started
        audit = dict(started.settings).get("audit") if started is not None and started.method == "sprinter" else None
        self.strip.setVisible(isinstance(audit, int | float) and audit > 0)
        self.strip.show_audits()

    def mark(self, selection: Selection | None) -> None:
        """Frame the mark of the selected token."""
        self.strip.selected = selection
        self.strip.update()

    def _add(self, event: RoundFinished) -> None:
        strip = self.strip
        strip.marks += [
            AuditMark(strip.n_tokens + i, Selection(event.round, i), token.text, would_fail(token))
            for i, token in enumerate(event.proposed)
            if token.audited
        ]
        strip.n_tokens += len(event.emitted)
