"""Problems shown to the user, and notes for the log."""

from time import time
from typing import Literal, NamedTuple

from engine.events import EngineEnded, Event, Refused, RunFailed

_MAX_NOTES = 5000


class Trouble(NamedTuple):
    """What went wrong and what was kept of it. n_kept: tokens of the run on show."""

    kind: Literal["refused", "failed", "damaged", "ended"]
    what: str
    message: str
    hint: str
    details: str
    n_kept: int


def refusal(event: Refused, n_kept: int) -> Trouble:
    """The trouble of a refused command."""
    return Trouble("refused", event.what, event.reason, event.hint, event.traceback, n_kept)


def failure(event: RunFailed, what: str, n_kept: int) -> Trouble:
    """The trouble of a run or a training that failed."""
    return Trouble("failed", what, event.message, event.hint, event.traceback, n_kept)


def ended(event: EngineEnded, n_kept: int) -> Trouble:
    """The trouble of an engine that ended while it had nothing to do."""
    return Trouble("ended", "engine", event.why, event.hint, "", n_kept)


def damaged(where: str, n_kept: int) -> Trouble:
    """The trouble of a file that is readable only up to its damage."""
    return Trouble("damaged", "file", where, "what is shown is whole up to there", "", n_kept)


class Note(NamedTuple):
    """Something that happened: an event of the engine, or words on what the window did. at: seconds since the epoch."""

    at: float
    event: Event | str


class Notes:
    """The newest notes; `n_dropped` older ones were discarded."""

    def __init__(self) -> None:
        self.n_dropped = 0
        self._newest: list[Note] = []

    @property
    def n_made(self) -> int:
        """How many notes there have been."""
        return self.n_dropped + len(self._newest)

    def add(self, event: Event | str) -> None:
        """Add a note with the current time."""
        self._newest.append(Note(time(), event))
        if len(self._newest) > 2 * _MAX_NOTES:
            del self._newest[:_MAX_NOTES]
            self.n_dropped += _MAX_NOTES

    def since(self, n_read: int) -> list[Note]:
        """The remaining notes after the first `n_read` ever added."""
        return self._newest[max(0, n_read - self.n_dropped) :]
