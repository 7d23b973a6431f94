"""Error bar: what happened, what was kept and what to do next, with details on demand."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from app import theme
from app.panel import Panel
from app.state.notices import Trouble
from app.state.store import RunStore
from app.text.shown_text import visible
from app.widgets import labels
from app.widgets.floating_bars import float_over
from app.words.hints import in_window
from engine.events import Event
from engine.runs.summary import Summary

_MAX_CHARS = 600
_N_DETAIL_LINES = 9


class ErrorPanel(Panel):
    """Takes no space: its frame, shown and hidden, floats over the parent it is built with, so that nothing moves.

    floats: otherwise the frame takes space of its own where the panel is."""

    def __init__(self, store: RunStore, parent: QWidget | None = None, *, floats: bool = True) -> None:
        super().__init__(store, parent)
        self._shown_trouble: Trouble | None = None
        self.frame = QFrame(self)
        self.frame.setProperty("role", "error")
        self.frame.setAccessibleName(self.tr("Error"))
        self.happened = labels.plain_label("", self.frame, wraps=True)
        self.next = labels.plain_label("", self.frame, wraps=True)
        for label in (self.happened, self.next):
            label.setTextInteractionFlags(
                Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
            )
        font = self.happened.font()
        font.setBold(True)
        self.happened.setFont(font)
        self.more = QPushButton(self.tr("Details"), self.frame)
        self.more.setCheckable(True)
        self.more.setToolTip(self.tr("Show or hide where in the program it happened, for a bug report"))
        self.more.setAccessibleName(self.tr("Details of the error"))
        self.close_button = QPushButton(self.tr("Dismiss"), self.frame)
        self.close_button.setToolTip(self.tr("Take note of this and close the bar; nothing else changes"))
        self.close_button.setAccessibleName(self.tr("Dismiss the error"))
        self.close_button.clicked.connect(store.dismiss)
        self.details = QPlainTextEdit(self.frame)
        self.details.setReadOnly(True)
        self.details.setAccessibleName(self.tr("Error details"))
        self.details.setMaximumHeight(self.fontMetrics().lineSpacing() * _N_DETAIL_LINES)
        self.more.toggled.connect(self.details.setVisible)
        self._lay_out()
        if floats and parent is not None:
            float_over(self.frame, parent)
        else:
            column = QVBoxLayout(self)
            column.setContentsMargins(0, 0, 0, 0)
            column.addWidget(self.frame)
        self.frame.hide()

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Show the store's trouble, or nothing."""
        trouble = self.store.trouble
        if trouble == self._shown_trouble:
            return
        self._shown_trouble = trouble
        self.frame.setVisible(trouble is not None)
        if trouble is None:
            return
        self.happened.setText(f"⚠ {self._title(trouble)}: {_readable(trouble.message)}")
        self.next.setText(" ".join(part for part in (self._kept_text(trouble), self._hint_text(trouble)) if part))
        self.more.setVisible(bool(trouble.details))
        self.more.setChecked(False)
        self.details.setVisible(False)
        self.details.setPlainText(trouble.details)

    def _title(self, trouble: Trouble) -> str:
        titles = {
            "load": self.tr("The models were not loaded"),
            "train": self.tr("The training stopped"),
            "run": self.tr("The run did not start"),
            "index": self.tr("The index was not made"),
            "measure": self.tr("The measurement ended early"),
            "evaluate": self.tr("The evaluation ended early"),
            "fork": self.tr("The fork did not start"),
            "getmodel": self.tr("The model was not downloaded"),
            "removemodel": self.tr("The model was not removed"),
            "save": self.tr("The run is not being saved"),
            "file": self.tr("The file was not opened or saved"),
        }
        if trouble.kind == "failed":
            failed = {"train": self.tr("The training failed"), "index": self.tr("The indexing failed")}
            return failed.get(trouble.what, self.tr("The run failed"))
        if trouble.kind == "damaged":
            return self.tr("The file is damaged")
        if trouble.kind == "ended":
            return self.tr("The engine ended")
        return titles.get(trouble.what, self.tr("Refused"))

    def _kept_text(self, trouble: Trouble) -> str:
        if trouble.kept:
            return self.tr("Kept: {0}.").format(trouble.kept)
        if trouble.kind in ("damaged", "ended"):
            return ""
        if trouble.kind == "failed":
            return self.tr("It had made nothing yet.")
        return self.tr("Nothing was changed.")

    def _hint_text(self, trouble: Trouble) -> str:
        if trouble.kind == "damaged":
            return self.tr("All before the damage is shown; copy the file again if you have another.")
        return self.tr("Next: {0}.").format(_readable(in_window(trouble.hint)).rstrip(".")) if trouble.hint else ""

    def _lay_out(self) -> None:
        text = QVBoxLayout()
        text.setSpacing(theme.HALF)
        text.addWidget(self.happened)
        text.addWidget(self.next)
        row = QHBoxLayout()
        row.setSpacing(theme.GRID)
        row.addLayout(text, 1)
        row.addWidget(self.more, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self.close_button, 0, Qt.AlignmentFlag.AlignTop)
        inner = QVBoxLayout(self.frame)
        inner.setContentsMargins(2 * theme.GRID, theme.GRID, theme.GRID, theme.GRID)
        inner.addLayout(row)
        inner.addWidget(self.details)


def _readable(text: str) -> str:
    """Foreign text with ordinary spaces; all other invisible or control characters are made visible."""
    return visible(text, longest=_MAX_CHARS).replace("·", " ")
