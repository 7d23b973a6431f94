"""Two runs compared: one sentence on where their texts part, and a table of figures and differing settings."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.panels import comparison
from app.state.run_record import RunRecord
from app.text.shown_text import visible
from app.widgets.labels import plain_label
from app.widgets.tables import FigureTable

_LONGEST = 60


class TwoRuns(QWidget):
    """Says how to compare until it is given two runs."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._compared: tuple[int, int, int, int] | None = None
        self.sentence = plain_label("", self, role="muted", wraps=True)
        self.sentence.setAccessibleName(self.tr("Comparison of two runs"))
        self.table = FigureTable(0, 3, self, padding=theme.HALF)
        self.table.setAccessibleName(self.tr("Figures of both runs"))
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * theme.GRID, theme.HALF, theme.GRID, 0)
        column.setSpacing(theme.HALF)
        column.addWidget(self.sentence)
        column.addWidget(self.table, 1)
        self.say_how()

    def say_how(self) -> None:
        """Nothing is compared."""
        self._compared = None
        self.table.hide()
        self.sentence.setText(self.tr("Select two runs (Ctrl+click, or Shift and the arrow keys) to compare them."))
        self.sentence.setAlignment(Qt.AlignmentFlag.AlignTop)

    def compare(self, first: RunRecord, second: RunRecord) -> None:
        """Show two runs side by side."""
        key = (first.number, len(first.events), second.number, len(second.events))
        if key == self._compared:
            return
        self._compared = key
        self.sentence.setText(self._sentence(first, second))
        rows = comparison.figures(first, second)
        self.table.setHorizontalHeaderLabels(
            ["", self.tr("run {0}").format(first.number), self.tr("run {0}").format(second.number)]
        )
        self.table.setRowCount(len(rows))
        for number, row in enumerate(rows):
            for column, text in enumerate(row):
                item = QTableWidgetItem(visible(text, longest=_LONGEST).replace("·", " "))
                side = Qt.AlignmentFlag.AlignLeft if column == 0 else Qt.AlignmentFlag.AlignRight
                item.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)
                self.table.setItem(number, column, item)
        self.table.show()

    def _sentence(self, first: RunRecord, second: RunRecord) -> str:
        found = comparison.parting(first, second)
        if not found.first and not found.second:
            return self.tr("Runs {0} and {1} have the same text: {2:,} tokens with the prompt.").format(
                first.number, second.number, found.n_common
            )
        if not found.n_common:
            return self.tr("Runs {0} and {1} share no token: their prompts differ.").format(first.number, second.number)
        return self.tr("The same prompt and {0:,} new tokens, then {1}, {2}.").format(
            found.n_common_new, self._goes_on(first, found.first), self._goes_on(second, found.second)
        )

    def _goes_on(self, run: RunRecord, text: str) -> str:
        if not text:
            return self.tr("run {0} ends").format(run.number)
        return self.tr("run {0} goes on with {1}").format(run.number, f"“{visible(text, longest=_LONGEST)}”")
