"""The answers from documents of this session, their replay, and what is pointed at in them; knows no widget."""

from typing import NamedTuple

from app.state.replay import Replay
from app.state.requests import answers_from_documents
from app.state.run_history import RunHistory
from app.state.run_record import RunRecord
from engine.commands import Command, Run
from engine.events import Retrieved

_MOST_KEPT = 24


class Pick(NamedTuple):
    """A draft and a passage, counted from 0; None: the panels choose themselves, the winner and what it rests on."""

    draft: int | None = None
    passage: int | None = None


class AnswerProgress:
    """Kept apart from the runs of Decode, whose panels have nothing to show of an answer."""

    def __init__(self) -> None:
        self.shelf = RunHistory(most=_MOST_KEPT)
        self.replay = Replay(self.shelf)
        self.pick = Pick()

    def point(self, pick: Pick) -> bool:
        """Point at something. Returns whether that is another thing."""
        changed = pick != self.pick
        self.pick = pick
        return changed

    def play(self, speed: float) -> None:
        """Show the answer again; what was indexed or loaded before the passages were found is not waited for."""
        shown = self.shelf.shown
        events = [] if shown is None else shown.events
        self.replay.play(speed, first=next((i for i, event in enumerate(events) if isinstance(event, Retrieved)), 0))

    def show(self, record: RunRecord) -> None:
        """Show another answer, pointing at nothing."""
        self.replay.hold()
        self.pick = Pick()
        self.shelf.show(record)

    def open(self, record: RunRecord) -> None:
        """Take in an answer that was read from a file."""
        self.replay.hold()
        self.pick = Pick()
        record.number = self.shelf.next_number()
        self.shelf.put(record)


def is_answering(command: Command | None) -> bool:
    """Whether a command asks for an answer from documents."""
    return isinstance(command, Run) and answers_from_documents(command.method)
