"""The canvas of the token stream: lays tokens out in slices and paints only the lines in view; takes no input."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QRect, Qt, QTimer
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette, QResizeEvent
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QWidget

from app import theme
from app.panels.stream_layout import StreamLayout
from app.panels.stream_painter import MARGIN, Placed, StreamPainter
from app.panels.stream_tokens import StreamToken
from app.store import Selection
from app.theme import StreamFate

_TOKENS_A_SLICE = 3000


class StreamCanvas(QAbstractScrollArea):
    """Shows tokens with their fates, the end in view as long as it was."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.tokens: list[StreamToken] = []
        self.empty_text = ""
        self._ghosts = True
        self._selection: Selection | None = None
        self._current: int | None = None
        self._n_laid = 0
        self._more = QTimer(self)
        self._more.setInterval(0)
        self._more.timeout.connect(self._lay_out_more)
        self._take_fonts()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setBackgroundRole(QPalette.ColorRole.Base)
        self.viewport().setAutoFillBackground(True)

    # What is shown

    def clear(self) -> None:
        """Forget all tokens."""
        self.tokens = []
        self._current = None
        self._restart()

    def append(self, tokens: Sequence[StreamToken]) -> None:
        """Add tokens at the end, and stay at the end where it was in view."""
        if not tokens:
            return
        follow = self._at_end()
        first_new_line = max(0, self._layout.n_lines - 1)
        self.tokens += tokens
        if not self._more.isActive():
            self._lay_out(len(self.tokens) if len(tokens) <= _TOKENS_A_SLICE else self._n_laid + _TOKENS_A_SLICE)
            self._update_range(follow=follow)
            self._update_lines(first_new_line, self._layout.n_lines)
        if self._n_laid < len(self.tokens):
            self._more.start()

    def show_ghosts(self, shown: bool) -> None:
        """Show or hide what was proposed and not kept."""
        if shown != self._ghosts:
            self._ghosts = shown
            self._restart()

    def text(self) -> str:
        """What was kept, prompt included, as plain text."""
        return "".join(token.text for token in self.tokens if not token.is_ghost)

    def shown_text(self) -> str:
        """What is painted, token after token."""
        return "".join(segment.text for segment in self._layout.segments)

    # Layout

    def _take_fonts(self) -> None:
        self._ink = StreamPainter(self.font())
        self._line_height = self._ink.line_height
        self._layout = StreamLayout(self._ink.measure)

    def _restart(self) -> None:
        """Lay everything out anew, the first slice at once and the others when there is time."""
        follow = self._at_end()
        self._layout.restart(self.viewport().width() - 2 * MARGIN)
        self._n_laid = 0
        self._lay_out(_TOKENS_A_SLICE)
        self._update_range(follow=follow)
        self.viewport().update()
        if self._n_laid < len(self.tokens):
            self._more.start()

    def _lay_out_more(self) -> None:
        follow = self._at_end()
        self._lay_out(self._n_laid + _TOKENS_A_SLICE)
        self._update_range(follow=follow)
        self.viewport().update()
        if self._n_laid >= len(self.tokens):
            self._more.stop()

    def _lay_out(self, end: int) -> None:
        end = min(end, len(self.tokens))
        for index in range(self._n_laid, end):
            token = self.tokens[index]
            if self._ghosts or not token.is_ghost:
                self._layout.add(index, token.shown, bold=token.fate == "correction", breaks=token.breaks)
        self._n_laid = end

    def _update_range(self, *, follow: bool) -> None:
        bar = self.verticalScrollBar()
        height = self.viewport().height()
        bar.setPageStep(height)
        bar.setSingleStep(self._line_height)
        bar.setRange(0, max(0, self._layout.n_lines * self._line_height + 2 * MARGIN - height))
        if follow:
            bar.setValue(bar.maximum())

    def _at_end(self) -> bool:
        bar = self.verticalScrollBar()
        return bar.value() >= bar.maximum() - self._line_height

    def _update_lines(self, first: int, end: int) -> None:
        top = MARGIN + first * self._line_height - self.verticalScrollBar().value()
        self.viewport().update(QRect(0, top, self.viewport().width(), (end - first) * self._line_height))

    def _reveal(self, index: int | None) -> None:
        line = None if index is None else self._layout.line_of(index)
        if line is None:
            return
        bar, top = self.verticalScrollBar(), line * self._line_height
        if top < bar.value():
            bar.setValue(top)
        elif top + self._line_height + 2 * MARGIN > bar.value() + self.viewport().height():
            bar.setValue(top + self._line_height + 2 * MARGIN - self.viewport().height())

    # Qt

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        """Fill the new width."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._restart()
        else:
            self._update_range(follow=self._at_end())

    def scrollContentsBy(self, dx: int, dy: int) -> None:  # noqa: N802 (Qt's name)
        """Move what is painted; only what comes into view is painted anew."""
        self.viewport().scroll(dx, dy)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        """Follow the system's font and scheme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._take_fonts()
            self._restart()

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        """Paint the lines that were uncovered, fate by fate."""
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not self.tokens:
            self._paint_empty(painter)
        by_fate = self._visible(event.rect())
        if self._selection is not None:
            selected = [placed for some in by_fate.values() for placed in some if self._is_selected(placed)]
            self._ink.mark(painter, selected, self._current)
        for fate, some in by_fate.items():
            self._ink.paint(painter, fate, some)
        painter.end()

    def _is_selected(self, placed: Placed) -> bool:
        place = self.tokens[placed.segment.token].place
        return place is not None and self._selection is not None and place.round == self._selection.round

    def _visible(self, rect: QRect) -> dict[StreamFate, list[Placed]]:
        offset = self.verticalScrollBar().value() - MARGIN
        first = max(0, (rect.top() + offset) // self._line_height)
        last = min(self._layout.n_lines - 1, (rect.bottom() + offset) // self._line_height)
        found: dict[StreamFate, list[Placed]] = {}
        for line in range(first, last + 1):
            baseline = line * self._line_height - offset + self._ink.rise
            for segment in self._layout.line(line):
                found.setdefault(self.tokens[segment.token].fate, []).append(Placed(segment, baseline))
        return found

    def _paint_empty(self, painter: QPainter) -> None:
        painter.setPen(QColor(theme.current().muted))
        painter.setFont(self._ink.font)
        room = self.viewport().rect().adjusted(MARGIN, MARGIN, -MARGIN, -MARGIN)
        flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap
        painter.drawText(room, flags, self.empty_text)
