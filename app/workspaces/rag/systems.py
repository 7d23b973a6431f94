"""Panel that compares the ways to answer: the answer and cost of each, and the prediction of the cost formula."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHeaderView, QTableWidgetItem, QVBoxLayout, QWidget

from app import theme
from app.plots.table_export import offer_csv
from app.state.store import RunStore
from app.text.plain_text import one_line, plain_tip
from app.widgets.labels import ElasticLine
from app.widgets.tables import FigureTable
from app.words import quantities, same_answer
from app.workspaces.rag import answer_words
from app.workspaces.rag.answer_panel import AnswerPanel
from app.workspaces.rag.answer_words import tr
from engine.events import CostPredicted, QuestionAnswered
from engine.events.answers import System

_SYSTEM, _ANSWER, _LATENCY, _TTFT, _READ_WRITE = range(5)
# Below this width reading and writing are only in the tooltip of the time to the first token.
_WIDE = 85 * theme.GRID
_LONGEST = 200


class SystemsPanel(AnswerPanel):
    """One row per system, in the order of their answers; the first is the system that was asked for."""

    every_ms = 250

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self._drawn: object = None
        heads = (
            (self.tr("system"), self.tr("A way to answer; point at a name to read what it does.")),
            (
                self.tr("answer"),
                self.tr("✓ right or ✗ wrong where the answer is known; = or ≠: says the same as standard RAG, or not."),
            ),
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
        offer_csv(self.table, store)
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
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.GRID, theme.HALF, theme.GRID, theme.HALF)
        layout.setSpacing(theme.HALF)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.phases)
        layout.addWidget(self.formula)
        self.show_answer()

    def show_answer(self) -> None:
        """Update the rows when there are new ones."""
        drawn = (tuple(self.answer.answers.values()), tuple(self.answer.costs.values()), len(self.answer.phases))
        if drawn == self._drawn:
            return
        self._drawn = drawn
        self.table.setRowCount(len(drawn[0]))
        for row, answered in enumerate(drawn[0]):
            for column, text in enumerate(self._texts(answered)):
                self._set_text(row, column, text)
            self._explain(row, answered)
        self.phases.show_text(self._phases())
        self.formula.show_text(self._formula())

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        """Hide reading and writing in a narrow window, to leave room for the answers."""
        super().resizeEvent(event)
        self.table.setColumnHidden(_READ_WRITE, self.width() < _WIDE)

    def _texts(self, answered: QuestionAnswered) -> tuple[str, ...]:
        baseline = self.answer.baseline
        both = baseline is not None and baseline.answered and answered.answered
        comparable = both and baseline is not answered
        sign = self._sign(answered, baseline if comparable else None)
        change = f" ({answer_words.cut_against(answered, baseline)})" if comparable and baseline else ""
        return (
            answer_words.system_name(answered.system),
            sign + answer_words.answer_text(answered, longest=_LONGEST),
            quantities.milliseconds(answered.latency_ms) + change,
            quantities.milliseconds(answered.ttft_ms),
            f"{quantities.number(answered.prefill_ms, 0)} + {quantities.milliseconds(answered.decode_ms)}",
            f"{answered.target_tokens:,} + {answered.drafter_tokens:,}",
        )

    def _sign(self, answered: QuestionAnswered, baseline: QuestionAnswered | None) -> str:
        """Right or wrong where the answer is known; else the same as standard RAG, or another."""
        if answered.answered and (known := self.answer.known_answer):
            return "✓ " if same_answer.agrees(answered.answer, known) else "✗ "
        if baseline is None:
            return ""
        return "= " if same_answer.same(answered.answer, baseline.answer) else "≠ "

    def _explain(self, row: int, answered: QuestionAnswered) -> None:
        system, answer, latency, ttft = (self.table.item(row, column) for column in (_SYSTEM, _ANSWER, _LATENCY, _TTFT))
        assert system is not None and answer is not None and latency is not None and ttft is not None
        parts = (quantities.milliseconds(answered.prefill_ms), quantities.milliseconds(answered.decode_ms))
        ttft.setToolTip(self.tr("prefill {0}, decode {1}").format(*parts))
        system.setToolTip(answer_words.system_meaning(answered.system))
        answer.setToolTip(plain_tip(answer_words.answer_text(answered, longest=_LONGEST)))
        cost = self.answer.costs.get(answered.system)
        latency.setToolTip("" if cost is None else tr("Cost formula: {0}").format(_terms(cost)))

    def _set_text(self, row: int, column: int, text: str) -> None:
        item = self.table.item(row, column)
        if item is None:
            item = QTableWidgetItem()
            side = Qt.AlignmentFlag.AlignLeft if column <= _ANSWER else Qt.AlignmentFlag.AlignRight
            item.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)
            self.table.setItem(row, column, item)
        item.setText(text)

    def _phases(self) -> str:
        """The times of the phases."""
        names = {
            "retrieving": self.tr("retrieving"),
            "partitioning": self.tr("partitioning"),
            "drafting": self.tr("drafting"),
            "verifying": self.tr("verifying"),
        }
        times = [
            f"{name} {quantities.milliseconds(self.answer.phases[phase].ms)}"
            for phase, name in names.items()
            if phase in self.answer.phases
        ]
        if not times:
            return self.tr("What each way to answer said and took appears here, measured in the same run.")
        return self.tr("Phases: {0}").format(" · ".join(times))

    def _formula(self) -> str:
        """The cost formula of the system that was asked for."""
        systems: tuple[System, ...] = ("speculative_rag", "standard_rag")
        cost = next((self.answer.costs[system] for system in systems if system in self.answer.costs), None)
        return "" if cost is None else tr("Cost formula: {0}").format(_terms(cost))


def _terms(cost: CostPredicted) -> str:
    terms = " + ".join(f"{one_line(t.name)} {t.n_tokens:,} × {t.ms_per_token:.3f} ms" for t in cost.terms)
    predicted, measured = quantities.milliseconds(cost.predicted_ms), quantities.milliseconds(cost.measured_ms)
    return tr("{0} = {1}, measured {2}").format(terms, predicted, measured)
