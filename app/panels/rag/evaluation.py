"""Panel of an evaluation: every way to answer with its accuracy and latency, as a table and in a plane."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app import answer_words, theme, words
from app.cluster_marks import mark_of
from app.evaluation import Evaluation, Interval, SystemResult
from app.labels import ElasticLine
from app.panel import Panel
from app.panels.rag.plane import Plane, Spot
from app.plain_text import one_line
from app.store import RunStore
from app.tables import FigureTable
from engine import paths
from engine.events import Event
from engine.summary import Summary


class EvaluationPanel(Panel):
    """Opens the file that `draftscope rag eval` wrote."""

    every_ms = 250

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self._drawn: Evaluation | None = None
        self.open_button = QPushButton(self.tr("Open evaluation…"), self)
        self.open_button.setToolTip(self.tr("The .jsonl file that draftscope rag eval wrote"))
        self.open_button.clicked.connect(self._ask_which)
        self.title = ElasticLine(self, role="muted")
        heads = (
            (self.tr("system"), self.tr("A way to answer.")),
            (self.tr("accuracy"), self.tr("Share of right answers, with its 95 % interval.")),
            (self.tr("latency"), self.tr("Of a question, retrieval apart.")),
            (self.tr("cut"), self.tr("Against standard RAG on the same questions, with its 95 % interval.")),
            (self.tr("tokens"), self.tr("A question, by the target + by the drafter.")),
        )
        self.table = FigureTable(0, len(heads), self, padding=theme.GRID)
        self.table.setAccessibleName(self.tr("Evaluated systems"))
        for column, (name, tip) in enumerate(heads):
            item = QTableWidgetItem(name)
            item.setToolTip(tip)
            side = Qt.AlignmentFlag.AlignRight if column else Qt.AlignmentFlag.AlignLeft
            item.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)
            self.table.setHorizontalHeaderItem(column, item)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.table.setSelectionMode(FigureTable.SelectionMode.NoSelection)
        self.plane = Plane(
            self.tr("Accuracy against latency"), self.tr("latency of a question (ms)"), self.tr("accuracy"),
            self.tr("Up and to the left is better; bars are 95 % intervals."),
            self.tr("Open an evaluation: each way to answer is a point here."), self,
        )  # fmt: skip
        self._lay_out()
        self.draw((), store.summary)

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Show an evaluation once it is there; runs do not concern it."""
        self.open_button.setEnabled(not self.store.reading)
        found = self.store.evaluation
        if found is None:
            self.title.show_text(self.tr("draftscope rag eval --dataset builtin measures all ways to answer"))
        if found is None or found is self._drawn:
            return
        self._drawn = found
        self.title.show_text(_title(found))
        self.table.setRowCount(len(found.systems))
        for row, (name, result) in enumerate(found.systems.items()):
            for column, text in enumerate(_texts(row, name, result)):
                item = QTableWidgetItem(text)
                side = Qt.AlignmentFlag.AlignRight if column else Qt.AlignmentFlag.AlignLeft
                item.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)
                self.table.setItem(row, column, item)
            first = self.table.item(row, 0)
            assert first is not None
            first.setForeground(mark_of(row).colour)
        self.plane.show_spots(spots(found))

    def _ask_which(self) -> None:
        made = paths.user_data()
        where = str(made if made.is_dir() else Path.home())
        dialog = QFileDialog(self, self.tr("Open evaluation"), where, "*.jsonl")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(lambda path: self.store.open_evaluation(Path(path)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(theme.GRID)
        head.addWidget(self.title, 1)
        head.addWidget(self.open_button)
        left = QVBoxLayout()
        left.setSpacing(theme.GRID)
        left.addLayout(head)
        left.addWidget(self.table, 1)
        row = QHBoxLayout(self)
        row.setContentsMargins(2 * theme.GRID, theme.GRID, theme.GRID, theme.GRID)
        row.setSpacing(theme.GRID)
        row.addLayout(left, 1)
        row.addWidget(self.plane, 1)


def spots(found: Evaluation) -> list[Spot]:
    """The systems of which both is known, as points."""
    return [
        Spot(
            answer_words.purpose(name), mark_of(row), result.latency_ms, result.accuracy,
            _reach(result.latency_ms, result.latency_ci), _reach(result.accuracy, result.accuracy_ci),
        )
        for row, (name, result) in enumerate(found.systems.items())
        if result.latency_ms is not None
    ]  # fmt: skip


def _reach(value: float, interval: Interval | None) -> tuple[float, float]:
    return (0.0, 0.0) if interval is None else (max(0.0, value - interval[0]), max(0.0, interval[1] - value))


def _title(found: Evaluation) -> str:
    if not found.systems:
        return answer_words.tr("{0} has not ended: {1:,} lines so far; run the same command again to go on").format(
            one_line(found.name), found.n_lines
        )
    questions = answer_words.tr("{0:,} questions").format(found.n_questions) if found.n_questions else ""
    return " · ".join(filter(None, (one_line(found.name), one_line(found.dataset), questions)))


def _texts(row: int, name: str, result: SystemResult) -> tuple[str, ...]:
    cut = result.latency_cut
    return (
        f"{mark_of(row).glyph} {answer_words.purpose(name)}",
        _with_interval(result.accuracy, result.accuracy_ci, 1),
        words.milliseconds(result.latency_ms),
        words.UNKNOWN if cut is None else _with_interval(cut, result.latency_cut_ci, 100) + " %",
        f"{result.target_tokens:,.0f} + {result.drafter_tokens:,.0f}",
    )


def _with_interval(value: float, interval: Interval | None, times: int) -> str:
    digits = 2 if times == 1 else 0
    text = f"{times * value:.{digits}f}"
    return text if interval is None else f"{text} [{times * interval[0]:.{digits}f}, {times * interval[1]:.{digits}f}]"
