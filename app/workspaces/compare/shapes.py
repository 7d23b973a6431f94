"""Panel that says what the acceptance by position of each lane means."""

from collections.abc import Sequence

from PySide6.QtWidgets import QHeaderView, QTableWidgetItem, QVBoxLayout, QWidget

from app import theme
from app.panel import Panel
from app.state.store import RunStore
from app.text.plain_text import plain_tip
from app.widgets.tables import FigureTable
from app.workspaces.compare import words
from app.workspaces.compare.comparing import ComparingProgress
from engine.events import Event
from engine.runs.summary import Summary

_LANE, _SHAPE, _MEANING = range(3)


class ShapesPanel(Panel):
    """A line for each drafted lane: its shape in a word, and what that says."""

    every_ms = 250

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self._drawn: tuple[int, int] = (-1, -1)
        self.table = FigureTable(0, 3, self, padding=theme.HALF)
        self.table.setAccessibleName(self.tr("What acceptance by position means"))
        self.table.setSelectionMode(FigureTable.SelectionMode.NoSelection)
        self.table.horizontalHeader().hide()
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(_MEANING, QHeaderView.ResizeMode.Stretch)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.GRID, 0, theme.GRID, 0)
        column.addWidget(self.table)
        self.draw((), store.summary)

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Update the lines when the figures have changed."""
        record = self.store.tab(ComparingProgress).record
        if self._drawn == (record.number, record.changes):
            return
        self._drawn = (record.number, record.changes)
        lanes = [lane for lane in record.figures if lane.positions]
        self.table.setRowCount(len(lanes))
        for row, lane in enumerate(lanes):
            mark, meaning = record.mark(lane.lane), words.shape_meaning(lane)
            name = f"{mark.glyph} {words.lane_name(lane.lane)}"
            for column, text in ((_LANE, name), (_SHAPE, words.shape_name(lane)), (_MEANING, meaning)):
                self._set(row, column, text)
            item = self.table.item(row, _LANE)
            assert item is not None
            item.setForeground(mark.colour)

    def _set(self, row: int, column: int, text: str) -> None:
        item = self.table.item(row, column)
        if item is None:
            item = QTableWidgetItem()
            self.table.setItem(row, column, item)
        if item.text() != text:
            item.setText(text)
            item.setToolTip(plain_tip(text))
