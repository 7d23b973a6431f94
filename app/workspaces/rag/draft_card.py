"""Card of one draft: its passages, its rationale while it is written, its response and its scores."""

from collections.abc import Sequence
from typing import NamedTuple

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPlainTextEdit, QSizePolicy, QVBoxLayout, QWidget

from app import theme
from app.text.plain_text import flowing, one_line, paragraphs
from app.widgets.labels import ElasticLine, SteadyLabel, set_role
from app.widgets.lane_marks import LaneMark
from app.workspaces.rag.score_bars import ScoreBars, ScoreRow, ScoreScale

_TEXT_LINES, _LONGEST_PASSAGE = 3, 1200
WON, FAILED = "★", "✗"


class Member(NamedTuple):
    """A passage of the subset: the mark of its cluster, its rank from 1, whether the draft cites it."""

    mark: LaneMark
    rank: int
    cited: bool


class MemberRow(QWidget):
    """The passages of a subset, each with the mark of its cluster; cited ones in bold and in brackets."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._members: tuple[Member, ...] = ()
        self.setFont(theme.tabular(self.font()))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_members(self, members: tuple[Member, ...]) -> None:
        """Show the passages, if they have changed."""
        if members != self._members:
            self._members = members
            ranks = " ".join(f"{'[' if m.cited else ''}{m.rank}{']' if m.cited else ''}" for m in members)
            self.setAccessibleName(self.tr("passages {0}").format(ranks))
            self.setToolTip(self.tr("The passages this draft was made from, by rank; in brackets: those it rests on."))
            self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """Return a height of one line."""
        return QSize(8 * theme.GRID, self.fontMetrics().height())

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        """Paint as many passages as fit, and an ellipsis for the rest."""
        painter = QPainter(self)
        bold = theme.scaled(self.font(), 1.0, bold=True)
        x, base = 0, self.fontMetrics().ascent()
        end = self.width() - self.fontMetrics().horizontalAdvance(" …")
        for member in self._members:
            if x > end - 3 * theme.GRID:
                painter.setPen(QColor(theme.current().muted))
                painter.drawText(x, base, "…")
                break
            painter.setFont(bold if member.cited else self.font())
            painter.setPen(member.mark.colour)
            painter.drawText(x, base, member.mark.glyph)
            x += painter.fontMetrics().horizontalAdvance(member.mark.glyph) + 2
            painter.setPen(QColor(theme.current().text if member.cited else theme.current().muted))
            text = f"[{member.rank}]" if member.cited else f"{member.rank}"
            painter.drawText(x, base, text)
            x += painter.fontMetrics().horizontalAdvance(text) + theme.GRID
        painter.end()


class DraftCard(QFrame):
    """`picked` is emitted when the user selects this draft."""

    picked = Signal(int)

    def __init__(self, number: int, names: tuple[str, ...], parent: QWidget) -> None:
        super().__init__(parent)
        self.number = number
        self._chosen = self._won = False
        self._n_pieces, self._finished_text = 0, ""
        self.setProperty("role", "sheet")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(self.tr("Draft {0}").format(number + 1))
        self.title = SteadyLabel(self.tr("Draft {0}").format(88), self)
        self.title.show_text(self.tr("Draft {0}").format(number + 1))
        self.members = MemberRow(self)
        self.state = SteadyLabel(f"{WON} ", self, role="muted")
        self.state.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.text = self._make_text()
        self.forced = ElasticLine(self, role="muted")
        self.forced.hide()
        self.response = ElasticLine(self, strong=True)
        self.response.setAccessibleName(self.tr("Response of draft {0}").format(number + 1))
        self.bars = ScoreBars(names, self)
        self.bars.setAccessibleName(self.tr("Scores of draft {0}").format(number + 1))
        self.note = ElasticLine(self, role="muted")
        self._lay_out()

    def clear(self) -> None:
        """Empty the card."""
        self._n_pieces, self._finished_text = 0, ""
        self.text.clear()
        self.response.show_text("")
        self.show_forced("")
        self.members.show_members(())

    def append(self, pieces: Sequence[str]) -> None:
        """Append the new live text. pieces: all pieces so far."""
        if len(pieces) > self._n_pieces:
            new = "".join(pieces[self._n_pieces :])
            self._n_pieces = len(pieces)
            cursor = QTextCursor(self.text.document())
            cursor.movePosition(QTextCursor.MoveOperation.End)
            cursor.insertText(paragraphs(new))
            self.text.verticalScrollBar().setValue(self.text.verticalScrollBar().maximum())

    def show_finished(self, rationale: str, response: str, passages: Sequence[str] = ()) -> None:
        """Show the finished draft in place of its live text, and below it the passages that it was made from."""
        if (text := f"{rationale}\n{response}") != self._finished_text:
            self._finished_text = text
            self.text.setPlainText(flowing(rationale.strip()))
            self._append_muted(passages)
            self.response.show_text(one_line(response))

    def _append_muted(self, passages: Sequence[str]) -> None:
        """Append passages in the colour of what is beside the point; the text stays at its beginning."""
        cursor, muted = QTextCursor(self.text.document()), QTextCharFormat()
        muted.setForeground(QColor(theme.current().muted))
        cursor.movePosition(QTextCursor.MoveOperation.End)
        for passage in passages:
            cursor.insertText("\n\n", muted)
            cursor.insertText(flowing(passage[:_LONGEST_PASSAGE]), muted)
        self.text.verticalScrollBar().setValue(0)

    def show_scores(self, rows: tuple[ScoreRow, ...], scale: ScoreScale) -> None:
        """Show the bars."""
        self.bars.show_scores(rows, scale)

    def show_state(self, state: str, note: str, *, won: bool, bad: bool) -> None:
        """Show the outcome: a mark in the corner, and a note below the bars."""
        self.state.show_text(state)
        set_role(self.state, "good" if won else "bad" if bad else "muted")
        self.note.show_text(note)
        if won != self._won:
            self._won = won
            self.update()

    def show_forced(self, why: str) -> None:
        """Say why the response was begun for the drafter; nothing where it began it itself."""
        self.forced.show_text(why)
        self.forced.setVisible(bool(why))

    def show_chosen(self, *, chosen: bool) -> None:
        """Frame the card if its draft is selected."""
        if chosen != self._chosen:
            self._chosen = chosen
            self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        """Select this draft with a click."""
        self.picked.emit(self.number)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        """Write the text again in the colours of a changed scheme the next time it is shown."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._finished_text = ""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 (Qt's name)
        """Select this draft with a click on its text, too."""
        if event.type() == QEvent.Type.MouseButtonPress:
            self.picked.emit(self.number)
        return super().eventFilter(watched, event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        """Select this draft with Space or Enter."""
        if event.key() in (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.picked.emit(self.number)
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        """Paint the background, and a frame for selection or focus."""
        super().paintEvent(event)
        colours = theme.current()
        if not (self._chosen or self.hasFocus()):
            return
        painter = QPainter(self)
        painter.setPen(QPen(QColor(colours.accent), 2 if self._chosen else 1))
        painter.drawRect(self.rect().adjusted(1, 1, -1, -1))
        painter.end()

    def _make_text(self) -> QPlainTextEdit:
        text = QPlainTextEdit(self)
        text.setReadOnly(True)
        text.setFrameShape(QFrame.Shape.NoFrame)
        text.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)  # lines are wrapped
        text.setProperty("role", "lane")
        text.setTabChangesFocus(True)
        text.setUndoRedoEnabled(False)
        text.document().setDocumentMargin(0)
        text.setAccessibleName(self.tr("Rationale of draft {0}").format(self.number + 1))
        text.setPlaceholderText(self.tr("the rationale is written here"))
        text.setMinimumHeight(_TEXT_LINES * text.fontMetrics().lineSpacing())
        text.viewport().setCursor(Qt.CursorShape.ArrowCursor)
        text.viewport().installEventFilter(self)
        return text

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(theme.GRID)
        head.addWidget(self.title)
        head.addWidget(self.members, 1)
        head.addWidget(self.state)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.GRID, theme.GRID, theme.GRID, theme.HALF)
        column.setSpacing(theme.HALF)
        column.addLayout(head)
        column.addWidget(self.text, 1)
        column.addWidget(self.forced)
        column.addWidget(self.response)
        column.addWidget(self.bars)
        column.addWidget(self.note)
