"""A line of text that is kept from start to start, and how often it was run."""

from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from app.state.verbs import Verb
from app.workspaces.base import TabContext, Workspace


class ToyWorkspace(QWidget, Workspace):
    def __init__(self, context: TabContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.context = context
        self.n_runs = 0
        self.line = QLineEdit(self)
        self.line.textChanged.connect(context.verbs.refresh)
        QVBoxLayout(self).addWidget(self.line)

    def do(self, verb: Verb) -> None:
        self.n_runs += verb == "run"

    def why_not(self, verb: Verb) -> str:
        return "" if verb == "run" and self.line.text() else "the toy is empty"

    def show_example(self, name: str) -> None:
        self.line.setText("pictured")

    def holds(self, name: str) -> bool:
        return bool(self.line.text())

    def save(self, settings: QSettings) -> None:
        settings.setValue("toy/line", self.line.text())

    def restore(self, settings: QSettings) -> None:
        self.line.setText(str(settings.value("toy/line", "")))
