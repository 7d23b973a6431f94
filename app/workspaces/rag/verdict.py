"""Panel of two lines: the answer beside standard RAG's, with their times, and the models that gave them."""

from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from app import theme
from app.state.store import RunStore
from app.text.plain_text import one_line
from app.widgets.labels import ElasticLine, Role, plain_label, set_role
from app.words import pace, quantities, same_answer
from app.workspaces.rag import answer_words
from app.workspaces.rag.answer_panel import AnswerPanel
from app.workspaces.rag.answers import AnswerProgress
from engine.events import QuestionAnswered, RunFailed

_LONGEST_OTHER = 30


class VerdictPanel(AnswerPanel):
    """Until there is an answer, the line says what will appear."""

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self.answer_line = ElasticLine(self, strong=True)
        self.answer_line.setAccessibleName(self.tr("Answer"))
        self.times = plain_label("", self)
        self.times.setAccessibleName(self.tr("Measured times"))
        self.times.setToolTip(self.tr("Measured in this run, from the passages found to the end of the answer."))
        self.same = plain_label("", self)
        self.same.setToolTip(
            self.tr(
                "Whether both say the same, by letters and figures. Another answer than standard RAG's is not wrong "
                "for that; right or wrong stands here where the answer is known."
            )
        )
        self.models = ElasticLine(self, role="muted")
        self.models.setAccessibleName(self.tr("Models that answered"))
        # In place of the models, which it names too: so nothing moves when it appears.
        self.foreign = ElasticLine(self, role="bad")
        self.foreign.setAccessibleName(self.tr("Warning about models and documents"))
        self.foreign.hide()
        self.verifier = plain_label("", self, role="muted")
        self.verifier.setToolTip(
            self.tr(
                "Before its first answer a target judges ten cases with known responses; by chance it has five right."
            )
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * theme.GRID, theme.HALF, 2 * theme.GRID, theme.GRID)
        column.setSpacing(theme.HALF)
        row, made_by = QHBoxLayout(), QHBoxLayout()
        for line in (row, made_by):
            line.setSpacing(2 * theme.GRID)
            column.addLayout(line)
        made_by.addWidget(self.models, 1)
        made_by.addWidget(self.foreign, 1)
        made_by.addWidget(self.verifier)
        made_by.addWidget(self.times)
        row.addWidget(self.answer_line, 1)
        row.addWidget(self.same)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.show_answer()

    def show_answer(self) -> None:
        """Update the three texts."""
        chosen, baseline = self.answer.chosen, self.answer.baseline
        self.answer_line.show_text(self._answer(chosen or baseline))
        for label, text in ((self.times, self._times(chosen, baseline)), (self.same, self._same(chosen, baseline))):
            if label.text() != text:
                label.setText(text)
        started, tested = self.answer.started, self.answer.verifier
        self.models.show_text("" if started is None else answer_words.models(started, self.answer.prompts))
        self.verifier.setText("" if tested is None else answer_words.verifier(tested))
        set_role(self.verifier, "muted" if tested is None or tested.can_judge else "bad")
        set_role(self.same, self._role(chosen))

    def warn(self, warning: str) -> None:
        """Show a warning about the chosen models and documents, or none."""
        self.foreign.show_text(warning)
        self.foreign.setVisible(bool(warning))
        self.models.setVisible(not warning)

    def _answer(self, answered: QuestionAnswered | None) -> str:
        if isinstance(self.answer.ended, RunFailed):
            return self.tr("no answer: {0}").format(one_line(self.answer.ended.message))
        if answered is None:
            under_way = self.answer.started is not None and self.answer.ended is None
            return self._under_way() if under_way else self.tr("The answer, and what it took, will stand here.")
        if not answered.answer:
            return self.tr("no answer: no draft came to a response")
        return one_line(answered.answer)

    def _under_way(self) -> str:
        """What the engine does for the answer under way, and how long that takes where it can tell."""
        at = self.store.engine.progressed
        status = self.store.tab(AnswerProgress).status(at)
        left = pace.left(at) if pace.indexing(at) and not self.store.stopping else ""
        return self.tr("{0}; {1}, then the answer").format(status, left) if left else status

    def _times(self, chosen: QuestionAnswered | None, baseline: QuestionAnswered | None) -> str:
        if chosen is None:
            return "" if baseline is None else self._timed(self.tr("standard RAG"), baseline)
        speculative = self._timed(self.tr("Speculative RAG"), chosen)
        if baseline is None:
            return speculative
        change = answer_words.cut_against(chosen, baseline)
        standard = self._timed(self.tr("standard RAG"), baseline)
        return self.tr("{0} · {1}").format(f"{speculative} ({change})" if change else speculative, standard)

    def _timed(self, name: str, answered: QuestionAnswered) -> str:
        return f"{name} {quantities.milliseconds(answered.latency_ms)}"

    def _same(self, chosen: QuestionAnswered | None, baseline: QuestionAnswered | None) -> str:
        """How the answer stands to the known one, and to standard RAG's."""
        if chosen is None:
            return ""
        known, parts = self.answer.known_answer, []
        if known:
            words = self.tr("right ✓") if same_answer.agrees(chosen.answer, known) else self.tr("wrong ✗, it is {0}")
            parts.append(words.format(one_line(known)))
        if baseline is not None and (compared := self._compared(chosen, baseline, known)):
            parts.append(compared)
        return " · ".join(parts)

    def _compared(self, chosen: QuestionAnswered, baseline: QuestionAnswered, known: str) -> str:
        if not (chosen.answered and baseline.answered):
            return ""
        if same_answer.same(chosen.answer, baseline.answer):
            return self.tr("same answer as standard RAG")
        theirs = one_line(baseline.answer or "", longest=_LONGEST_OTHER)
        if not known:
            return self.tr("standard RAG differs: {0}").format(theirs)
        is_right = same_answer.agrees(baseline.answer, known)
        return (self.tr("standard RAG right: {0}") if is_right else self.tr("standard RAG wrong: {0}")).format(theirs)

    def _role(self, chosen: QuestionAnswered | None) -> Role:
        known = self.answer.known_answer
        if chosen is None or not known:
            return "normal"
        return "good" if same_answer.agrees(chosen.answer, known) else "bad"
