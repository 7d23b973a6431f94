"""The bar of the Runs tab that says what was deleted or refused, and what to do about it."""

from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QWidget

from app import theme
from app.text.plain_text import one_line
from app.widgets.floating_bars import float_over
from app.widgets.labels import plain_label
from app.words.hints import in_window
from app.workspaces.runs import words
from app.workspaces.runs.library import RunLibrary

_LONGEST = 400


class UndoBar(QFrame):
    """Floats over the lower edge of the tab: trouble first, then what was refused, then what was deleted."""

    def __init__(self, library: RunLibrary, parent: QWidget) -> None:
        super().__init__(parent)
        self._library = library
        self.setAccessibleName(self.tr("Message about the kept runs"))
        self.text = plain_label("", self, wraps=True)
        self.undo = QPushButton(self.tr("Undo"), self)
        self.undo.setToolTip(self.tr("Bring back what was deleted last (Ctrl+Z)"))
        self.undo.clicked.connect(library.undo)
        self.retry = QPushButton(self.tr("Try again"), self)
        self.retry.setToolTip(self.tr("Open the list of runs again"))
        self.retry.clicked.connect(library.retry)
        self.close_button = QPushButton(self.tr("Dismiss"), self)
        self.close_button.setToolTip(self.tr("Close this bar; deleted runs stay under “Deleted”"))
        self.close_button.clicked.connect(library.dismiss)
        row = QHBoxLayout(self)
        row.setContentsMargins(2 * theme.GRID, theme.HALF, 2 * theme.GRID, theme.HALF)
        row.setSpacing(theme.GRID)
        row.addWidget(self.text, 1)
        for button in (self.undo, self.retry, self.close_button):
            row.addWidget(button)
        float_over(self, parent)
        self.draw()

    def draw(self) -> None:
        """Show the newest message."""
        library = self._library
        err = library.trouble or library.refused
        self._set_role("error" if err is not None else "sheet")
        self.retry.setVisible(library.trouble is not None)
        self.undo.setVisible(err is None and bool(library.deletions))
        self.close_button.setVisible(library.trouble is None)
        if err is not None:
            self.text.setText(f"⚠ {_sentence(err.message)} {_sentence(in_window(err.hint))}")
        elif library.deletions:
            self.text.setText(self.tr("{0} deleted.").format(words.counted(len(library.deletions[-1].ids))))
        elif library.notes:
            self.text.setText(" ".join(_sentence(note) for note in library.notes))
        self.setVisible(err is not None or bool(library.deletions) or bool(library.notes))

    def _set_role(self, role: str) -> None:
        if self.property("role") != role:
            self.setProperty("role", role)
            self.style().unpolish(self)
            self.style().polish(self)


def _sentence(text: str) -> str:
    """A message as a sentence that is safe to show."""
    line = one_line(text, longest=_LONGEST).rstrip(".")
    return f"{line[:1].upper()}{line[1:]}." if line else ""
