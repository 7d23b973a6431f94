"""Table model of the lanes, sorted by any column; a lane without a figure comes last."""

from typing import Any

import numpy as np
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor, QFont
from PySide6.QtWidgets import QWidget

from app import theme
from app.plots.export import Column, Table
from app.text.plain_text import one_line, plain_tip
from app.words.hints import in_window
from app.workspaces.compare import words
from app.workspaces.compare.lane_columns import LANE, SAME, SPEEDUP, LaneColumn, lane_columns
from app.workspaces.compare.record import ComparisonRecord
from engine.events import PLAIN_LANE, LaneFigures
from engine.statistics import Interval, RatioEstimate

SPEEDUP_ROLE = int(Qt.ItemDataRole.UserRole)
_NO_PARENT = QModelIndex()
_Index = QModelIndex | QPersistentModelIndex


class LanesModel(QAbstractTableModel):
    """Each row is a lane; the rows keep the order of the comparison until they are sorted."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.record = ComparisonRecord()
        self.columns: tuple[LaneColumn, ...] = lane_columns(lambda: self.record)
        self._lanes: tuple[LaneFigures, ...] = ()
        self._rows: list[int] = []
        self._sorted_by = -1
        self._descending = False

    def show_record(self, record: ComparisonRecord) -> None:
        """Show the lanes of a comparison; the same lanes keep their rows, and so the selection."""
        lanes = record.figures
        same = record is self.record and [lane.lane for lane in lanes] == [lane.lane for lane in self._lanes]
        if same:
            self._lanes = lanes
            self._reorder()
            if lanes:
                self.dataChanged.emit(self.index(0, 0), self.index(len(lanes) - 1, len(self.columns) - 1))
            return
        self.beginResetModel()
        self.record, self._lanes = record, lanes
        self._rows = self._order()
        self.endResetModel()

    def lane_at(self, row: int) -> str:
        """The name of the lane in a row."""
        return self._lanes[self._rows[row]].lane

    def texts(self, column: int) -> list[str]:
        """What the cells of a column say."""
        return [self.columns[column].write(lane) for lane in self._lanes]

    def row_of(self, lane: str) -> int | None:
        """The row of a lane; None where it has none."""
        return next((row for row, place in enumerate(self._rows) if self._lanes[place].lane == lane), None)

    def scale(self) -> Interval:
        """The ends of the axis on which all speedups are drawn; 1× is always on it."""
        ends = [1.0]
        for lane in self._lanes:
            if (estimate := lane.speedup) is not None and lane.lane != PLAIN_LANE:
                reach = estimate.ci or estimate.range or Interval(estimate.value, estimate.value)
                ends += reach
        return Interval(min(ends), max(ends))

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort the rows by a column, -1 for the order of the comparison."""
        self._sorted_by, self._descending = column, order == Qt.SortOrder.DescendingOrder
        self._reorder()

    def first_order(self, column: int) -> Qt.SortOrder:
        """The order that has the best first."""
        high_first = self.columns[column].high_first
        return Qt.SortOrder.DescendingOrder if high_first else Qt.SortOrder.AscendingOrder

    def _order(self) -> list[int]:
        places = range(len(self._lanes))
        if not 0 <= self._sorted_by < len(self.columns):
            return list(places)
        column = self.columns[self._sorted_by]
        keys = {place: self._key(column, place) for place in places}
        sortable = sorted((place for place in places if keys[place] is not None), key=lambda place: keys[place] or 0.0)
        if self._descending:
            sortable.reverse()
        return sortable + [place for place in places if keys[place] is None]

    def _key(self, column: LaneColumn, place: int) -> float | None:
        return column.value(self._lanes[place])

    def _reorder(self) -> None:
        """Sort the rows and keep the selection."""
        rows = self._order()
        if rows == self._rows:
            return
        self.layoutAboutToBeChanged.emit()
        old = self.persistentIndexList()
        places = [self._rows[index.row()] for index in old]
        self._rows = rows
        new_rows = {place: row for row, place in enumerate(rows)}
        moved = [self.index(new_rows[place], index.column()) for place, index in zip(places, old, strict=True)]
        self.changePersistentIndexList(old, moved)
        self.layoutChanged.emit()

    # Qt

    def rowCount(self, parent: _Index = _NO_PARENT) -> int:  # noqa: N802 (Qt's name)
        """Number of lanes."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: _Index = _NO_PARENT) -> int:  # noqa: N802 (Qt's name)
        """Number of columns."""
        return 0 if parent.isValid() else len(self.columns)

    def headerData(  # noqa: N802 (Qt's name)
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Title and meaning of a column."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.columns[section].title
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tip(self.columns[section].meaning)
        if role == Qt.ItemDataRole.InitialSortOrderRole:
            return self.first_order(section)
        return self._alignment(section) if role == Qt.ItemDataRole.TextAlignmentRole else None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """What a cell says, its tooltip, colour, font, and the speedup to draw."""
        lane, column = self._lanes[self._rows[index.row()]], index.column()
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return self.columns[column].write(lane)
            case Qt.ItemDataRole.ToolTipRole:
                return plain_tip(self._tip(lane, column))
            case Qt.ItemDataRole.ForegroundRole:
                return self._colour(lane, column)
            case Qt.ItemDataRole.TextAlignmentRole:
                return self._alignment(column)
            case Qt.ItemDataRole.FontRole if lane.lane == self.record.recommended:
                font = QFont()
                font.setBold(True)
                return font
        return lane.speedup if role == SPEEDUP_ROLE and lane.lane != PLAIN_LANE else None

    def _tip(self, lane: LaneFigures, column: int) -> str:
        if column == SPEEDUP:
            return words.ratio_meaning(lane.speedup)
        if column == SAME:
            return words.lane_check(lane)
        if column == LANE and lane.lane in self.record.refused:
            return "\n".join((words.lane_name(lane.lane), in_window(self.record.refused[lane.lane].hint)))
        text = self.columns[column].write(lane)
        return f"{text}\n{self.columns[column].meaning}" if text else self.columns[column].meaning

    def _colour(self, lane: LaneFigures, column: int) -> QColor | None:
        """The lane's colour for its name; that of losses for one; grey for what cannot take part."""
        colours = theme.current()
        if column == LANE:
            return self.record.mark(lane.lane).colour
        if not lane.n_tokens:
            return QColor(colours.muted)
        if column == SPEEDUP and lane.speedup is not None and lane.speedup.value < 1 and lane.lane != PLAIN_LANE:
            return QColor(colours.bad)
        if column == SAME and lane.same_text is False:
            return QColor(colours.bad)
        return None

    def _alignment(self, column: int) -> Qt.AlignmentFlag:
        left = column in (LANE, SPEEDUP, len(self.columns) - 1)
        return (Qt.AlignmentFlag.AlignLeft if left else Qt.AlignmentFlag.AlignRight) | Qt.AlignmentFlag.AlignVCenter

    # Export

    def table(self, rows: list[int] | None = None) -> Table:
        """The lanes in the order on show as the content of a CSV file; rows: only these."""
        shown = range(len(self._rows)) if rows is None else rows
        lanes = [self._lanes[self._rows[row]] for row in shown]
        columns = [
            Column("lane", _texts([lane.lane for lane in lanes])),
            Column("drafter", _texts([lane.drafter for lane in lanes])),
            Column("gamma", _figures([float(lane.gamma) for lane in lanes])),
            Column("prompts", _figures([float(lane.n_prompts) for lane in lanes])),
            Column("tokens", _figures([float(lane.n_tokens) for lane in lanes])),
        ]
        for place, column in enumerate(self.columns[1:-1], 1):
            columns.append(Column(_csv_title(column.title), _figures([column.value(lane) for lane in lanes])))
            columns += _spread_columns(lanes, place)
        columns.append(Column("why not", _texts([self.columns[-1].write(lane) for lane in lanes])))
        return Table(csv_notes(self.record), tuple(columns))


def csv_notes(record: ComparisonRecord) -> tuple[str, ...]:
    """What the figures of a comparison were measured with, a line each."""
    started = record.started
    if started is None:
        return ("draftscope: lanes",)
    facts = (
        ("comparison", started.comparison_id), ("started", started.started_utc), ("target", started.target),
        ("prompts", f"{len(started.prompts)} of {started.prompt_set}"), ("device", f"{started.device} {started.dtype}"),
        *((f"setting {name}", value) for name, value in started.settings),
    )  # fmt: skip
    return ("draftscope: lanes", *(f"{one_line(name)}: {one_line(str(value))}" for name, value in facts))


def _csv_title(title: str) -> str:
    units = {"TTFT": "TTFT (ms)", "TPOT": "TPOT (ms)", "memory": "memory (bytes)"}
    return units.get(title, title)


def _spread_columns(lanes: list[LaneFigures], place: int) -> list[Column]:
    """The ends of the interval of alpha, and of the interval or range of the speedup."""
    if place == 1:
        return _ends("α", [lane.alpha_ci for lane in lanes])
    if place == SPEEDUP:
        return _ends("speedup", [_reach(lane.speedup) for lane in lanes])
    return []


def _reach(estimate: RatioEstimate | None) -> Interval | None:
    return None if estimate is None else estimate.ci or estimate.range


def _ends(title: str, spreads: list[Interval | None]) -> list[Column]:
    return [
        Column(f"{title}, {end}", _figures([None if spread is None else spread[place] for spread in spreads]))
        for place, end in enumerate(("low", "high"))
    ]


def _texts(values: list[str]) -> np.ndarray:
    return np.array(values, dtype=object)


def _figures(values: list[float | None]) -> np.ndarray:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
