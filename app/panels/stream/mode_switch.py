"""Switch between the two ways to look at the stream: reading its text, or inspecting its tokens."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QToolButton, QWidget


class ModeSwitch(QWidget):
    """Two buttons of which one is down. `changed` carries whether tokens are inspected."""

    changed = Signal(bool)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.reading = self._button(
            self.tr("Reading"), self.tr("Show the text as text; an underline tells the fate of each token.")
        )
        self.inspecting = self._button(
            self.tr("Inspecting"),
            self.tr(
                "Show every token, also those that were proposed and not kept (ghosts), with a card for each (Ctrl+I)."
            ),
        )
        group = QButtonGroup(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        for button in (self.reading, self.inspecting):
            group.addButton(button)
            row.addWidget(button)
        self.reading.setChecked(True)
        self.inspecting.toggled.connect(self.changed)

    @property
    def is_inspecting(self) -> bool:
        """Whether tokens are inspected."""
        return self.inspecting.isChecked()

    def inspect(self, chosen: bool) -> None:
        """Choose inspecting, or else reading."""
        (self.inspecting if chosen else self.reading).setChecked(True)

    def _button(self, text: str, tip: str) -> QToolButton:
        button = QToolButton(self)
        button.setText(text)
        button.setToolTip(tip)
        button.setCheckable(True)
        button.setProperty("role", "segment")
        return button
