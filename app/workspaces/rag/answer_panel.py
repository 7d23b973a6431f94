"""What every panel of an answer is: it keeps what is known of the answer on show, and draws that; knows no widget."""

from collections.abc import Sequence

from PySide6.QtWidgets import QWidget

from app.panel import Panel
from app.state.run_history import RunHistory
from app.state.store import RunStore
from app.workspaces.rag.answer import AnswerRecord
from app.workspaces.rag.answers import AnswerProgress
from engine.events import Event, TokensEmitted
from engine.runs.summary import Summary


class AnswerPanel(Panel):
    """A subclass says in `show_answer` what there is now; it is also called when something is pointed at."""

    every_ms = 100
    # Whether it shows text as it is written; all others are spared its many events.
    shows_live_text = False

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self.answer = AnswerRecord()

    @property
    def history(self) -> RunHistory:
        """The answers of this session."""
        return self.store.tab(AnswerProgress).history

    def clear(self) -> None:
        """Forget the answer that was drawn."""
        self.answer = AnswerRecord()

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Take in what is new, and show what is known once all that waits is taken in."""
        for event in new:
            if not isinstance(event, TokensEmitted):
                self.answer.take(event)
            elif self.shows_live_text:
                self.answer.take_tokens(event)
        if not self.behind:
            self.show_answer()

    def show_answer(self) -> None:
        """Show what is known."""
