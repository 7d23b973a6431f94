"""Notices that what is on show came from a file, once for each, and shows with what it was made; knows no tab bar."""

from collections.abc import Iterator
from pathlib import Path

from app.state.store import RunStore
from app.workspaces.decode.measuring import MeasuringProgress
from app.workspaces.decode.workspace import DecodeWorkspace
from app.workspaces.rag.answers import AnswerProgress
from app.workspaces.rag.evaluations import EvaluationProgress
from app.workspaces.rag.workspace import RagWorkspace
from app.workspaces.train.training import TrainingRunProgress
from app.workspaces.train.workspace import TrainWorkspace


class OpenedFiles:
    """What was opened last in each workspace."""

    def __init__(self, store: RunStore, decode: DecodeWorkspace, rag: RagWorkspace, train: TrainWorkspace) -> None:
        self._store = store
        self._decode = decode
        self._rag = rag
        self._train = train
        self._last: dict[str, object] = {}

    def to_front(self) -> Iterator[str]:
        """The workspaces where a file was opened since this was last asked; their forms show its settings."""
        run, answer = self._store.shelf.shown, self._store.tab(AnswerProgress).shelf.shown
        if run is not None and self._is_new("decode", run, run.source):
            self._decode.show_setup_of(run)
            yield "decode"
        if answer is not None and self._is_new("rag", answer, answer.source):
            self._rag.show_setup_of(answer)
            yield "rag"
        evaluations = self._store.tab(EvaluationProgress)
        if self._is_new("evaluation", evaluations.shown, evaluations.source):
            self._rag.show_evaluation()
            yield "rag"
        training, desk = self._store.tab(TrainingRunProgress).record, self._store.tab(MeasuringProgress)
        if self._is_new("train", training, training.source):
            self._train.show_setup_of(training)
            yield "train"
        if self._is_new("measured", desk.measured, desk.source):
            yield "measured"

    def _is_new(self, workspace: str, shown: object, source: Path | None) -> bool:
        if source is None or self._last.get(workspace) is shown:
            return False
        self._last[workspace] = shown
        return True
