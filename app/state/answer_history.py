"""State of the answers to questions that a tab shows: those of this session, and their replay."""

from typing import ClassVar

from app.state.replay import Replay
from app.state.requests import workspace_of
from app.state.run_history import RunHistory
from app.state.run_record import RunRecord
from app.state.store import RunStore
from app.state.tab_state import TabState
from engine.commands import Command, Run
from engine.events import Event, Retrieved

_MOST_KEPT = 24


class AnswerHistory(TabState):
    """Has a history apart from the runs of Decode, whose panels have nothing to show for an answer.

    workspace: the one whose methods make its answers. replays_from: the event a replay begins with."""

    workspace: ClassVar[str]
    replays_from: ClassVar[tuple[type[Event], ...]] = (Retrieved,)
    replay: Replay

    def __init__(self, store: RunStore) -> None:
        self.commands = store.commands
        self.store = store
        self.history = RunHistory(most=_MOST_KEPT)
        self.replay = Replay(self.history)

    def forget_pick(self) -> None:
        """Clear what is selected, because another answer is on show."""

    def works_on(self, command: Command) -> bool:
        """Return whether a command asks for an answer of this tab."""
        return isinstance(command, Run) and workspace_of(command.method) == self.workspace

    def history_of(self, method: str) -> RunHistory | None:
        """Return the history of answers for a method of this tab, else None."""
        return self.history if workspace_of(method) == self.workspace else None

    def began(self) -> None:
        """Clear the selection for a new answer."""
        self.forget_pick()

    def play(self, speed: float) -> None:
        """Replay the answer; indexing and loading before its first step are skipped."""
        shown = self.history.shown
        events = [] if shown is None else shown.events
        first = next((i for i, event in enumerate(events) if isinstance(event, self.replays_from)), 0)
        self.replay.play(speed, first=first)
        self.store.watch()

    def show_record(self, record: RunRecord) -> None:
        """Show another answer of this session, with nothing selected."""
        self.replay.hold()
        self.forget_pick()
        self.history.show(record)
        self.store.changed.emit()

    def open_run(self, record: RunRecord) -> None:
        """Show an answer that was read from a file."""
        self.replay.hold()
        self.forget_pick()
        record.number = self.history.next_number()
        self.history.put(record)
