"""Shows two runs compared: a sentence on where their texts diverge, and a table of figures and differing settings."""

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
from app.words.counts import count

_MAX_CHARS = 60


class TwoRuns(QWidget):
    """Explains how to compare until two runs are selected."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._comparison_key: tuple[int, int, int, int] | None = None
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
        """Compare nothing and explain how to select two runs."""
        self._comparison_key = None
        self.table.hide()
        self.sentence.setText(self.tr("Select two runs (Ctrl+click, or Shift and the arrow keys) to compare them."))
        self.sentence.setAlignment(Qt.AlignmentFlag.AlignTop)

    def compare(self, first: RunRecord, second: RunRecord) -> None:
        """Show two runs side by side."""
        key = (first.number, len(first.events), second.number, len(second.events))
        if key == self._comparison_key:
            return
        self._comparison_key = key
        self.sentence.setText(self._sentence(first, second))
        rows = comparison.figures(first, second)
        self.table.setHorizontalHeaderLabels(
            ["", self.tr("run {0}").format(first.number), self.tr("run {0}").format(second.number)]
        )
        self.table.setRowCount(len(rows))
        for number, row in enumerate(rows):
            for column, text in enumerate(row):
                item = QTableWidgetItem(visible(text, longest=_MAX_CHARS).replace("·", " "))
                alignment = Qt.AlignmentFlag.AlignLeft if column == 0 else Qt.AlignmentFlag.AlignRight
                item.setTextAlignment(alignment | Qt.AlignmentFlag.AlignVCenter)
                self.table.setItem(number, column, item)
        self.table.show()

    def _sentence(self, first: RunRecord, second: RunRecord) -> str:
        divergence = comparison.parting(first, second)
        if not divergence.first and not divergence.second:
            return self.tr("Runs {0} and {1} have the same text: {2} with the prompt.").format(
                first.number, second.number, count(divergence.n_common, "token")
            )
        if not divergence.n_common:
            return self.tr("Runs {0} and {1} share no token: their prompts differ.").format(first.number, second.number)
        return self.tr("The same prompt and {0}, then {1}, {2}.").format(
            count(divergence.n_common_new, "new token"),
            self._continuation(first, divergence.first),
            self._continuation(second, divergence.second),
        )

    def _continuation(self, run: RunRecord, text: str) -> str:
        if not text:
            return self.tr("run {0} ends").format(run.number)
        return self.tr("run {0} continues with {1}").format(run.number, f"“{visible(text, longest=_MAX_CHARS)}”")
