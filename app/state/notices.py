"""Problems shown to the user, and notes for the log."""

from time import time
from typing import Literal, NamedTuple

from PySide6.QtCore import QCoreApplication

from app.words.counts import count
from engine.events import EngineEnded, Event, Refused, RunFailed

_MAX_NOTES = 5000


class Trouble(NamedTuple):
    """What went wrong. kept: what there is of the very work that failed, in words; empty where it had made nothing."""

    kind: Literal["refused", "failed", "damaged", "ended"]
    what: str
    message: str
    hint: str
    details: str
    kept: str


def refusal(event: Refused, kept: str) -> Trouble:
    """The trouble of a refused command."""
    return Trouble("refused", event.what, event.reason, event.hint, event.traceback, kept)


def failure(event: RunFailed, what: str, kept: str) -> Trouble:
    """The trouble of a run or a training that failed."""
    return Trouble("failed", what, event.message, event.hint, event.traceback, kept)


def ended(event: EngineEnded) -> Trouble:
    """The trouble of an engine that ended while it had nothing to do."""
    return Trouble("ended", "engine", event.why, event.hint, "", "")


def damaged(where: str, kept: str) -> Trouble:
    """The trouble of a file that is readable only up to its damage."""
    return Trouble("damaged", "file", where, "what is shown is whole up to there", "", kept)


def text_kept(n_tokens: int) -> str:
    """That the text of a run is kept, as far as it came; empty where there is none."""
    return tr("{0}, shown below").format(count(n_tokens, "token")) if n_tokens else ""


def refused_kept(what: str, *, has_pair: bool) -> str:
    """What a refused command left as it was, where that is not plain. has_pair: whether models are in memory."""
    if what in ("load", "run", "fork") and has_pair:
        return tr("the models that were loaded before")
    return tr("the run in this window, as long as it is open") if what == "save" else ""


def tr(text: str) -> str:
    """Translate a text about what was kept."""
    return QCoreApplication.translate("notices", text)


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
