"""Panel of the rounds: one row a round, appended; the selected round is the selected row."""

from collections.abc import Sequence

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QTableView, QVBoxLayout, QWidget

from app import theme
from app.panel import Panel
from app.shown_text import visible
from app.store import RunStore, Selection
from engine.events import Event, RoundFinished
from engine.summary import Summary

_TEXT_COLUMN = 7
_NO_PARENT = QModelIndex()


class RoundsModel(QAbstractTableModel):
    """The rounds of a run as rows."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._rounds: list[RoundFinished] = []
        self._titles = (
            (self.tr("round"), self.tr("Number of the round, from 0.")),
            (self.tr("proposed"), self.tr("Tokens the drafter proposed.")),
            (self.tr("accepted"), self.tr("Proposed tokens the target kept.")),
            (self.tr("emitted"), self.tr("Tokens the round added to the text, correction or bonus included.")),
            (self.tr("draft ms"), self.tr("Time of the draft phase.")),
            (self.tr("verify ms"), self.tr("Time of the target's forward over the draft, and of the decision.")),
            (self.tr("other ms"), self.tr("Time of the round that is neither: bookkeeping and text.")),
            (self.tr("emitted text"), self.tr("What the round added; · is a space, ⏎ a line end.")),
        )

    def clear(self) -> None:
        """Forget all rows."""
        self.beginResetModel()
        self._rounds = []
        self.endResetModel()

    def append(self, rounds: Sequence[RoundFinished]) -> None:
        """Add rows at the end."""
        n = len(self._rounds)
        self.beginInsertRows(QModelIndex(), n, n + len(rounds) - 1)
        self._rounds += rounds
        self.endInsertRows()

    def row_of(self, number: int) -> int | None:
        """The row of a round; rounds are numbered from 0 without gaps, unless a file says otherwise."""
        if 0 <= number < len(self._rounds) and self._rounds[number].round == number:
            return number
        return next((row for row, event in enumerate(self._rounds) if event.round == number), None)

    def round_at(self, row: int) -> int:
        """The number of the round in a row."""
        return self._rounds[row].round

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = _NO_PARENT) -> int:  # noqa: N802 (Qt's name)
        """Rounds so far."""
        return 0 if parent.isValid() else len(self._rounds)

    def columnCount(self, parent: QModelIndex | QPersistentModelIndex = _NO_PARENT) -> int:  # noqa: N802 (Qt's name)
        """Facts about a round."""
        return 0 if parent.isValid() else len(self._titles)

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """The text of a cell and its alignment."""
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignLeft if index.column() == _TEXT_COLUMN else Qt.AlignmentFlag.AlignRight
            return side | Qt.AlignmentFlag.AlignVCenter
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        return _cell(self._rounds[index.row()], index.column())

    def headerData(  # noqa: N802 (Qt's name)
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        """Titles, and what they mean."""
        if orientation == Qt.Orientation.Vertical:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignLeft if section == _TEXT_COLUMN else Qt.AlignmentFlag.AlignRight
            return side | Qt.AlignmentFlag.AlignVCenter
        place = {Qt.ItemDataRole.DisplayRole: 0, Qt.ItemDataRole.ToolTipRole: 1}.get(Qt.ItemDataRole(role))
        return None if place is None else self._titles[section][place]


def _cell(event: RoundFinished, column: int) -> str:
    match column:
        case 0:
            return str(event.round)
        case 1:
            return str(len(event.proposed))
        case 2:
            return str(sum(token.fate == "accepted" for token in event.proposed))
        case 3:
            return str(len(event.emitted))
        case 4:
            return f"{event.draft_ms:.2f}"
        case 5:
            return f"{event.verify_ms:.2f}"
        case 6:
            return f"{event.other_ms:.2f}"
        case _:
            return _emitted_text(event)


def _emitted_text(event: RoundFinished) -> str:
    kept = [token.text for token in event.proposed if token.fate == "accepted"]
    return "".join(visible(text) for text in [*kept, *([event.last.text] if event.last is not None else [])])


class RoundsPanel(Panel):
    """A table that grows at its end and stays there while the end is in view."""

    every_ms = 100

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self.model = RoundsModel(self)
        self.table = QTableView(self)
        self.table.setModel(self.model)
        self.table.setAccessibleName(self.tr("Rounds"))
        self._set_up_table()
        self.table.selectionModel().currentRowChanged.connect(self._on_row)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.table)

    def clear(self) -> None:
        """Forget all rows."""
        self.model.clear()

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Append new rounds."""
        rounds = [event for event in new if isinstance(event, RoundFinished)]
        if not rounds:
            return
        bar = self.table.verticalScrollBar()
        at_end = bar.value() == bar.maximum()
        self.model.append(rounds)
        if at_end and self.store.selection is None:
            self.table.scrollToBottom()

    def mark(self, selection: Selection | None) -> None:
        """Select the row of the selected round."""
        row = None if selection is None else self.model.row_of(selection.round)
        if row is None:
            self.table.clearSelection()
            self.table.setCurrentIndex(QModelIndex())
        elif self.table.currentIndex().row() != row:
            self.table.selectRow(row)

    def _on_row(self, current: QModelIndex) -> None:
        if not current.isValid():
            return
        number, selection = self.model.round_at(current.row()), self.store.selection
        if selection is None or selection.round != number:
            self.store.select(Selection(number, None))

    def _set_up_table(self) -> None:
        table = self.table
        table.setFrameShape(QFrame.Shape.NoFrame)
        table.setFont(theme.tabular(table.font()))
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.setTabKeyNavigation(False)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        table.verticalHeader().hide()
        table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        table.verticalHeader().setDefaultSectionSize(table.fontMetrics().height() + theme.GRID)
        header = table.horizontalHeader()
        header.setHighlightSections(False)
        header.setStretchLastSection(True)
        for column in range(_TEXT_COLUMN):
            header.resizeSection(column, header.sectionSizeHint(column) + theme.GRID)
