"""Panel of an evaluation: accuracy and latency of every way to answer, in tables and a plane."""

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QHeaderView, QPushButton, QTableWidgetItem, QVBoxLayout, QWidget

from app import theme
from app.panel import Panel
from app.plots.export import Column, Table
from app.plots.plane import Plane, Spot
from app.plots.table_export import offer_csv
from app.state.store import RunStore
from app.text.plain_text import one_line
from app.widgets import file_dialogs
from app.widgets.labels import ElasticLine
from app.widgets.tables import FigureTable
from app.words import quantities
from app.workspaces.rag import answer_words, evaluation_words
from app.workspaces.rag.cluster_marks import mark_of
from app.workspaces.rag.evaluation_record import AblationCell, Evaluation, Interval, SystemResult
from app.workspaces.rag.evaluation_words import with_interval
from app.workspaces.rag.evaluations import EvaluationProgress
from engine.events import Event
from engine.machine import paths
from engine.runs.summary import Summary

_LONGEST = 120
_SHARES = (2, 3)
_TABLES, _PLANE = 3, 2


class EvaluationPanel(Panel):
    """Shows the results of an evaluation under way, or those in a file that `draftscope rag eval` wrote."""

    every_ms = 250

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self._drawn: Evaluation | None = None
        self.open_button = QPushButton(self.tr("Open evaluation…"), self)
        self.open_button.setToolTip(self.tr("The .jsonl file that an evaluation here or draftscope rag eval wrote"))
        self.open_button.clicked.connect(self._choose_file)
        self.title = ElasticLine(self, role="muted")
        self.table = self._table(
            self.tr("Evaluated systems"),
            (self.tr("system"), self.tr("A way to answer.")),
            (self.tr("accuracy"), self.tr("Share of right answers, with its 95 % interval from ten questions on.")),
            (self.tr("latency"), self.tr("Of the median question, retrieval apart.")),
            (
                self.tr("cut"),
                self.tr("1 - latency ÷ that of standard RAG, with its 95 % interval; below ten questions the range."),
            ),
            (self.tr("context"), self.tr("Effective context length: what the target read over all calls, a question.")),
            (self.tr("tokens"), self.tr("A question, by the target + by the drafter.")),
        )
        self.ablation = self._table(
            self.tr("Ablation"),
            (self.tr("ablation"), self.tr("How subsets are chosen, drafts m, clusters k, and the scores used.")),
            (self.tr("accuracy"), self.tr("Share of right answers, with its 95 % interval from ten questions on.")),
            (self.tr("difference"), self.tr("To the evaluation's own settings on the same questions.")),
        )
        self.ablation.hide()
        for table in (self.table, self.ablation):
            offer_csv(table, store)
        self.plane = Plane(
            self.tr("Accuracy against latency"), (self.tr("latency of a question (ms)"), self.tr("accuracy")),
            self.tr("Up and to the left is better; bars are 95 % intervals, from ten questions on."),
            self.tr("Run or open an evaluation: each way to answer is a point here."), self,
            table=self.exported_table, note=self.title.text,
        )  # fmt: skip
        self._lay_out()
        self.draw((), store.summary)

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Redraw when the evaluation on show has changed; runs do not matter here."""
        self.open_button.setEnabled(not self.store.reading and not self.store.tab(EvaluationProgress).live)
        evaluation = self.store.tab(EvaluationProgress).shown
        self.title.show_text(evaluation_words.title(evaluation))
        if evaluation is None or evaluation is self._drawn:
            return
        self._drawn = evaluation
        rows = [_texts(row, name, result) for row, (name, result) in enumerate(evaluation.systems.items())]
        _fill(self.table, rows)
        for row in range(len(rows)):
            _item(self.table, row, 0).setForeground(mark_of(row).colour)
        _fill(self.ablation, [_cell_texts(cell) for cell in evaluation.ablation])
        self.ablation.setVisible(bool(evaluation.ablation))
        self.plane.show_spots(spots(evaluation))

    def exported_table(self) -> Table:
        """Return the content of its CSV file: every system, also those without a time."""
        evaluation = self._drawn or Evaluation()
        results = list(evaluation.systems.values())
        names = np.array([answer_words.purpose(name) for name in evaluation.systems], dtype=object)
        return Table(
            (f"draftscope: {self.tr('evaluation')}", evaluation_words.title(self._drawn)),
            (
                Column("system", names),
                *_column("accuracy", [r.accuracy for r in results], [r.accuracy_ci for r in results]),
                *_column("latency (ms)", [r.latency_ms for r in results], [r.latency_ci for r in results]),
                *_column(
                    "latency cut",
                    [r.latency_cut for r in results],
                    [r.latency_cut_ci for r in results],
                ),
                Column("effective context", np.array([r.effective_context for r in results])),
                Column("target tokens", np.array([r.target_tokens for r in results])),
                Column("drafter tokens", np.array([r.drafter_tokens for r in results])),
            ),
        )

    def _choose_file(self) -> None:
        title = self.tr("Open evaluation")
        file_dialogs.ask_open(self, title, paths.evaluations(), self.store.tab(EvaluationProgress).open)

    def _table(self, name: str, *heads: tuple[str, str]) -> FigureTable:
        """A table whose first column takes the width that the figures leave."""
        table = FigureTable(0, len(heads), self, padding=theme.GRID)
        table.setAccessibleName(name)
        for column, (text, tip) in enumerate(heads):
            item = QTableWidgetItem(text)
            item.setToolTip(tip)
            item.setTextAlignment(_alignment(column))
            table.setHorizontalHeaderItem(column, item)
        header = table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        table.setSelectionMode(FigureTable.SelectionMode.NoSelection)
        return table

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(theme.GRID)
        head.addWidget(self.title, 1)
        head.addWidget(self.open_button)
        left = QVBoxLayout()
        left.setSpacing(theme.GRID)
        left.addLayout(head)
        for table, share in zip((self.table, self.ablation), _SHARES, strict=True):
            left.addWidget(table, share)
        row = QHBoxLayout(self)
        row.setContentsMargins(2 * theme.GRID, theme.GRID, theme.GRID, theme.GRID)
        row.setSpacing(theme.GRID)
        row.addLayout(left, _TABLES)
        row.addWidget(self.plane, _PLANE)


def spots(evaluation: Evaluation) -> list[Spot]:
    """Return the systems with known accuracy and latency as points."""
    return [
        Spot(
            answer_words.purpose(name), mark_of(row), result.latency_ms, result.accuracy,
            _bar_lengths(result.latency_ms, result.latency_ci), _bar_lengths(result.accuracy, result.accuracy_ci),
        )
        for row, (name, result) in enumerate(evaluation.systems.items())
        if result.latency_ms is not None and result.accuracy is not None
    ]  # fmt: skip


def _bar_lengths(value: float, interval: Interval | None) -> tuple[float, float]:
    return (0.0, 0.0) if interval is None else (max(0.0, value - interval[0]), max(0.0, interval[1] - value))


def _alignment(column: int) -> Qt.AlignmentFlag:
    """Left for the names, right for the figures."""
    side = Qt.AlignmentFlag.AlignRight if column else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter


def _fill(table: FigureTable, rows: Sequence[Sequence[str]]) -> None:
    """Write the rows into a table; its items are made once and then reused."""
    table.setRowCount(len(rows))
    for row, texts in enumerate(rows):
        for column, text in enumerate(texts):
            if table.item(row, column) is None:
                item = QTableWidgetItem()
                item.setTextAlignment(_alignment(column))
                table.setItem(row, column, item)
            _item(table, row, column).setText(text)


def _item(table: FigureTable, row: int, column: int) -> QTableWidgetItem:
    item = table.item(row, column)
    assert item is not None
    return item


def _texts(row: int, name: str, result: SystemResult) -> tuple[str, ...]:
    cut = result.latency_cut
    return (
        f"{mark_of(row).glyph} {answer_words.purpose(name)}",
        evaluation_words.accuracy(result),
        quantities.milliseconds(result.latency_ms),
        quantities.UNKNOWN if cut is None else evaluation_words.latency_cut(cut, result),
        f"{result.effective_context:,.0f}" if result.effective_context else quantities.UNKNOWN,
        f"{result.target_tokens:,.0f} + {result.drafter_tokens:,.0f}",
    )


def _cell_texts(cell: AblationCell) -> tuple[str, ...]:
    return (
        one_line(cell.setting, longest=_LONGEST),
        with_interval(cell.accuracy, cell.accuracy_ci),
        with_interval(cell.difference, cell.difference_ci, signed=True),
    )


def _column(title: str, values: Sequence[float | None], intervals: Sequence[Interval | None]) -> tuple[Column, ...]:
    """Columns of figures and the ends of their intervals; unknown figures are empty."""
    lows, highs = ([None if interval is None else interval[end] for interval in intervals] for end in (0, 1))
    columns = ((title, values), (f"{title}, low", lows), (f"{title}, high", highs))
    return tuple(Column(name, np.array(figures, dtype=np.float64)) for name, figures in columns)
