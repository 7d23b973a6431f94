"""State of the answers from documents: those of this session, their replay, and the selection in them."""

from app.state.answer_history import AnswerHistory
from app.state.run_record import RunRecord
from app.state.store import RunStore
from app.words import pace
from app.workspaces.rag import answer_words
from app.workspaces.rag.pick import Pick
from engine.events import Progressed


class AnswerProgress(AnswerHistory):
    """pick: the draft and the passage that are selected."""

    workspace = "rag"

    def __init__(self, store: RunStore) -> None:
        super().__init__(store)
        self.pick = Pick()

    def status(self, at: Progressed | None) -> str:
        """Describe the progress of the answer under way; the first one makes the index of the shipped documents."""
        live = self.history.live
        if self.store.stopping:
            return self.store.stopping
        if indexing := pace.indexing(at):
            return answer_words.tr("first, and only once: {0}").format(indexing)
        return answer_words.state(live.events[-1] if live is not None else None)

    def ending(self, record: RunRecord) -> str:
        """Describe how an answer ended."""
        return answer_words.ending(record)

    def point(self, pick: Pick) -> None:
        """Select a draft or a passage, in every panel."""
        if pick != self.pick:
            self.pick = pick
            self.store.changed.emit()

    def forget_pick(self) -> None:
        """Clear the selection."""
        self.pick = Pick()
