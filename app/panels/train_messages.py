"""Panel of what a training said: its text, warnings, checkpoints, its end; knows no figures."""

from collections.abc import Sequence

from PySide6.QtWidgets import QPlainTextEdit, QVBoxLayout, QWidget

from app import theme, training_words
from app.labels import plain_label
from app.panel import Panel
from app.store import RunStore
from engine.events import Event
from engine.summary import Summary

_MOST_LINES = 2000


class TrainMessagesPanel(Panel):
    """A line each, the newest last."""

    every_ms = 100

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self._number, self._n_said = -1, 0
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
        """Append what is new."""
        record = self.store.training
        if record.number != self._number:
            self._number, self._n_said = record.number, 0
            self.lines.clear()
        for event in record.said[self._n_said :]:
            if (line := training_words.message(event)) is not None:
                self.lines.appendPlainText(line)
        self._n_said = len(record.said)
