"""Panel of the log: one line per event of the engine, newest last."""

from collections.abc import Iterable, Sequence
from time import localtime, strftime
from typing import NamedTuple

from PySide6.QtGui import QTextOption
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QVBoxLayout, QWidget

from app import theme
from app.panel import Panel
from app.state.store import RunStore
from engine.events import Event
from engine.runs.summary import Summary

MOST_LINES = 5000


class LogLine(NamedTuple):
    """A line of the log. at: the time of day; may be empty."""

    at: str
    words: str


class LogPanel(Panel):
    """Keeps the newest `MOST_LINES` lines, also of earlier runs; new lines do not move a reader who scrolled back."""

    every_ms = 250
    turn = 2

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self._n_read = 0
        self.text = QPlainTextEdit(self)
        self.text.setReadOnly(True)
        self.text.setUndoRedoEnabled(False)
        self.text.setMaximumBlockCount(MOST_LINES)
        self.text.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.text.setFrameShape(QFrame.Shape.NoFrame)
        self.text.setFont(theme.tabular(self.text.font()))
        self.text.setPlaceholderText(self.tr("What the engine does appears here: models loaded, runs, comparisons."))
        self.text.setAccessibleName(self.tr("Log"))
        self.text.setToolTip(self.tr("What the engine did, newest last. Ctrl+A and Ctrl+C copy it."))
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.GRID, 0, theme.GRID, 0)
        column.addWidget(self.text)

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Append the notes that the store added since the last call: events of any run, and where a run was saved."""
        if self._n_read == self.store.notes.n_made:
            return
        # Imported late: it has the words of every tab, and the first paint waits for every import.
        from app.workspaces.decode.event_words import describe

        notes = self.store.notes.since(self._n_read)
        self._n_read = self.store.notes.n_made
        descriptions = (
            (note.at, note.event if isinstance(note.event, str) else describe(note.event)) for note in notes
        )
        self.append_lines([LogLine(_clock(at), words) for at, words in descriptions if words is not None])

    def append_lines(self, lines: Iterable[LogLine]) -> None:
        """Add lines at the end, in one step."""
        text = "\n".join(f"{at}  {words}" if at else words for at, words in lines)
        if text:
            self.text.appendPlainText(text)


def _clock(at: float) -> str:
    return strftime("%H:%M:%S", localtime(at))
