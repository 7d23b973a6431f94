"""Panel of the messages of a training: texts, warnings, checkpoints and its end."""

from collections.abc import Sequence

from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QPlainTextEdit, QVBoxLayout, QWidget

from app import theme
from app.panel import Panel
from app.state.store import RunStore
from app.widgets.labels import plain_label
from app.workspaces.train import words
from app.workspaces.train.training import TrainingRunProgress
from engine.events import CheckpointSaved, Event
from engine.runs.summary import Summary

_MOST_LINES = 2000


class TrainMessagesPanel(Panel):
    """One line per message, the newest last."""

    every_ms = 100

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self._number, self._n_shown = -1, 0
        self._last: Event | None = None
        self.lines = QPlainTextEdit(self)
        self.lines.setReadOnly(True)
        self.lines.setMaximumBlockCount(_MOST_LINES)
        self.lines.setTabChangesFocus(True)
        self.lines.setAccessibleName(self.tr("Messages of the training"))
        self.lines.setToolTip(self.tr("What the training said, the newest last."))
        self.lines.setPlaceholderText(self.tr("Texts found, warnings and checkpoints appear here."))
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.GRID, theme.GRID, 2 * theme.GRID, theme.GRID)
        column.setSpacing(theme.HALF)
        column.addWidget(plain_label(self.tr("Messages"), self, role="title"))
        column.addWidget(self.lines, 1)

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Append the new messages."""
        record = self.store.tab(TrainingRunProgress).record
        if record.number != self._number:
            self._number, self._n_shown, self._last = record.number, 0, None
            self.lines.clear()
        for event in record.said[self._n_shown :]:
            self._append_line(event)
        self._n_shown = len(record.said)

    def _append_line(self, event: Event) -> None:
        """Append a line; a checkpoint replaces the line of the previous one, as there is one every half minute."""
        line, last = words.message(event), self._last
        self._last = event
        if line is None:
            return
        if isinstance(event, CheckpointSaved) and isinstance(last, CheckpointSaved):
            cursor = QTextCursor(self.lines.document().lastBlock())
            cursor.select(QTextCursor.SelectionType.LineUnderCursor)
            cursor.insertText(line)
        else:
            self.lines.appendPlainText(line)
