"""Base class of the panels of an answer: collects the events of the answer on show, and draws the record."""

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
    """A subclass draws `answer` in `show_answer`, which is also called when the selection changes."""

    every_ms = 100
    # Whether it shows text as it is written; other panels skip those many events.
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
        """Take in the new events, and show the answer once none are left."""
        for event in new:
            if not isinstance(event, TokensEmitted):
                self.answer.take(event)
            elif self.shows_live_text:
                self.answer.take_tokens(event)
        if not self.behind:
            self.show_answer()

    def show_answer(self) -> None:
        """Show the answer as it is now."""
