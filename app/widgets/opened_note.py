"""A note that names whose settings are on show, with a button that restores the user's own."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QPushButton, QVBoxLayout, QWidget

from app import theme
from app.widgets.labels import plain_label


class OpenedNote(QFrame):
    """`back_asked`: the user's own settings are to be restored. text: the note; tip: what the button restores."""

    back_asked = Signal()

    def __init__(self, text: str, tip: str, parent: QWidget) -> None:
        super().__init__(parent)
        label = plain_label(text, self, wraps=True)
        self.back = QPushButton(self.tr("Back to mine"), self)
        self.back.setToolTip(tip)
        self.back.setAccessibleDescription(tip)
        self.back.clicked.connect(self.back_asked)
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * theme.GRID, theme.GRID, theme.GRID, theme.GRID)
        column.setSpacing(theme.HALF)
        column.addWidget(label)
        column.addWidget(self.back)
