"""A combo box that ignores the wheel, because it stands in a column that scrolls."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QComboBox, QWidget

from app import theme

_CHARACTERS = 4


class SteadyBox(QComboBox):
    """May be as narrow as its column, whatever its longest entry."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setMinimumContentsLength(_CHARACTERS)
        self.setMinimumWidth(9 * theme.GRID)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 (Qt's name)
        """Ignore the wheel, which scrolls the column."""
        event.ignore()
