"""The RAG tab: settings on the left, then map, passages and text, with drafts and systems on the right."""

from pathlib import Path

from PySide6.QtCore import QSettings, Qt, QTimer
from PySide6.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from app.panel import Panel
from app.panels.error import ErrorPanel
from app.panels.question_bar import QuestionBar
from app.state.dropped import TEXT_SUFFIXES
from app.state.indexing import IndexProgress
from app.state.run_record import RunRecord
from app.state.store import RunStore
from app.state.verbs import Verb
from app.widgets.side_column import SideColumn, page_beside
from app.widgets.splitters import restore_sizes, save_sizes, split
from app.words.explanations import Section
from app.words.hints import in_window
from app.workspaces.base import LastOpened, TabContext, Workspace
from app.workspaces.rag.answers import AnswerProgress
from app.workspaces.rag.calibration import CalibrationPanel
from app.workspaces.rag.drafts import DraftsPanel
from app.workspaces.rag.evaluation import EvaluationPanel
from app.workspaces.rag.evaluation_form import EvaluationFormPanel
from app.workspaces.rag.evaluations import EvaluationProgress
from app.workspaces.rag.explanations import explain_answers
from app.workspaces.rag.map import MapPanel
from app.workspaces.rag.passages import PassagesPanel
from app.workspaces.rag.prompts import PromptsPanel
from app.workspaces.rag.setup import RagSetupPanel
from app.workspaces.rag.source import SourcePanel
from app.workspaces.rag.systems import SystemsPanel
from app.workspaces.rag.verdict import VerdictPanel
from engine.commands import Run
from engine.rag.foreign import foreign_documents
from engine.settings import Request

_METHOD, _GROUP = "speculative_rag", "rag"
_EVALUATION = 2
_LEFT_WIDTH = 40  # characters
_RETRIEVAL_SHARES, _DRAFTING_SHARES, _HALVES = (40, 34, 26), (74, 26), (36, 64)


class RagWorkspace(QWidget, Workspace):
    """Pages: the answer, what each model read, evaluations, calibration."""

    def __init__(self, context: TabContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.context = context
        self._store = store = context.store
        self._opened, self._opened_evaluation = LastOpened(), LastOpened()
        self._why_not = ""
        self.error = ErrorPanel(store, self)
        self.bar = QuestionBar(store, self, answers=store.tab(AnswerProgress), verbs=context.verbs)
        self.setup = RagSetupPanel(store, context.pair, self, named=context.named)
        self.map = MapPanel(store, self)
        self.passages = PassagesPanel(store, self)
        self.source = SourcePanel(store, self)
        self.verdict = VerdictPanel(store, self)
        self.lanes = DraftsPanel(store, self)
        self.systems = SystemsPanel(store, self)
        self.prompts = PromptsPanel(store, self)
        self.evaluating = EvaluationFormPanel(store, self, verbs=context.verbs)
        self.evaluation = EvaluationPanel(store, self)
        self.calibration = CalibrationPanel(store, self)
        self.pages = QTabWidget(self)
        self.pages.setDocumentMode(True)
        self.pages.addTab(self._answer_page(), self.tr("Answer"))
        self.pages.addTab(self.prompts, self.tr("Prompts"))
        self.pages.addTab(self._evaluation_page(), self.tr("Evaluation"))
        self.pages.addTab(self.calibration, self.tr("Calibration"))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.error)
        column.addWidget(self.pages, 1)
        self._connect(store)
        self._on_setup_changed()

    def _connect(self, store: RunStore) -> None:
        self.setup.documents.folder_asked.connect(self.make_index)
        self.setup.changed.connect(self._on_setup_changed)
        self.bar.documents_asked.connect(self.setup.documents.choose)
        self.evaluating.run_asked.connect(self.evaluate)
        for plane in (self.evaluation.plane, self.calibration.plane):
            plane.export_failed.connect(store.report)
            plane.exported.connect(lambda path: store.tell(self.tr("exported to {0}").format(path)))

    @property
    def up_to_date(self) -> bool:
        """Whether every visible panel has drawn all events."""
        behind = any(panel.behind for panel in self.findChildren(Panel) if panel.isVisible())
        return not behind and not self.lanes.drawing

    def do(self, verb: Verb) -> None:
        """Answer the question with the chosen settings, replay the answer, or do what every tab can."""
        match verb:
            case "run":
                self._ask()
            case "replay":
                self.bar.toggle()
            case _:
                super().do(verb)

    def first_field(self) -> QWidget:
        """Return the question."""
        return self.bar.line

    def why_not(self, verb: Verb) -> str:
        """Return why a verb is not possible; an answer can be asked for and replayed, but not made round by round."""
        match verb:
            case "run":
                empty = "" if self.bar.text() else self.tr("the question is empty")
                return self._why_not or self._store.may_start() or empty
            case "replay":
                possible = self._store.tab(AnswerProgress).replay.possible
                return "" if possible else self.tr("there is no answer to replay")
            case _:
                return super().why_not(verb)

    def _ask(self) -> None:
        run = Run(_METHOD, self.setup.settings(), Request(self.bar.text()))
        self._store.run(self.setup.pair(), run)

    def make_index(self, folder: str) -> None:
        """Make the documents of a folder searchable, for the chosen target."""
        pair, n = self.setup.pair(), self.setup.settings()["n"]
        assert isinstance(n, int)
        self._store.tab(IndexProgress).begin_folder(folder, pair, n)

    def evaluate(self) -> None:
        """Start the chosen evaluation, with the models and settings of the answer."""
        if self.evaluating.run.isEnabled():
            self._store.tab(EvaluationProgress).begin(self.setup.pair(), self.evaluating.command(self.setup.settings()))

    @property
    def shown_record(self) -> RunRecord | None:
        """The answer on show."""
        return self._store.tab(AnswerProgress).history.shown

    def explained(self) -> tuple[Section, ...]:
        """Return the explanation of how an answer is made."""
        return (explain_answers(),)

    def take_text(self, path: Path) -> bool:
        """Take a text file as a document."""
        if is_text := path.suffix.lower() in TEXT_SUFFIXES:
            self._store.tab(IndexProgress).take_document(path)
        return is_text

    def newly_opened(self) -> str:
        """Show the setup and question of a newly opened answer, or the page of a newly opened evaluation."""
        answer, evaluations = self.shown_record, self._store.tab(EvaluationProgress)
        view = ""
        if (documents := self._store.tab(IndexProgress).take_dropped()) is not None:
            QTimer.singleShot(0, self, lambda: self.make_index(str(documents.path)))
            view = "rag"
        if answer is not None and self._opened.is_new(answer, answer.source):
            self._show_setup_of(answer)
            view = "rag"
        if self._opened_evaluation.is_new(evaluations.shown, evaluations.source):
            self.pages.setCurrentIndex(_EVALUATION)
            view = "rag"
        return view

    def holds(self, name: str) -> bool:
        """Return whether there is an answer or an evaluation."""
        return self.shown_record is not None or self._store.tab(EvaluationProgress).shown is not None

    def show_example(self, name: str) -> None:
        """Ask the first example."""
        self._ask()

    def _show_setup_of(self, record: RunRecord) -> None:
        if record.started is not None:
            self.setup.show_settings(record.started)
            self.bar.line.setText(record.started.prompt)
            self.pages.setCurrentIndex(0)

    def save(self, settings: QSettings) -> None:
        """Save the choices, the question and the splitter positions."""
        self.setup.save(settings)
        self.evaluating.save(settings)
        settings.setValue("rag/question", self.bar.line.text())
        save_sizes(self._splitters, settings, _GROUP)

    def restore(self, settings: QSettings) -> None:
        """Restore the choices, the question and the splitter positions."""
        self.setup.restore(settings)
        self.evaluating.restore(settings)
        if isinstance(question := settings.value("rag/question"), str) and question:
            self.bar.line.setText(question)
        restore_sizes(self._splitters, settings, _GROUP)

    def _on_setup_changed(self) -> None:
        self._why_not = self.setup.why_not()
        self._warn_of_foreign_documents()
        self.context.verbs.refresh()
        self.evaluating.show_setup(self.setup.pair(), self.setup.settings(), self._why_not)

    def _warn_of_foreign_documents(self) -> None:
        """Say before a question is asked that built-in models know nothing of documents that are not shipped."""
        pair, index = self.setup.pair(), str(self.setup.settings()["index"])
        warning = foreign_documents(index, pair.target, pair.drafter)
        self.verdict.warn(
            "" if warning is None else f"⚠ {_sentence(warning.message)} {_sentence(in_window(warning.hint))}"
        )

    def _answer_page(self) -> QWidget:
        retrieval = split(Qt.Orientation.Vertical, (self.map, self.passages, self.source), _RETRIEVAL_SHARES)
        drafting = split(Qt.Orientation.Vertical, (self.lanes, self.systems), _DRAFTING_SHARES)
        both = split(Qt.Orientation.Horizontal, (retrieval, drafting), _HALVES)
        self._splitters = {"found": retrieval, "drafted": drafting, "both": both}
        left = SideColumn(self.setup, _LEFT_WIDTH, self, fixed=True, footer=self.setup.opened)
        return page_beside(left, (self.bar, self.verdict, both), self)

    def _evaluation_page(self) -> QWidget:
        left = SideColumn(self.evaluating, _LEFT_WIDTH, self, fixed=True)
        return page_beside(left, (self.evaluation,), self)


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:] + "."
