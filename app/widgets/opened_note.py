"""The line that says whose settings are on show and gives one's own back; knows no setting."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QPushButton, QVBoxLayout, QWidget

from app import theme
from app.widgets.labels import plain_label


class OpenedNote(QFrame):
    """`back_asked` says that one's own are wanted. said_of: whose they are; tip: what the button gives back."""

    back_asked = Signal()

    def __init__(self, said_of: str, tip: str, parent: QWidget) -> None:
        super().__init__(parent)
        said = plain_label(said_of, self, wraps=True)
        self.back = QPushButton(self.tr("Back to mine"), self)
        self.back.setToolTip(tip)
        self.back.setAccessibleDescription(tip)
        self.back.clicked.connect(self.back_asked)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, theme.HALF)
        column.setSpacing(theme.HALF)
        column.addWidget(said)
        column.addWidget(self.back)
