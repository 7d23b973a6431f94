"""State of the answers by DRAG and IterDRAG: those of this session, their replay, and the step that is selected."""

from app.state.answer_history import AnswerHistory
from app.state.run_record import RunRecord
from app.state.store import RunStore
from app.words import pace
from app.workspaces.scaling import words
from engine.events import DemonstrationsChosen, ModelCalled, Progressed, Retrieved


class ScalingProgress(AnswerHistory):
    """step: the one that is selected, counted from 0; None: the newest."""

    workspace = "scaling"
    replays_from = (DemonstrationsChosen, Retrieved, ModelCalled)

    def __init__(self, store: RunStore) -> None:
        super().__init__(store)
        self.step: int | None = None

    def status(self, at: Progressed | None) -> str:
        """Describe the progress of the answer under way."""
        live = self.history.live
        if self.store.stopping:
            return self.store.stopping
        return pace.indexing(at) or words.state(live.events[-1] if live is not None and live.events else None)

    def ending(self, record: RunRecord) -> str:
        """Describe how an answer ended."""
        return words.ending(record)

    def point(self, step: int | None) -> None:
        """Select a step, in every panel."""
        if step != self.step:
            self.step = step
            self.store.changed.emit()

    def forget_pick(self) -> None:
        """Select the newest step again."""
        self.step = None
