"""Panel of the question and the buttons beside it."""

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QMenu, QPushButton, QSizePolicy, QWidget

from app import theme
from app.choices.examples import Example, questions
from app.panel import Panel
from app.panels.verbs import Verbs
from app.state.answer_history import AnswerHistory
from app.state.run_record import RunRecord
from app.state.store import RunStore
from app.text.plain_text import one_line, plain_tip
from app.widgets.labels import plain_label
from app.widgets.steady_button import SteadyButton
from engine.events import Event
from engine.runs.summary import Summary

_LONGEST = 80
_REPLAY_SPEED = 1.0
_FEWEST_CHARACTERS = 24


class QuestionBar(Panel):
    """The question, examples, and the buttons Ask, Stop and Replay. Enter in the line asks.

    `documents_asked`: the shipped documents that an example is about are to be chosen."""

    documents_asked = Signal(str)

    every_ms = 100

    def __init__(
        self, store: RunStore, parent: QWidget | None = None, *, answers: AnswerHistory, verbs: Verbs | None = None
    ) -> None:
        super().__init__(store, parent)
        self.answers = answers
        self.verbs = verbs or Verbs(store, self)
        self.line = QLineEdit(self)
        self.line.setProperty("role", "search")
        self.line.setPlaceholderText(self.tr("Ask a question about the documents"))
        self.line.setAccessibleName(self.tr("Question"))
        self.line.setToolTip(self.tr("Enter or Ctrl+Enter asks."))
        self.line.setMinimumWidth(_FEWEST_CHARACTERS * theme.GRID)
        self.line.setText(questions()[0].prompt)
        self.line.returnPressed.connect(lambda: self.verbs.do("run"))
        self.line.textChanged.connect(lambda _text: self.verbs.refresh())
        self.examples = self._button(
            self.tr("Questions"), self.tr("Example questions, and those asked in this session")
        )
        self._menu = QMenu(self)
        self._menu.setToolTipsVisible(True)
        self._menu.aboutToShow.connect(self._fill_menu)
        self.examples.setMenu(self._menu)
        self.ask = SteadyButton((self.tr("▶  Ask"),), self)
        self.ask.setProperty("primary", True)
        self.verbs.follow(self.ask, "run", self.tr("Answer the question (Ctrl+Enter)"))
        self.stop = SteadyButton((self.tr("Stop"),), self)
        self.verbs.follow(self.stop, "stop", self.tr("Stop; what was made so far is kept (Esc)"))
        self.replay = SteadyButton((self.tr("Replay"), self.tr("Hold")), self)
        replay_tip = self.tr("Show the answer again as it came, or hold the replay (Ctrl+R)")
        self.verbs.follow(self.replay, "replay", replay_tip)
        row = QHBoxLayout(self)
        row.setContentsMargins(2 * theme.GRID, theme.GRID, 2 * theme.GRID, theme.HALF)
        row.setSpacing(theme.GRID)
        title = plain_label(self.tr("Question"), self, role="title")
        title.setBuddy(self.line)
        row.addWidget(title)
        row.addWidget(self.line, 1)
        for button in (self.examples, self.ask, self.stop, self.replay):
            row.addWidget(button)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.draw((), store.summary)

    def text(self) -> str:
        """Return the question."""
        return self.line.text().strip()

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Label the replay button with what it does next."""
        playing = self.answers.replay.playing
        self.replay.show_text(self.tr("Hold") if playing else self.tr("Replay"))

    def toggle(self) -> None:
        """Start or hold the replay."""
        if self.answers.replay.playing:
            self.store.stop_playback()
        elif self.answers.replay.possible:
            self.answers.play(_REPLAY_SPEED)

    def _fill_menu(self) -> None:
        """List the examples by task, then the earlier questions, newest first."""
        self._menu.clear()
        tasks: dict[str, QMenu] = {}
        for example in questions():
            if example.task not in tasks:
                tasks[example.task] = self._menu.addMenu(example.task)
            self._add_example(tasks[example.task], example)
        records = self.answers.history.records
        for record in reversed(records):
            self._add_record(record, first=record is records[-1])

    def _add_example(self, menu: QMenu, example: Example) -> None:
        menu.setToolTipsVisible(True)
        action = menu.addAction(example.title)
        action.setToolTip(plain_tip(example.prompt))
        action.triggered.connect(lambda _checked=False: self._ask_example(example))

    def _ask_example(self, example: Example) -> None:
        """Write the question, and ask for the documents that it is about."""
        self.line.setText(example.prompt)
        self.documents_asked.emit(example.documents)

    def _add_record(self, record: RunRecord, *, first: bool) -> None:
        if record.started is None:
            return
        if first:
            self._menu.addSeparator()
        question = record.started.prompt
        action = self._menu.addAction(one_line(question, longest=_LONGEST).replace("&", "&&"))
        action.setToolTip(self.tr("Show this answer again"))
        action.triggered.connect(lambda _checked=False: self._show_record(record, question))

    def _show_record(self, record: RunRecord, question: str) -> None:
        self.line.setText(question)
        self.answers.show_record(record)

    def _button(self, text: str, tip: str) -> QPushButton:
        button = SteadyButton((text,), self)
        button.setToolTip(tip)
        button.setAccessibleDescription(tip)
        return button
