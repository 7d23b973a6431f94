"""What is behind the selected step: its documents, the prompt of its calls, and the demonstrations of the answer."""

from collections.abc import Sequence

from PySide6.QtWidgets import QPlainTextEdit, QTabWidget, QVBoxLayout, QWidget

from app import theme
from app.panels.prompt_text import PromptText
from app.text.plain_text import flowing, one_line
from app.widgets.steady_box import SteadyBox
from app.words.counts import count
from app.workspaces.scaling import words
from app.workspaces.scaling.record import CallRecord, ScalingRecord
from engine.events import DemonstrationsChosen
from engine.events.answers import Passage


class StepDetails(QWidget):
    """Each page keeps its place while steps are walked through."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._documents: tuple[Passage, ...] | None = None
        self._calls: tuple[CallRecord, ...] | None = None
        self._demonstrations: DemonstrationsChosen | None = None
        self.documents = _text_page(
            self, self.tr("Documents of the step"),
            self.tr("The documents that came in at the selected step stand here, the best last, as they are read."),
        )  # fmt: skip
        self.calls = SteadyBox(self)
        self.calls.setAccessibleName(self.tr("Call of the step"))
        self.calls.setToolTip(self.tr("The calls of the model at this step, each with the prompt that it read."))
        self.calls.currentIndexChanged.connect(lambda _row: self._show_prompt())
        self.prompt = PromptText(self)
        self.demonstrations = _text_page(
            self, self.tr("Demonstrations"),
            self.tr("The answered questions that are shown to the model before this one stand here."),
        )  # fmt: skip
        self.prompt_page = QWidget(self)
        column = QVBoxLayout(self.prompt_page)
        column.setContentsMargins(0, theme.HALF, 0, 0)
        column.setSpacing(theme.HALF)
        column.addWidget(self.calls)
        column.addWidget(self.prompt, 1)
        self.pages = QTabWidget(self)
        self.pages.setDocumentMode(True)
        for page, title in (
            (self.documents, self.tr("Documents")), (self.prompt_page, self.tr("Prompt")),
            (self.demonstrations, self.tr("Demonstrations")),
        ):  # fmt: skip
            self.pages.addTab(page, title)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(theme.GRID, 0, theme.GRID, 0)
        outer.addWidget(self.pages)

    def show_record(self, record: ScalingRecord, picked: int | None) -> None:
        """Show what is behind a step; None: the newest."""
        steps = record.steps
        step = None if not steps else steps[-1 if picked is None else min(picked, len(steps) - 1)]
        self._show_documents(() if step is None else step.documents)
        self._show_calls(record.calls_at(None if step is None else steps.index(step)))
        if record.demonstrations is not self._demonstrations:
            self._demonstrations = record.demonstrations
            self.demonstrations.setPlainText("" if record.demonstrations is None else _shown(record.demonstrations))

    def _show_documents(self, documents: tuple[Passage, ...]) -> None:
        if documents == self._documents:
            return
        self._documents = documents
        self.documents.setPlainText("\n\n".join(_passage(number, each) for number, each in enumerate(documents, 1)))
        title = self.tr("Documents {0:,}").format(len(documents)) if documents else self.tr("Documents")
        self.pages.setTabText(self.pages.indexOf(self.documents), title)

    def _show_calls(self, calls: tuple[CallRecord, ...]) -> None:
        if calls == self._calls:
            return
        self._calls = calls
        self.calls.clear()
        self.calls.addItems([_call(each) for each in calls])
        self.calls.setVisible(bool(calls))
        self._show_prompt()

    def _show_prompt(self) -> None:
        row, calls = self.calls.currentIndex(), self._calls or ()
        self.prompt.show_prompt(calls[row].prompt if 0 <= row < len(calls) else None)


def _text_page(parent: QWidget, name: str, empty: str) -> QPlainTextEdit:
    text = QPlainTextEdit(parent)
    text.setReadOnly(True)
    text.setTabChangesFocus(True)
    text.setUndoRedoEnabled(False)
    text.setFrameShape(QPlainTextEdit.Shape.NoFrame)
    text.setAccessibleName(name)
    text.setPlaceholderText(empty)
    return text


def _passage(number: int, passage: Passage) -> str:
    title = one_line(passage.title or passage.source)
    return f"[{number}] {title}  ({passage.score:.3f})\n{flowing(passage.text)}"


def _call(record: CallRecord) -> str:
    call = record.call
    text = words.tr("{0}: {1} read, {2:,} cached").format(
        words.purpose(call.purpose), count(call.input_tokens, "token"), call.cached_tokens
    )
    return words.tr("{0} — {1}").format(text, one_line(call.note, longest=80)) if call.note else text


def _shown(chosen: DemonstrationsChosen) -> str:
    """The demonstrations, and why there are fewer than were asked for."""
    how = {
        "similar": words.tr("nearest to the question"), "random": words.tr("at random"), "fixed": words.tr("fixed"),
    }[chosen.pick]  # fmt: skip
    lines: Sequence[str] = [
        words.tr("{0:,} of {1:,}, {2}; {3} of {4} answered right, {5:,} known from before").format(
            len(chosen.shown), chosen.wanted, how, count(chosen.n_pool, "question"), f"{chosen.n_tried:,}",
            chosen.n_reused,
        ),
        *([one_line(chosen.note)] if chosen.note else []),
        *(
            f"\n{number}. {one_line(each.question)}\n    → {one_line(each.answer)}"
            f"   ({count(each.n_documents, 'document')}, {count(each.n_steps, 'step')}"
            + (f", {words.tr('similarity')} {each.similarity:.2f})" if each.similarity is not None else ")")
            for number, each in enumerate(chosen.shown, 1)
        ),
    ]  # fmt: skip
    return "\n".join(lines)
