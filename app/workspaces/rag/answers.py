"""State of the answers from documents: those of this session, their replay, and the selection in them."""

from app.state.replay import Replay
from app.state.requests import answers_from_documents, is_answering
from app.state.run_history import RunHistory
from app.state.run_record import RunRecord
from app.state.store import RunStore
from app.state.tab_state import TabState
from app.words import pace
from app.workspaces.rag import answer_words
from app.workspaces.rag.pick import Pick
from engine.commands import Command
from engine.events import Progressed, Retrieved

_MOST_KEPT = 24


class AnswerProgress(TabState):
    """Has a history apart from the runs of Decode, whose panels have nothing to show for an answer."""

    replay: Replay

    def __init__(self, store: RunStore) -> None:
        self.commands = store.commands
        self._store = store
        self.history = RunHistory(most=_MOST_KEPT)
        self.replay = Replay(self.history)
        self.pick = Pick()

    def works_on(self, command: Command) -> bool:
        """Return whether a command asks for an answer."""
        return is_answering(command)

    def status(self, at: Progressed | None) -> str:
        """Describe the progress of the answer under way; the first one makes the index of the shipped documents."""
        live = self.history.live
        if self._store.stopping:
            return self._store.stopping
        if indexing := pace.indexing(at):
            return answer_words.tr("first, and only once: {0}").format(indexing)
        return answer_words.state(live.events[-1] if live is not None else None)

    def history_of(self, method: str) -> RunHistory | None:
        """Return the history of answers for a method that answers from documents, else None."""
        return self.history if answers_from_documents(method) else None

    def began(self) -> None:
        """Clear the selection for a new answer."""
        self.pick = Pick()

    def ending(self, record: RunRecord) -> str:
        """Describe how an answer ended."""
        return answer_words.ending(record)

    def point(self, pick: Pick) -> None:
        """Select a draft or a passage, in every panel."""
        if pick != self.pick:
            self.pick = pick
            self._store.changed.emit()

    def play(self, speed: float) -> None:
        """Replay the answer, starting at its passages: indexing and loading before them are skipped."""
        shown = self.history.shown
        events = [] if shown is None else shown.events
        self.replay.play(speed, first=next((i for i, event in enumerate(events) if isinstance(event, Retrieved)), 0))
        self._store.watch()

    def show_record(self, record: RunRecord) -> None:
        """Show another answer of this session, with nothing selected."""
        self.replay.hold()
        self.pick = Pick()
        self.history.show(record)
        self._store.changed.emit()

    def open_run(self, record: RunRecord) -> None:
        """Show an answer that was read from a file."""
        self.replay.hold()
        self.pick = Pick()
        record.number = self.history.next_number()
        self.history.put(record)
