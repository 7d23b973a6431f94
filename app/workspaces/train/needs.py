"""Widget that shows what a training would take, and whether it fits."""

from PySide6.QtWidgets import QVBoxLayout, QWidget

from app import theme
from app.text.plain_text import one_line
from app.widgets import labels
from app.widgets.labels import plain_label
from app.workspaces.train import words
from engine.events import TrainingEstimated


class TrainNeeds(QWidget):
    """One line each for the drafter, its memory and its time where they are known, and always the verdict."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.shape = plain_label("", self, wraps=True)
        self.memory = plain_label("", self, role="muted", wraps=True)
        self.time = plain_label("", self, role="muted", wraps=True)
        self.verdict = plain_label("", self, wraps=True)
        self.prospect = plain_label("", self, wraps=True)
        self.prospect.setAccessibleName(self.tr("Whether the time can buy a drafter"))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.HALF)
        for label in (self.shape, self.memory, self.time, self.verdict, self.prospect):
            column.addWidget(label)

    def show_needs(self, estimate: TrainingEstimated | None, minutes: float, steps: int, why_not: str) -> None:
        """estimate: None while unknown; minutes, steps: of the training; why_not: empty where it can start."""
        lines = ("", "", "") if estimate is None else words.needs(estimate, minutes, steps)
        prospect = "" if estimate is None or why_not else words.prospect(estimate)
        for label, line in zip((self.shape, self.memory, self.time, self.prospect), (*lines, prospect), strict=True):
            label.setText(line)
            label.setVisible(bool(line))
        if why_not:
            self.verdict.setText(self.tr("⚠ why not: {0}").format(one_line(why_not)))
        else:
            self.verdict.setText(self.tr("not known yet") if estimate is None else self.tr("✓ fits"))
        labels.set_role(self.verdict, "bad" if why_not and estimate is not None else "normal")
