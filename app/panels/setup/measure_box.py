"""The "Measure only" switch, which postpones drawing until a run ends, and the note shown meanwhile."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QVBoxLayout, QWidget

from app import theme
from app.widgets.labels import plain_label
from app.widgets.reserved_space import keep_room


class MeasureBox(QWidget):
    """`toggled` is emitted when the switch changes."""

    toggled = Signal(bool)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        tip = self.tr(
            "Text, plots and figures stay as they are while a run is under way and appear all at once at its end, "
            "so that drawing them takes nothing from the engine's speed."
        )
        self.box = QCheckBox(self.tr("Measure only"), self)
        self.box.setToolTip(tip)
        self.box.setAccessibleDescription(tip)
        self.box.toggled.connect(self.toggled)
        self.line = plain_label(
            self.tr("Measuring only: text and plots appear at the end"), self, role="muted", wraps=True
        )
        keep_room(self.line)
        self.line.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.HALF)
        column.addWidget(self.box)
        column.addWidget(self.line)
