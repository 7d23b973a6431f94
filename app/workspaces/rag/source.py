"""Panel of the text of one passage, with the words that a draft shares marked."""

from PySide6.QtCore import QEvent
from PySide6.QtGui import QColor, QTextCharFormat
from PySide6.QtWidgets import QPlainTextEdit, QVBoxLayout, QWidget

from app import theme
from app.state.store import RunStore
from app.text.plain_text import flowing, one_line
from app.widgets.labels import ElasticLine
from app.widgets.text_marks import Marked, mark
from app.workspaces.rag.answer_panel import AnswerPanel
from app.workspaces.rag.answers import AnswerProgress
from app.workspaces.rag.cluster_marks import mark_of
from app.workspaces.rag.evidence import shared_words
from engine.events import DraftFinished


class SourcePanel(AnswerPanel):
    """The selected passage. Shared words are underlined on a tint."""

    every_ms = 250

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self._shown: tuple[str, int | None, DraftFinished | None, int | None] | None = None
        self._rationale = ""
        self.title = ElasticLine(self, role="muted")
        self.text = QPlainTextEdit(self)
        self.text.setReadOnly(True)
        self.text.setTabChangesFocus(True)
        self.text.setUndoRedoEnabled(False)
        self.text.setAccessibleName(self.tr("Text of the passage"))
        self.text.setPlaceholderText(self.tr("Point at a passage in map or table: its text appears here."))
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.GRID, theme.HALF, theme.GRID, theme.GRID)
        column.setSpacing(theme.HALF)
        column.addWidget(self.title)
        column.addWidget(self.text, 1)
        self.show_answer()

    def show_answer(self) -> None:
        """Show the selected passage, with the shared words once the draft is finished."""
        pick = self.store.tab(AnswerProgress).pick
        place, draft = self.answer.passage_at(pick), self.answer.draft_at(pick)
        retrieved = self.answer.retrieved
        if retrieved is None or place is None:
            self._shown = None
            self.title.show_text(self.tr("Text of the passage"))
            if self.text.toPlainText():
                self.text.clear()
            return
        record = None if draft is None else self.answer.drafts.get(draft)
        shown = (
            retrieved.passages[place].id,
            place,
            None if record is None else record.finished,
            self.answer.cluster(place),
        )
        if shown != self._shown:
            self._shown = shown
            self._rationale = self.answer.rationale(draft)
            self._show(place, draft)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        """Follow the colour scheme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._mark()

    def _show(self, place: int, draft: int | None) -> None:
        assert self.answer.retrieved is not None
        passage = self.answer.retrieved.passages[place]
        self.text.setPlainText(flowing(passage.text))
        n_marked = self._mark()
        glyph = mark_of(self.answer.cluster(place)).glyph
        name = one_line(passage.title or passage.source)
        heading = self.tr("{0} {1}  {2} · characters {3:,} to {4:,}").format(
            glyph, place + 1, name, passage.start, passage.end
        )
        note = self.tr(" · marked: shared with draft {0}").format((draft or 0) + 1) if n_marked else ""
        self.title.show_text(heading + note)

    def _mark(self) -> int:
        """Mark the words that the rationale shares. Returns the number of marks."""
        spans = shared_words(self.text.toPlainText(), self._rationale)
        text_format = QTextCharFormat()
        text_format.setBackground(QColor(theme.current().marked))
        text_format.setFontUnderline(True)
        mark(self.text, [Marked(start, end, text_format) for start, end in spans])
        return len(spans)
