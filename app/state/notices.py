"""What the window tells besides runs: troubles, and notes for the log; knows no widget."""

from time import time
from typing import Literal, NamedTuple

from engine.events import Event, Refused, RunFailed

_MAX_NOTES = 5000


class Trouble(NamedTuple):
    """What went wrong and what was kept. n_kept: tokens of the run on show."""

    kind: Literal["refused", "failed", "damaged"]
    what: str
    message: str
    hint: str
    details: str
    n_kept: int


def refusal(event: Refused, n_kept: int) -> Trouble:
    """A command that could not be done."""
    return Trouble("refused", event.what, event.reason, event.hint, event.traceback, n_kept)


def failure(event: RunFailed, what: str, n_kept: int) -> Trouble:
    """A run or a training that ended in a fault."""
    return Trouble("failed", what, event.message, event.hint, event.traceback, n_kept)


def damaged(where: str, n_kept: int) -> Trouble:
    """A file that could be read up to its damage."""
    return Trouble("damaged", "file", where, "what is shown is whole up to there", "", n_kept)


class Note(NamedTuple):
    """Something that happened: an event of the engine, or in words what the window did. at: seconds since the epoch."""

    at: float
    event: Event | str


class Notes:
    """The newest notes; `n_dropped` older ones are gone."""

    def __init__(self) -> None:
        self.n_dropped = 0
        self._kept: list[Note] = []

    @property
    def n_made(self) -> int:
        """How many notes there have been."""
        return self.n_dropped + len(self._kept)

    def add(self, event: Event | str) -> None:
        """Note something, at this moment."""
        self._kept.append(Note(time(), event))
        if len(self._kept) > 2 * _MAX_NOTES:
            del self._kept[:_MAX_NOTES]
            self.n_dropped += _MAX_NOTES

    def since(self, n_read: int) -> list[Note]:
        """The kept notes after the first `n_read` ever made."""
        return self._kept[max(0, n_read - self.n_dropped) :]
