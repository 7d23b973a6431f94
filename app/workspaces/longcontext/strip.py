"""The document as a strip: what of it is read, what a window of it keeps, what was written, and the position."""

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from app import theme
from app.text.plain_text import one_line, plain_tip
from app.widgets.strip_parts import StripPart, paint_names, paint_part
from app.words.counts import count
from app.workspaces.longcontext.strip_facts import StripFacts
from app.workspaces.longcontext.strip_pages import page_at, paint_ticks, ticks
from app.workspaces.longcontext.words import tr

_STEPS = 50
_NOT_READ, _SINKS, _WINDOW, _NEW = (
    Qt.BrushStyle.BDiagPattern, Qt.BrushStyle.Dense4Pattern, Qt.BrushStyle.FDiagPattern, Qt.BrushStyle.Dense6Pattern,
)  # fmt: skip


class DocumentStrip(QWidget):
    """`place_asked` carries a token of what is read, which the text is to be scrolled to."""

    place_asked = Signal(int)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.facts = StripFacts()
        self._at = 0.0
        self._shows_names = True
        self.setFont(theme.tabular(self.font()))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAccessibleName(self.tr("The document"))
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def show_facts(self, facts: StripFacts) -> None:
        """Show a document and how far it is read."""
        if facts != self.facts:
            resized = bool(facts.pages) != bool(self.facts.pages)
            self.facts = facts
            self.setAccessibleDescription(self.description())
            self.update()
            if resized:
                self.updateGeometry()

    def description(self) -> str:
        """All of it in words."""
        facts = self.facts
        if not facts.n_all:
            return one_line(facts.note) or self.tr("no document yet")
        parts = [f"{one_line(facts.title)}: {count(facts.n_all, 'token')}"]
        parts.append(self._read_words())
        if facts.window:
            parts.append(self.tr("a window keeps the last {0:,}").format(facts.window))
        if facts.sinks and facts.window:
            parts.append(self.tr("and the first {0:,}").format(facts.sinks))
        if facts.n_new:
            parts.append(self.tr("{0} written, position {1:,}").format(
                count(facts.n_new, "new token"), facts.n_read + facts.n_new
            ))  # fmt: skip
        if (page := page_at(facts.pages, facts.last + facts.n_new - 1)) is not None:
            parts.append(self.tr("it ends on page {0:,} of {1:,}").format(page, facts.pages[-1].number))
        if facts.note:
            parts.append(one_line(facts.note))
        return ", ".join(parts)

    def _read_words(self) -> str:
        facts = self.facts
        if facts.n_read >= facts.n_all:
            return self.tr("all of it is read")
        if not facts.first:
            return self.tr("the first {0:,} are read, {1:,} are cut off").format(facts.last, facts.n_all - facts.last)
        return self.tr("the last {0:,} are read, {1:,} are cut off").format(facts.n_read, facts.first)

    def parts(self) -> tuple[StripPart, ...]:
        """The parts of the strip, from the left; later ones lie over earlier ones."""
        facts, c = self.facts, theme.current()
        total = self._total()
        if not total:
            return ()
        end = facts.last + facts.n_new
        parts = [
            StripPart(tr("cut off"), 0.0, facts.first / total, c.muted, _NOT_READ),
            StripPart(tr("read"), facts.first / total, facts.last / total, c.prompt, Qt.BrushStyle.SolidPattern),
            StripPart(tr("new"), facts.last / total, end / total, c.accepted, _NEW),
            StripPart(tr("cut off"), end / total, 1.0, c.muted, _NOT_READ),
        ]
        if facts.window and facts.n_read + facts.n_new > facts.window:
            sinks_end = min(facts.first + facts.sinks, end)
            parts.append(StripPart(tr("first tokens kept"), facts.first / total, sinks_end / total, c.bonus, _SINKS))
            parts.append(StripPart(tr("window"), (end - facts.window) / total, end / total, c.accent, _WINDOW))
        return tuple(part for part in parts if part.end > part.start)

    def _total(self) -> int:
        """The tokens that the width stands for; what is written comes on top where all of the document is read."""
        return max(self.facts.n_all, self.facts.last + self.facts.n_new) if self.facts.n_all else 0

    # Size and painting

    def show_names(self, shown: bool) -> None:
        """Show the names of the parts below the strip; without them they are in the tooltip alone."""
        if shown != self._shows_names:
            self._shows_names = shown
            self.updateGeometry()
            self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """A line of words, the strip with the mark of the position, one of page numbers and one of names."""
        line = self.fontMetrics().height()
        n_lines = 2 + bool(self.facts.pages) + self._shows_names
        return QSize(40 * theme.GRID, n_lines * line + 2 * theme.GRID)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """The full height, of any width."""
        return QSize(0, self.sizeHint().height())

    def _bar(self) -> QRectF:
        line = self.fontMetrics().height()
        return QRectF(2 * theme.GRID + 0.5, line + theme.GRID + 0.5, max(1, self.width() - 4 * theme.GRID), line)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        """Paint the words, the strip and the names of its parts."""
        painter, colours, bar = QPainter(self), theme.current(), self._bar()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_words(painter, bar)
        painter.fillRect(bar, QColor(colours.base))
        for part in self.parts():
            paint_part(painter, bar, part)
        painter.setPen(QPen(QColor(colours.accent if self.hasFocus() else colours.edge), 2 if self.hasFocus() else 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(bar)
        if self.facts.n_all:
            self._paint_position(painter, bar)
            paint_ticks(painter, bar, ticks(self.facts.pages, self._total(), bar.width(), self.fontMetrics()))
            if self._shows_names:
                paint_names(
                    painter, QPointF(bar.left(), bar.bottom() + self._ticks_height() + theme.HALF), self.parts()
                )
        painter.end()

    def _ticks_height(self) -> int:
        return self.fontMetrics().height() if self.facts.pages else 0

    def _paint_words(self, painter: QPainter, bar: QRectF) -> None:
        painter.setPen(self.palette().windowText().color())
        room = QRectF(bar.left(), 0, bar.width(), self.fontMetrics().height())
        shown = self.fontMetrics().elidedText(self.description(), Qt.TextElideMode.ElideRight, int(room.width()))
        painter.drawText(room, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)

    def _paint_position(self, painter: QPainter, bar: QRectF) -> None:
        """A triangle above the strip where the text has come to."""
        x = bar.left() + bar.width() * (self.facts.last + self.facts.n_new) / max(1, self._total())
        size = theme.GRID * 0.75
        tip = QPolygonF(
            [QPointF(x, bar.top()), QPointF(x - size, bar.top() - size), QPointF(x + size, bar.top() - size)]
        )
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.current().accent))
        painter.drawPolygon(tip)

    # Mouse and keys

    def event(self, event: QEvent) -> bool:
        """Say what is under the pointer."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), plain_tip(self.tip_at(event.pos().x())), self)
            return True
        return super().event(event)

    def tip_at(self, x: float) -> str:
        """What lies at a place: its part, its token and its page."""
        if not self.facts.n_all:
            return self.description()
        share = self._share_at(x)
        own = [part for part in self.parts() if part.start <= share <= part.end]
        at = int(share * self._total())
        page = page_at(self.facts.pages, at)
        on_page = "" if page is None else tr("page {0}").format(page)
        parts = (own[-1].name if own else "", tr("token {0:,}").format(at), on_page)
        return "\n".join((", ".join(filter(None, parts)), self.description()))

    def _share_at(self, x: float) -> float:
        bar = self._bar()
        return min(1.0, max(0.0, (x - bar.left()) / bar.width()))

    def _ask(self, share: float) -> None:
        self._at = min(1.0, max(0.0, share))
        token = int(self._at * self._total()) - self.facts.first
        if 0 <= token <= self.facts.n_read + self.facts.n_new:
            self.place_asked.emit(token)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        """Ask for the place that was clicked."""
        if event.button() == Qt.MouseButton.LeftButton and self.facts.n_all:
            self._ask(self._share_at(event.position().x()))

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        """Go along the document by steps, or to its ends."""
        places = {
            Qt.Key.Key_Left: self._at - 1 / _STEPS, Qt.Key.Key_Right: self._at + 1 / _STEPS,
            Qt.Key.Key_Home: 0.0, Qt.Key.Key_End: 1.0,
        }  # fmt: skip
        if (place := places.get(Qt.Key(event.key()))) is None:
            super().keyPressEvent(event)
        elif self.facts.n_all:
            self._ask(place)

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802 (Qt's name)
        """Show the focus."""
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802 (Qt's name)
        """Hide the focus."""
        super().focusOutEvent(event)
        self.update()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        """Follow the font and the colours."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.PaletteChange):
            self.updateGeometry()
            self.update()
