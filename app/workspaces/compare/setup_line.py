"""The line below the top bar: why nothing can be measured, what a file of prompts holds, whose settings are above."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from app import theme
from app.widgets.labels import ElasticLine
from app.widgets.reserved_space import keep_room


class SetupLine(QWidget):
    """Always one line high, so that nothing below it moves. `settings_asked`: the settings of the comparison on show
    are to stand in the top bar."""

    settings_asked = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.text = ElasticLine(self, role="muted")
        self.text.setAccessibleName(self.tr("About the setup"))
        self.use = QPushButton(self.tr("Use its settings"), self)
        tip = self.tr("Set target, prompts, draft lengths, drafters and settings as in the comparison shown below")
        self.use.setToolTip(tip)
        self.use.setAccessibleDescription(tip)
        self.use.clicked.connect(self.settings_asked)
        keep_room(self.use)
        row = QHBoxLayout(self)
        row.setContentsMargins(2 * theme.GRID, 0, 2 * theme.GRID, theme.HALF)
        row.setSpacing(theme.GRID)
        row.addWidget(self.text, 1)
        row.addWidget(self.use)

    def show_words(self, parts: tuple[str, ...], *, belongs_to_another: bool) -> None:
        """Show what there is to say; belongs_to_another: offer the settings of the comparison on show."""
        text = " · ".join(filter(None, parts))
        self.text.show_text(text)
        self.text.setAccessibleDescription(text)
        self.use.setVisible(belongs_to_another)
