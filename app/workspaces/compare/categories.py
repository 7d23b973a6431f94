"""Panel with the speedup of every lane in every category of the prompts."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHeaderView, QTableWidgetItem, QVBoxLayout, QWidget

from app import theme
from app.panel import Panel
from app.plots.table_export import offer_csv
from app.state.store import RunStore
from app.text.plain_text import one_line, plain_tip
from app.widgets.labels import ElasticLine, plain_label
from app.widgets.tables import FigureTable
from app.words import quantities
from app.workspaces.compare import words
from app.workspaces.compare.comparing import ComparingProgress
from app.workspaces.compare.record import ComparisonRecord
from engine.events import PLAIN_LANE, CategoryFigures, Event, LaneFigures
from engine.runs.summary import Summary

_LONGEST_NAME = 40


class CategoriesPanel(Panel):
    """A row for each category, a column for each lane; the fastest lane of a row is bold."""

    every_ms = 250

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self._drawn: tuple[int, int] = (-1, -1)
        self.table = FigureTable(0, 0, self, padding=theme.GRID)
        self.table.setAccessibleName(self.tr("Speedup by category"))
        offer_csv(self.table, store)
        # Fitted once after each change: fitting with every cell takes far longer.
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.empty = plain_label(
            self.tr("Where prompts have categories, each becomes a row here: what pays for code may not for chat."),
            self, role="muted", wraps=True,
        )  # fmt: skip
        self.caption = ElasticLine(self, role="muted")
        self.caption.show_text(
            self.tr("Speedup over plain decoding; bold: the fastest lane. Point at a cell for α and τ.")
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.GRID, theme.GRID, theme.GRID, 0)
        column.setSpacing(theme.HALF)
        column.addWidget(plain_label(self.tr("Speedup by category"), self, role="title"))
        column.addWidget(self.empty)
        column.addWidget(self.table, 1)
        column.addWidget(self.caption)
        self.draw((), store.summary)

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Fill the table when the figures have changed."""
        record = self.store.tab(ComparingProgress).record
        if self._drawn == (record.number, record.changes):
            return
        self._drawn = (record.number, record.changes)
        lanes = [lane for lane in record.figures if lane.categories and lane.lane != PLAIN_LANE]
        names = list(dict.fromkeys(part.category for lane in lanes for part in lane.categories if part.category))
        self.empty.setVisible(not names)
        self.table.setVisible(bool(names))
        self.table.setColumnCount(len(lanes) + 2 if names else 0)
        self.table.setRowCount(len(names))
        if names:
            self._set_heads(record, lanes)
        for row, name in enumerate(names):
            self._fill_row(row, name, lanes)
        self.table.resizeColumnsToContents()

    def _set_heads(self, record: ComparisonRecord, lanes: Sequence[LaneFigures]) -> None:
        for column, text in enumerate((self.tr("category"), self.tr("prompts"))):
            self._set_head(column, text, self.tr("Of the prompts, where the set names them"))
        for column, lane in enumerate(lanes, 2):
            mark = record.mark(lane.lane)
            head = self._set_head(column, f"{mark.glyph} {words.lane_name(lane.lane)}", words.lane_name(lane.lane))
            head.setForeground(mark.colour)

    def _set_head(self, column: int, text: str, tip: str) -> QTableWidgetItem:
        item = QTableWidgetItem(text)
        item.setToolTip(plain_tip(tip))
        side = Qt.AlignmentFlag.AlignRight if column else Qt.AlignmentFlag.AlignLeft
        item.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)
        self.table.setHorizontalHeaderItem(column, item)
        return item

    def _fill_row(self, row: int, name: str, lanes: Sequence[LaneFigures]) -> None:
        parts = [next((part for part in lane.categories if part.category == name), None) for lane in lanes]
        measured = [part for part in parts if part is not None]
        best = max(measured, key=lambda part: part.speedup.value)
        self._set(row, 0, one_line(name, longest=_LONGEST_NAME), one_line(name))
        self._set(row, 1, f"{max(part.n_prompts for part in measured):,}", "")
        for column, part in enumerate(parts, 2):
            text = quantities.UNKNOWN if part is None else words.ratio(part.speedup)
            item = self._set(row, column, text, "" if part is None else _tip(part))
            font = item.font()
            font.setBold(part is best and best.speedup.value > 1)
            item.setFont(font)
            loses = part is not None and part.speedup.value < 1
            item.setForeground(self.palette().text() if not loses else theme.fate_colour("rejected"))

    def _set(self, row: int, column: int, text: str, tip: str) -> QTableWidgetItem:
        item = self.table.item(row, column)
        if item is None:
            item = QTableWidgetItem()
            side = Qt.AlignmentFlag.AlignRight if column else Qt.AlignmentFlag.AlignLeft
            item.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)
            self.table.setItem(row, column, item)
        item.setText(text)
        item.setToolTip(plain_tip(tip) if tip else "")
        return item


def _tip(part: CategoryFigures) -> str:
    figures = words.tr("α {0}, τ {1:.2f}, {2:,.1f} tokens/s").format(
        quantities.number(part.alpha), part.tau, part.tokens_per_s
    )
    return f"{figures}\n{words.ratio_meaning(part.speedup)}"
