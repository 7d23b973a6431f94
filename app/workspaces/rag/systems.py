"""Panel of the ways to answer side by side: what each said and took, and what the cost formula predicts."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHeaderView, QTableWidgetItem, QVBoxLayout, QWidget

from app import theme
from app.state.store import RunStore
from app.text.plain_text import one_line, plain_tip
from app.widgets.labels import ElasticLine
from app.widgets.tables import FigureTable
from app.words import quantities
from app.workspaces.rag import answer_words
from app.workspaces.rag.answer_panel import AnswerPanel
from app.workspaces.rag.answer_words import tr
from engine.events import CostPredicted, QuestionAnswered
from engine.events.answers import System

_SYSTEM, _ANSWER, _LATENCY, _TTFT, _READ_WRITE = range(5)
# Below this width reading and writing stand in the tooltip of the time to the first token.
_WIDE = 85 * theme.GRID
_LONGEST = 200


class SystemsPanel(AnswerPanel):
    """A row a system, as they come; the one that was asked for first."""

    every_ms = 250

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self._drawn: object = None
        heads = (
            (self.tr("system"), self.tr("A way to answer; point at a name to read what it does.")),
            (self.tr("answer"), self.tr("✓ where it says the same as standard RAG, by letters and figures.")),
            (
                self.tr("latency"),
                self.tr("From the passages found to the end, measured in this run; in brackets against standard RAG."),
            ),
            (self.tr("TTFT"), self.tr("Time to the first token that a reader could see.")),
            (self.tr("read + write"), self.tr("Prefill, until writing begins, and decoding.")),
            (self.tr("tokens"), self.tr("Tokens read and written: by the target + by the drafter.")),
        )
        self.table = FigureTable(0, len(heads), self, padding=theme.HALF)
        self.table.setAccessibleName(self.tr("Ways to answer"))
        for column, (name, tip) in enumerate(heads):
            item = QTableWidgetItem(name)
            item.setToolTip(tip)
            side = Qt.AlignmentFlag.AlignLeft if column <= _ANSWER else Qt.AlignmentFlag.AlignRight
            item.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)
            self.table.setHorizontalHeaderItem(column, item)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(_ANSWER, QHeaderView.ResizeMode.Stretch)
        self.table.setSelectionMode(FigureTable.SelectionMode.NoSelection)
        self.formula = ElasticLine(self, role="muted")
        self.phases = ElasticLine(self, role="muted")
        column_ = QVBoxLayout(self)
        column_.setContentsMargins(theme.GRID, theme.HALF, theme.GRID, theme.HALF)
        column_.setSpacing(theme.HALF)
        column_.addWidget(self.table, 1)
        column_.addWidget(self.phases)
        column_.addWidget(self.formula)
        self.show_answer()

    def show_answer(self) -> None:
        """Write the rows anew where one came."""
        drawn = (tuple(self.answer.answers.values()), tuple(self.answer.costs.values()), len(self.answer.phases))
        if drawn == self._drawn:
            return
        self._drawn = drawn
        self.table.setRowCount(len(drawn[0]))
        for row, answered in enumerate(drawn[0]):
            for column, text in enumerate(self._texts(answered)):
                self._set(row, column, text)
            self._explain(row, answered)
        self.phases.show_text(self._phases())
        self.formula.show_text(self._formula())

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        """Leave the answers their room in a narrow window."""
        super().resizeEvent(event)
        self.table.setColumnHidden(_READ_WRITE, self.width() < _WIDE)

    def _texts(self, answered: QuestionAnswered) -> tuple[str, ...]:
        baseline = self.answer.baseline
        known = baseline is not None and baseline is not answered
        same = known and baseline is not None and answer_words.same(answered.answer, baseline.answer)
        sign = ("✓ " if same else "✗ ") if known else ""
        less = f" ({answer_words.cut(answered.latency_ms, baseline.latency_ms)})" if known and baseline else ""
        return (
            answer_words.system_name(answered.system),
            sign + (one_line(answered.answer, longest=_LONGEST) or quantities.UNKNOWN),
            quantities.milliseconds(answered.latency_ms) + less,
            quantities.milliseconds(answered.ttft_ms),
            f"{quantities.number(answered.prefill_ms, 0)} + {quantities.milliseconds(answered.decode_ms)}",
            f"{answered.target_tokens:,} + {answered.drafter_tokens:,}",
        )

    def _explain(self, row: int, answered: QuestionAnswered) -> None:
        named, said, took, first = (self.table.item(row, column) for column in (_SYSTEM, _ANSWER, _LATENCY, _TTFT))
        assert named is not None and said is not None and took is not None and first is not None
        parts = (quantities.milliseconds(answered.prefill_ms), quantities.milliseconds(answered.decode_ms))
        first.setToolTip(self.tr("prefill {0}, decode {1}").format(*parts))
        named.setToolTip(answer_words.system_meaning(answered.system))
        said.setToolTip(plain_tip(one_line(answered.answer)))
        cost = self.answer.costs.get(answered.system)
        took.setToolTip("" if cost is None else tr("Cost formula: {0}").format(_terms(cost)))

    def _set(self, row: int, column: int, text: str) -> None:
        item = self.table.item(row, column)
        if item is None:
            item = QTableWidgetItem()
            side = Qt.AlignmentFlag.AlignLeft if column <= _ANSWER else Qt.AlignmentFlag.AlignRight
            item.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)
            self.table.setItem(row, column, item)
        item.setText(text)

    def _phases(self) -> str:
        """Where the time went."""
        names = {
            "retrieving": self.tr("retrieving"),
            "partitioning": self.tr("partitioning"),
            "drafting": self.tr("drafting"),
            "verifying": self.tr("verifying"),
        }
        done = [
            f"{name} {quantities.milliseconds(self.answer.phases[phase].ms)}"
            for phase, name in names.items()
            if phase in self.answer.phases
        ]
        if not done:
            return self.tr("What each way to answer said and took appears here, measured in the same run.")
        return self.tr("Phases: {0}").format(" · ".join(done))

    def _formula(self) -> str:
        """The cost formula of the answer that was asked for."""
        systems: tuple[System, ...] = ("speculative_rag", "standard_rag")
        cost = next((self.answer.costs[system] for system in systems if system in self.answer.costs), None)
        return "" if cost is None else tr("Cost formula: {0}").format(_terms(cost))


def _terms(cost: CostPredicted) -> str:
    terms = " + ".join(f"{one_line(t.name)} {t.n_tokens:,} × {t.ms_per_token:.3f} ms" for t in cost.terms)
    predicted, measured = quantities.milliseconds(cost.predicted_ms), quantities.milliseconds(cost.measured_ms)
    return tr("{0} = {1}, measured {2}").format(terms, predicted, measured)
