"""The answer beside standard RAG's and the known one: a headline, what it took, and a table of all systems."""

from typing import NamedTuple

from PySide6.QtWidgets import QHeaderView, QSizePolicy, QTableWidgetItem, QVBoxLayout, QWidget

from app import theme
from app.plots.table_export import offer_csv
from app.state.store import RunStore
from app.text.plain_text import one_line, plain_tip
from app.widgets.labels import ElasticLine
from app.widgets.tables import FigureTable, alignment
from app.words import quantities
from app.words.counts import count
from app.words.model_names import full_name
from app.words.same_answer import same
from app.workspaces.scaling import words
from app.workspaces.scaling.record import ScalingRecord
from engine.events import QuestionAnswered, RunFailed, ScalingAnswered

_SYSTEM, _ANSWER = range(2)
_LONGEST = 200


class SystemRow(NamedTuple):
    """One way to answer, as the table shows it."""

    name: str
    meaning: str
    answer: str | None
    probability: float | None
    context: int | None
    n_calls: int
    latency_ms: float


class AnswerHeadline(QWidget):
    """Two lines of constant height: the answer with its probability and whether it is right, and what it took."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.answer = ElasticLine(self, strong=True)
        self.answer.setAccessibleName(self.tr("Answer"))
        self.scope = ElasticLine(self, role="muted")
        self.scope.setAccessibleName(self.tr("What the answer took"))
        # In place of what the answer took, so that nothing moves when it appears.
        self.warning = ElasticLine(self, role="bad")
        self.warning.setAccessibleName(self.tr("Warning about models and documents"))
        self.warning.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * theme.GRID, theme.HALF, 2 * theme.GRID, theme.HALF)
        column.setSpacing(2)
        column.addWidget(self.answer)
        column.addWidget(self.scope)
        column.addWidget(self.warning)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def show_record(self, record: ScalingRecord, under_way: str) -> None:
        """Show the answer, or what is under way; empty: nothing is."""
        self.answer.show_text(self._answer(record, under_way))
        self.scope.show_text(self._scope(record))

    def warn(self, warning: str) -> None:
        """Show a warning about the chosen models and documents, or none."""
        self.warning.show_text(warning)
        self.warning.setVisible(bool(warning))
        self.scope.setVisible(not warning)

    def _answer(self, record: ScalingRecord, under_way: str) -> str:
        if isinstance(record.ended, RunFailed):
            return self.tr("no answer: {0}").format(one_line(record.ended.message))
        answered = record.answered
        if answered is None:
            if record.ended is not None:
                return self.tr("stopped before the answer; the steps below are kept")
            return under_way or self.tr("The answer will stand here, beside standard RAG's and the known one.")
        return " · ".join(filter(None, (
            self.tr("{0}  p {1}").format(one_line(answered.answer or words.no_answer()), words.share(
                answered.probability
            )),
            _against_gold(answered.answer, record.gold), _against_standard(answered, record.standard),
            words.escalated(record.judged),
        )))  # fmt: skip

    def _scope(self, record: ScalingRecord) -> str:
        answered = record.answered
        if answered is None:
            return "" if record.started is None else _models(record)
        fewer = answered.n_demonstrations < answered.m and record.demonstrations is not None
        note = one_line(record.demonstrations.note) if fewer and record.demonstrations is not None else ""
        parts = (
            words.system_name(answered.system), count(answered.effective_context, "token"),
            count(answered.n_documents, "document"), count(answered.n_demonstrations, "demonstration"),
            count(answered.n_calls, "call"), quantities.milliseconds(answered.latency_ms), words.drafting(answered),
            note, _models(record),
        )  # fmt: skip
        return " · ".join(filter(None, parts))


class SystemsTable(QWidget):
    """One row for each way to answer, in the order of their answers."""

    def __init__(self, store: RunStore, parent: QWidget) -> None:
        super().__init__(parent)
        self._drawn: object = None
        heads = (
            (self.tr("system"), self.tr("A way to answer; point at a name to read what it does.")),
            (
                self.tr("answer"),
                self.tr("✓ right or ✗ wrong where the answer is known; = or ≠: standard RAG's, or not."),
            ),
            (self.tr("p"), self.tr("The model's probability of the answer.")),
            (self.tr("context"), self.tr("Effective context length: input tokens over all calls.")),
            (self.tr("calls"), self.tr("Calls of the model.")),
            (self.tr("time"), self.tr("Without retrieval, measured in this run.")),
        )
        self.table = FigureTable(0, len(heads), self, padding=theme.HALF)
        self.table.setAccessibleName(self.tr("Ways to answer"))
        offer_csv(self.table, store)
        for column, (name, tip) in enumerate(heads):
            item = QTableWidgetItem(name)
            item.setToolTip(tip)
            item.setTextAlignment(alignment(is_text=column <= _ANSWER))
            self.table.setHorizontalHeaderItem(column, item)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(_ANSWER, QHeaderView.ResizeMode.Stretch)
        self.table.setSelectionMode(FigureTable.SelectionMode.NoSelection)
        self.known = ElasticLine(self, role="muted")
        self.known.setAccessibleName(self.tr("Known answer"))
        column_layout = QVBoxLayout(self)
        column_layout.setContentsMargins(theme.GRID, theme.HALF, theme.GRID, theme.HALF)
        column_layout.setSpacing(theme.HALF)
        column_layout.addWidget(self.table, 1)
        column_layout.addWidget(self.known)

    def show_record(self, record: ScalingRecord) -> None:
        """Update the rows where there are new ones."""
        drawn = (tuple(record.answers.values()), record.standard, record.gold, tuple(record.judged))
        if drawn == self._drawn:
            return
        self._drawn = drawn
        rows = system_rows(record)
        self.table.setRowCount(len(rows))
        for place, row in enumerate(rows):
            for column, text in enumerate(self._texts(row, record)):
                if (item := self.table.item(place, column)) is None:
                    item = QTableWidgetItem()
                    item.setTextAlignment(alignment(is_text=column <= _ANSWER))
                    self.table.setItem(place, column, item)
                item.setText(text)
                item.setToolTip(row.meaning if column == _SYSTEM else plain_tip(text) if column == _ANSWER else "")
        gold = ", ".join(map(one_line, record.gold))
        self.known.show_text(self.tr("Known to be right: {0}").format(gold) if gold else self.tr(
            "What each way to answer said and read stands here. The right answer is known of the example questions."
        ) if not rows else "")  # fmt: skip

    def _texts(self, row: SystemRow, record: ScalingRecord) -> tuple[str, ...]:
        answer = one_line(row.answer or words.no_answer(), longest=_LONGEST)
        standard = record.standard.answer if record.standard is not None else None
        sign = ""
        if row.answer and record.gold:
            sign = "✓ " if words.is_right(row.answer, record.gold) else "✗ "
        elif row.answer and standard and row.answer is not standard:
            sign = "= " if same(row.answer, standard) else "≠ "
        return (
            row.name, sign + answer, words.share(row.probability),
            quantities.UNKNOWN if row.context is None else f"{row.context:,}", f"{row.n_calls:,}",
            quantities.milliseconds(row.latency_ms),
        )  # fmt: skip


def system_rows(record: ScalingRecord) -> list[SystemRow]:
    """Return the ways to answer, in the order of their answers, smaller presets first; standard RAG is the last."""
    rows = [
        SystemRow(words.preset_name(judged.preset), words.judgement(judged), each.answer, each.probability,
                  each.effective_context, each.n_calls, each.latency_ms)
        for each, judged in zip(record.attempts, record.judged, strict=False)
    ]  # fmt: skip
    rows += [
        SystemRow(words.system_name(each.system), words.system_meaning(each.system), each.answer, each.probability,
                  each.effective_context, each.n_calls, each.latency_ms)
        for each in record.answers.values()
    ]  # fmt: skip
    if (standard := record.standard) is not None:
        meaning = words.tr("The target reads the documents and answers, one token at a time; no demonstrations.")
        rows.append(SystemRow(words.tr("standard RAG"), meaning, standard.answer, None, standard.target_tokens, 1,
                              standard.latency_ms))  # fmt: skip
    return rows


def _against_gold(answer: str | None, gold: tuple[str, ...]) -> str:
    if not gold:
        return ""
    return words.tr("right ✓") if words.is_right(answer, gold) else words.tr("wrong ✗, it is {0}").format(
        one_line(gold[0], longest=40)
    )  # fmt: skip


def _against_standard(answered: ScalingAnswered, standard: QuestionAnswered | None) -> str:
    if standard is None or not standard.answer or not answered.answer:
        return ""
    if same(standard.answer, answered.answer):
        return words.tr("same answer as standard RAG")
    return words.tr("standard RAG differs: {0}").format(one_line(standard.answer, longest=40))


def _models(record: ScalingRecord) -> str:
    started = record.started
    if started is None:
        return ""
    from_target = full_name(started.target, "target", longest=40)
    return words.tr("answered by {0}").format(from_target)
