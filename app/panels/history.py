"""Panel of this session's runs: a table of all runs and forks, any two of which can be compared."""

from collections.abc import Sequence

from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QSplitter,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.panel import Panel
from app.panels.two_runs import TwoRuns
from app.plots.table_export import offer_csv
from app.state.run_record import RunRecord
from app.state.store import RunStore
from app.text.plain_text import path_line
from app.text.shown_text import visible
from app.widgets.tables import FigureTable
from app.words import quantities, runs
from engine.events import Event, RunStarted, Setting
from engine.runs.summary import Summary

_MAX_CHARS = 40
_MIN_WIDTH = 30 * theme.GRID
_TABLE_WIDTH, _COMPARISON_WIDTH = 55, 45


class HistoryPanel(Panel):
    """One row per run. A single selected run is shown in the window; two are compared beside the table."""

    every_ms = 250
    turn = 2

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self._rows: list[RunRecord] = []
        # Per run number: whether the run had ended and whether it was on show when its row was last written.
        self._row_states: dict[int, tuple[bool, bool]] = {}
        self.table = FigureTable(0, 0, self, padding=theme.GRID)
        self.table.setAccessibleName(self.tr("Runs of this session"))
        self.two = TwoRuns(self)
        for table in (self.table, self.two.table):
            offer_csv(table, store)
        self._set_up_table()
        self.table.itemSelectionChanged.connect(self._on_selection)
        splitter = QSplitter(Qt.Orientation.Horizontal, self)
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(self.table)
        splitter.addWidget(self.two)
        splitter.setSizes([_TABLE_WIDTH, _COMPARISON_WIDTH])
        self.table.setMinimumWidth(_MIN_WIDTH)
        self.two.setMinimumWidth(_MIN_WIDTH)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(splitter)

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Update the rows that changed."""
        records = self.store.history.records
        if self._rows[: len(records)] != records[: len(self._rows)]:
            self._rows = []
            self._row_states.clear()
            self.table.setRowCount(0)
        for row in range(self.table.rowCount(), len(records)):
            self.table.insertRow(row)
        self._rows = list(records)
        for row, record in enumerate(records):
            state = (record.ended, record is self.store.history.shown)
            if self._row_states.get(record.number) != state or not record.ended:
                self._write_row(row, record)
                self._row_states[record.number] = state
        self._mark_shown()

    def _write_row(self, row: int, record: RunRecord) -> None:
        for column, text in enumerate(self._cells(record)):
            item = self.table.item(row, column)
            if item is None:
                item = QTableWidgetItem()
                alignment = Qt.AlignmentFlag.AlignLeft if column == 1 else Qt.AlignmentFlag.AlignRight
                item.setTextAlignment(alignment | Qt.AlignmentFlag.AlignVCenter)
                self.table.setItem(row, column, item)
            if item.text() != text:
                item.setText(text)

    def _cells(self, record: RunRecord) -> tuple[str, ...]:
        summary, speed = record.summary, record.summary.ms_per_token
        shown = "● " if record is self.store.history.shown else ""
        return (
            f"{shown}{record.number}",
            self._description(record),
            f"{summary.n_emitted:,}",
            quantities.number(summary.alpha),
            quantities.number(summary.tau),
            quantities.number(1000 / speed if speed else None, 0),
            quantities.times(summary.speedup),
            self._state_text(record),
        )

    def _description(self, record: RunRecord) -> str:
        started = record.started
        if started is None:
            return quantities.UNKNOWN
        settings = dict(started.settings)
        parts = [path_line(started.drafter, longest=_MAX_CHARS)]
        parts += [f"γ {self._setting_text(settings['gamma'])}"] if "gamma" in settings else []
        temperature = settings.get("temperature")
        parts.append(
            f"T {temperature:g}" if temperature and isinstance(temperature, int | float) else self.tr("greedy")
        )
        parts.append(self.tr("seed {0}").format(self._setting_text(settings.get("seed", 0))))
        if started.runtime is not None:
            parts.append(runs.runtime(started.runtime))
        if started.forked_from is not None:
            parts.append(self._fork_text(started))
        if record.source is not None:
            parts.append(self.tr("from {0}").format(visible(record.source.name, longest=_MAX_CHARS)))
        return " · ".join(parts)

    def _setting_text(self, setting: Setting) -> str:
        return visible(str(setting), longest=_MAX_CHARS)

    def _fork_text(self, started: RunStarted) -> str:
        """Name the run it was forked from by its number if that run belongs to this session."""
        for record in self.store.history.records:
            if record.started is not None and record.started.run_id == started.forked_from:
                return self.tr("fork of {0} at token {1}").format(record.number, started.forked_at)
        return self.tr("fork at token {0}").format(started.forked_at)

    def _state_text(self, record: RunRecord) -> str:
        summary = record.summary
        if not record.ended:
            return self.tr("running")
        if summary.failure:
            return self.tr("failed")
        if summary.reason == "cancelled" and not summary.blocks:
            return self.tr("stopped")
        if summary.same is None:
            return self.tr("done")
        return self.tr("same text ✓") if summary.same else self.tr("differs ✗")

    def _mark_shown(self) -> None:
        """Select the row of the run on show, unless two rows are being compared."""
        shown = self.store.history.shown
        selected = self._selected_records()
        if len(selected) == 2 and shown in selected:
            self.two.compare(*selected)
            return
        self.two.say_how()
        if shown is not None and selected != [shown] and shown in self._rows:
            flags = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
            index = self.table.model().index(self._rows.index(shown), 0)
            self.table.selectionModel().setCurrentIndex(index, flags)

    def _selected_records(self) -> list[RunRecord]:
        rows = sorted(index.row() for index in self.table.selectionModel().selectedRows())
        return [self._rows[row] for row in rows if row < len(self._rows)]

    def _on_selection(self) -> None:
        selected = self._selected_records()
        if len(selected) == 1 and selected[0] is not self.store.history.shown:
            self.store.show_run(selected[0])
        elif len(selected) == 2:
            self.two.compare(*selected)

    def _set_up_table(self) -> None:
        table = self.table
        titles = (
            self.tr("run"), self.tr("what"), self.tr("tokens"), self.tr("acceptance α"),
            self.tr("tokens/round τ"), self.tr("tokens/s"), self.tr("speedup"),
            self.tr("state"),
        )  # fmt: skip
        table.setColumnCount(len(titles))
        table.setHorizontalHeaderLabels(titles)
        table.setWordWrap(False)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        table.setToolTip(self.tr("A selected run is shown; select two (Ctrl+click) to compare them."))
        header = table.horizontalHeader()
        for column in range(len(titles)):
            fit_contents = QHeaderView.ResizeMode.ResizeToContents
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Interactive if column == 1 else fit_contents)
        header.resizeSection(1, _MIN_WIDTH)
