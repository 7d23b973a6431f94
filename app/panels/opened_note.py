"""The line that says whose settings are on show and gives one's own back; knows no setting."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QPushButton, QVBoxLayout, QWidget

from app import theme
from app.labels import plain_label


class OpenedNote(QFrame):
    """`back_asked` says that the former settings and prompt are wanted."""

    back_asked = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        said = plain_label(self.tr("Settings of the opened run."), self, wraps=True)
        self.back = QPushButton(self.tr("Back to mine"), self)
        tip = self.tr("Give back the settings and the prompt that were here before the run was opened")
        self.back.setToolTip(tip)
        self.back.setAccessibleDescription(tip)
        self.back.clicked.connect(self.back_asked)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, theme.HALF)
        column.setSpacing(theme.HALF)
        column.addWidget(said)
        column.addWidget(self.back)
