"""Panel with the table of a sweep: a row for each way of decoding, predicted figures beside measured ones."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from PySide6.QtGui import QColor
from PySide6.QtWidgets import QAbstractItemView, QTableWidgetItem, QVBoxLayout, QWidget

from app import theme
from app.panel import Panel
from app.plots.table_export import offer_csv
from app.state.store import RunStore
from app.text.plain_text import plain_tip
from app.widgets import tables
from app.widgets.tables import FigureTable
from app.words import quantities
from app.workspaces.approximate import words
from app.workspaces.approximate.record import SettingPick, ThresholdRecord
from app.workspaces.approximate.state import ThresholdProgress
from app.workspaces.approximate.words import tr
from engine.events import Event, SettingMeasured
from engine.runs.summary import Summary

_PADDING = 3 * theme.GRID


class _Column(NamedTuple):
    title: str
    meaning: str
    write: Callable[[SettingMeasured], str]
    is_text: bool = False


def _columns(record: Callable[[], ThresholdRecord]) -> tuple[_Column, ...]:
    number, interval = quantities.number, quantities.with_interval
    return (
        _Column(
            tr("decoding"), tr("What decides about a drafted token, with its setting."),
            lambda row: f"{words.MARKS[row.verification].glyph} {words.name(row)}", is_text=True,
        ),
        _Column(
            tr("of exact"), tr("Speed as a multiple of exact speculation at its best γ; [ ]: 95 % interval."),
            lambda row: words.ratio(words.against_exact(record(), row)),
        ),
        _Column(
            tr("TV measured"), tr("Total variation from the target at drafted positions, with its 95 % interval."),
            lambda row: interval(row.quality.tv, row.quality.tv_ci, 3),
        ),
        _Column(
            tr("TV predicted"), tr("η_FP (1 − α) of the rows that were held out when the gate was trained."),
            lambda row: number(None if row.predicted is None else row.predicted.tv, 3),
        ),
        _Column(
            "η_FP", tr("Of the tokens that the target rejects, the share that the gate lets through."),
            lambda row: interval(None, None) if row.gate is None else interval(row.gate.eta_fp, row.gate.eta_fp_ci),
        ),
        _Column(
            tr("predicted"), tr("The predicted η_FP."),
            lambda row: number(None if row.predicted is None else row.predicted.eta_fp),
        ),
        _Column(
            tr("right"), tr("Share of the questions that were answered right."),
            lambda row: number(row.quality.accuracy),
        ),
        _Column(
            "ROUGE-L", tr("Likeness to the target's greedy text, 1 for the same."),
            lambda row: number(row.quality.rouge_l),
        ),
        _Column(
            tr("repeated"), tr("Share of four tokens in a row that had occurred before."),
            lambda row: number(row.quality.repeated),
        ),
        _Column("τ", tr("Tokens for each call of the target."), lambda row: number(row.tau)),
        _Column(tr("a token"), tr("Time of a token."), lambda row: quantities.milliseconds(row.ms_per_token.value)),
        _Column(
            tr("predicted"), tr("The predicted time of a token."),
            lambda row: quantities.milliseconds(None if row.predicted is None else row.predicted.ms_per_token),
        ),
    )  # fmt: skip


class SweepTablePanel(Panel):
    """The current row is the way of decoding that every panel spells out."""

    every_ms = 250

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self._drawn: tuple[object, ...] = ()
        self._following = False
        self._picks: list[SettingPick] = []
        self.columns = _columns(lambda: store.tab(ThresholdProgress).record)
        self.table = FigureTable(0, len(self.columns), self, padding=theme.GRID)
        self.table.setAccessibleName(self.tr("Ways of decoding"))
        self.table.setWordWrap(False)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setToolTip(self.tr("Click or ↑ ↓ choose a row, whose figures are spelt out; right-click copies."))
        for place, column in enumerate(self.columns):
            item = QTableWidgetItem(column.title)
            item.setToolTip(column.meaning)
            item.setTextAlignment(tables.alignment(is_text=column.is_text))
            self.table.setHorizontalHeaderItem(place, item)
        self.table.currentCellChanged.connect(self._on_cell)
        offer_csv(self.table, store)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.table)
        self.draw((), store.summary)

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Fill the rows when the sweep has changed, and make the chosen one the current one."""
        progress = self.store.tab(ThresholdProgress)
        if self._drawn != progress.version:
            self._drawn = progress.version
            self._fill(list(progress.rows.values()))
        if progress.pick in self._picks and (place := self._picks.index(progress.pick)) != self.table.currentRow():
            self._following = True
            self.table.setCurrentCell(place, 0)
            self._following = False

    def _fill(self, rows: list[SettingMeasured]) -> None:
        self._following = True
        self._picks = [SettingPick(row.verification, row.setting) for row in rows]
        self.table.setRowCount(len(rows))
        for at, row in enumerate(rows):
            for place, column in enumerate(self.columns):
                text = column.write(row)
                item = QTableWidgetItem(text)
                item.setTextAlignment(tables.alignment(is_text=column.is_text))
                item.setToolTip(plain_tip(f"{words.name(row)}\n{column.title}: {text}\n{column.meaning}"))
                if place == 0:
                    item.setForeground(words.MARKS[row.verification].colour)
                elif text == quantities.UNKNOWN:
                    item.setForeground(QColor(theme.current().muted))
                self.table.setItem(at, place, item)
        self._fit()
        self._following = False

    def _fit(self) -> None:
        """Every column as wide as its widest cell; the table scrolls where there is no room for all."""
        metrics = self.table.fontMetrics()
        for place, column in enumerate(self.columns):
            items = [self.table.item(row, place) for row in range(self.table.rowCount())]
            texts = [column.title, *(item.text() for item in items if item is not None)]
            self.table.setColumnWidth(place, max(map(metrics.horizontalAdvance, texts)) + _PADDING)

    def _on_cell(self, row: int, *_others: int) -> None:
        if 0 <= row < len(self._picks) and not self._following:
            self.store.tab(ThresholdProgress).choose(self._picks[row])
