"""A combo box that shows the name of each value of a setting and gives the value."""

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QStandardItemModel
from PySide6.QtWidgets import QWidget

from app.text.plain_text import plain_tip
from app.widgets.steady_box import SteadyBox
from app.words.choice_names import choice_name


class ChoiceBox(SteadyBox):
    """setting: whose values these are. A value that is not offered is never chosen."""

    def __init__(self, setting: str, values: Sequence[str], parent: QWidget) -> None:
        super().__init__(parent)
        # The names are short, so that the column has room for the longest of them.
        self.setSizeAdjustPolicy(ChoiceBox.SizeAdjustPolicy.AdjustToContents)
        self.setMinimumWidth(0)
        for value in values:
            self.addItem(choice_name(setting, value), value)

    def value(self) -> str:
        """The chosen value."""
        return str(self.currentData())

    def choose(self, value: str) -> None:
        """Choose a value; one that is not offered changes nothing."""
        if (row := self.findData(value)) >= 0:
            self.setCurrentIndex(row)

    def describe(self, value: str, words: str, *, allowed: bool) -> None:
        """Say what there is to know about a value; one that is not allowed stays in the list, grey."""
        rows = self.model()
        if (row := self.findData(value)) >= 0 and isinstance(rows, QStandardItemModel):
            rows.item(row).setEnabled(allowed)
            self.setItemData(row, plain_tip(words) if words else "", Qt.ItemDataRole.ToolTipRole)
            self.setItemData(row, words, Qt.ItemDataRole.AccessibleDescriptionRole)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """Never narrower than the longest name."""
        return self.sizeHint()
