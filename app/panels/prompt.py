"""The prompt editor with its examples, and the Run, Pause, Step and Stop buttons."""

from collections.abc import Sequence
from itertools import accumulate, pairwise

from PySide6.QtCore import QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QMenu, QPushButton, QVBoxLayout, QWidget

from app import theme
from app.choices.examples import Example, examples
from app.panel import Panel
from app.panels.conversation import ConversationStrip, with_answer
from app.panels.verbs import Verbs
from app.state.dropped import PROMPT_SUFFIXES, DroppedFiles
from app.state.store import RunStore
from app.state.verbs import Verb
from app.text.plain_text import plain_tip
from app.widgets import labels
from app.widgets.elided_label import ElidedLabel
from app.widgets.labels import plain_label
from app.widgets.prompt_edit import PromptEdit
from app.widgets.steady_button import SteadyButton
from app.words.counts import count
from engine.events import Event, RunStarted
from engine.runs.summary import Summary

EXAMPLE_PROMPTS = (
    "It was dawn in Keldmouth, and Dororan the harbour master was already awake. "
    "That morning a thick fog lay on the water,",
    "Nobody in Harlgate could remember a time before Jorold, the gentle glassblower who kept the glass house",
)
# Fewer tokens are too few to estimate the characters per token.
_MIN_TOKENS = 5
# Width that the prompt length and the margins need beside title and buttons.
_HINT_WIDTH = 16 * theme.GRID


def first_example() -> str:
    """The prompt shown on the first start."""
    return examples()[0].prompt


class PromptPanel(Panel):
    """Prompt, examples, Run, Pause, Step and Stop."""

    def __init__(self, store: RunStore, parent: QWidget | None = None, *, verbs: Verbs | None = None) -> None:
        super().__init__(store, parent)
        self.verbs = verbs or Verbs(store, self)
        self._counted_prompt: tuple[str, int] | None = None
        self._own_prompt: str | None = None
        self._opened_prompt: str | None = None
        self.prompt = PromptEdit(self, file_suffixes=PROMPT_SUFFIXES)
        self.prompt.file_dropped.connect(store.tab(DroppedFiles).take_prompt)
        self.prompt.setPlaceholderText(self.tr("Write a prompt to continue"))
        self.prompt.setAccessibleName(self.tr("Prompt"))
        self.prompt.setToolTip(self.tr("The text to continue. Ctrl+Enter runs it."))
        self.conversation = ConversationStrip(self)
        self.hint = ElidedLabel(self, role="muted")
        self.notice = ElidedLabel(self, role="muted")
        self.clear_button = self._plain_button(self.tr("Clear"), self.tr("Empty the box, to write another prompt"))
        self.clear_button.clicked.connect(lambda: self.prompt.setPlainText(""))
        self.examples = self._plain_button(self.tr("Examples"), self.tr("Prompts for several kinds of text"))
        self.examples.setMenu(self._examples_menu())
        self.run = self._button("run", self.tr("▶  Run"), tip=self.tr("Continue the prompt (Ctrl+Enter)"))
        self.run.setProperty("primary", True)
        pause_tip = self.tr("Hold after the round under way, or continue (Ctrl+P)")
        self.pause = self._button("pause", self.tr("Pause"), self.tr("Resume"), tip=pause_tip)
        self.step = self._button("step", self.tr("Step"), tip=self.tr("Make one round and hold (F10)"))
        self.stop = self._button("stop", self.tr("Stop"), tip=self.tr("Stop; what was made so far is kept (Esc)"))
        self._lay_out()
        self.prompt.text_changed.connect(self._update_hint)
        self.conversation.next_asked.connect(self._begin_next_turn)
        self.conversation.new_asked.connect(lambda: self.conversation.set_earlier(()))
        self.prompt.setPlainText(first_example())
        self.draw((), store.summary)

    def text(self) -> str:
        """The prompt, exactly as it will be used."""
        return self.prompt.toPlainText()

    def show_prompt(self, text: str) -> None:
        """Show the prompt of an opened run; `restore_prompt` brings back the user's own."""
        if self.text() != self._opened_prompt:
            self._own_prompt = self.text()
        self._opened_prompt = text
        self.prompt.setPlainText(text)

    def restore_prompt(self) -> None:
        """Restore the prompt that was in the box before a run was opened."""
        prompt, self._own_prompt, self._opened_prompt = self._own_prompt, None, None
        if prompt is not None:
            self.prompt.setPlainText(prompt)

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Label the pause button Pause or Resume, and recount the prompt if another run is on show."""
        is_paused = self.store.paused and self.store.in_rounds
        self.pause.show_text(self.tr("Resume") if is_paused else self.tr("Pause"))
        model = self.store.engine.model
        self.conversation.expect_chat(model is not None and model.chat_template)
        self.conversation.show_run(self.store.history.shown)
        started = self.store.started
        prompt_key = None if started is None else (started.run_id, len(started.prompt_ids))
        if prompt_key != self._counted_prompt:
            self._counted_prompt = prompt_key
            self._update_hint()

    def show_asked(self, started: RunStarted) -> None:
        """Show what an opened run was asked: its prompt, and the turns before it."""
        self.show_prompt(started.question)
        self.conversation.set_earlier(started.messages[:-1])

    def newly_dropped(self) -> bool:
        """Show a prompt that was dropped as a file since the last call. Returns whether there was one."""
        if (dropped := self.store.tab(DroppedFiles).take_new()) is None:
            return False
        self.prompt.setPlainText(dropped.text)
        self.conversation.set_earlier(dropped.earlier)
        return True

    def _begin_next_turn(self) -> None:
        """Take the answer on show into the conversation, and empty the box for the next question."""
        record = self.store.history.shown
        if record is not None and record.started is not None and record.started.messages:
            self.conversation.set_earlier(with_answer(record))
            self.prompt.setPlainText("")
            self.prompt.setFocus()

    def _update_hint(self) -> None:
        """Show the length of the prompt and warn about unusual content."""
        text = self.text()
        parts = [count(len(text), "character")]
        n_tokens, exact = self._n_tokens(text)
        if not exact and self._is_fork():
            parts.append(self.tr("fork: not counted"))
        elif n_tokens:
            n = count(n_tokens, "token")
            parts.append(n if exact else self.tr("about {0}").format(n))
        model = self.store.engine.model
        too_long = model is not None and n_tokens >= model.context
        if too_long and model is not None:
            parts.append(self.tr("⚠ the target reads {0:,}").format(model.context - 1))
        self.hint.setText(" · ".join(parts))
        explanation = self.tr("Tokens are counted by the target when it runs; until then by its last run.")
        self.hint.setToolTip(f"{self.hint.text()}\n{explanation}")
        labels.set_role(self.hint, "bad" if too_long else "muted")
        notice = self._notice_text()
        self.notice.setText(notice)
        self.notice.setToolTip(notice)
        self.notice.setVisible(bool(notice))
        self.clear_button.setVisible(self.prompt.folded)

    def _n_tokens(self, text: str) -> tuple[int, bool]:
        """The number of tokens and whether it is exact; 0 without a run to estimate it from."""
        started = self.store.started
        if started is None:
            return 0, False
        if (n_tokens := _n_pieces(started, text)) is not None:
            return n_tokens, True
        if len(started.prompt_ids) < _MIN_TOKENS or not started.prompt:
            return 0, False
        return round(len(text) * len(started.prompt_ids) / len(started.prompt)), False

    def _is_fork(self) -> bool:
        """Whether the run on show is a fork: its prompt includes generated text, so it is no basis for an estimate."""
        return self.store.started is not None and self.store.started.forked_from is not None

    def _notice_text(self) -> str:
        if self.prompt.folded:
            return self.tr("Too long to edit here: its beginning is shown, all of it is used.")
        if self.prompt.fragile:
            return self.tr("Holds line ends this box cannot edit: used as they are, plain ones once you edit the text.")
        if self.prompt.hides:
            return self.tr("Holds characters that cannot be seen; they are used as they are.")
        return ""

    def _examples_menu(self) -> QMenu:
        menu = QMenu(self)
        tasks: dict[str, QMenu] = {}
        for example in examples():
            if example.task not in tasks:
                tasks[example.task] = menu.addMenu(example.task)
                tasks[example.task].setToolTipsVisible(True)
            self._add_example(tasks[example.task], example)
        return menu

    def _add_example(self, menu: QMenu, example: Example) -> None:
        action = menu.addAction(example.title)
        action.setToolTip(plain_tip(example.prompt))
        action.triggered.connect(lambda _checked=False: self.prompt.setPlainText(example.prompt))

    def _button(self, verb: Verb, *texts: str, tip: str) -> SteadyButton:
        button = SteadyButton(texts, self)
        button.setAccessibleDescription(tip)
        self.verbs.follow(button, verb, tip)
        return button

    def _plain_button(self, text: str, tip: str) -> QPushButton:
        button = SteadyButton((text,), self)
        _set_tip(button, tip)
        return button

    def minimumSizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """Room for all buttons uncut, with the last four below the title if they do not fit beside it."""
        width = max(self._title_row.minimumSize().width(), self._button_row.minimumSize().width()) + 2 * theme.GRID
        return QSize(width, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        """Put the buttons beside the title or, if they do not fit, below it."""
        super().resizeEvent(event)
        min_width = self._title_row.minimumSize().width() + self._button_row.minimumSize().width() + _HINT_WIDTH
        fits = min_width <= self.width()
        self._header.setDirection(QBoxLayout.Direction.LeftToRight if fits else QBoxLayout.Direction.TopToBottom)

    def _lay_out(self) -> None:
        self._title_row = QHBoxLayout()
        self._title_row.addWidget(plain_label(self.tr("Prompt"), self, role="title"))
        self._title_row.addWidget(self.hint, 1)
        self._title_row.addWidget(self.notice, 2)
        self._title_row.addWidget(self.clear_button)
        self._title_row.addWidget(self.examples)
        self._button_row = QHBoxLayout()
        for button in (self.run, self.pause, self.step, self.stop):
            self._button_row.addWidget(button)
        self._header = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._header.addLayout(self._title_row, 1)
        self._header.addLayout(self._button_row)
        for row in (self._title_row, self._button_row, self._header):
            row.setSpacing(theme.GRID)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.GRID, theme.HALF, theme.GRID, theme.HALF)
        column.setSpacing(theme.HALF)
        column.addLayout(self._header)
        column.addWidget(self.conversation)
        column.addWidget(self.prompt)
        self._order_by_keyboard()

    def _order_by_keyboard(self) -> None:
        """Set the tab order: the conversation, the text, then the buttons from left to right."""
        row = (
            *self.conversation.buttons,
            self.prompt,
            self.clear_button,
            self.examples,
            self.run,
            self.pause,
            self.step,
            self.stop,
        )
        for previous, following in pairwise(row):
            QWidget.setTabOrder(previous, following)


def _set_tip(button: QPushButton, tip: str) -> None:
    button.setToolTip(tip)
    button.setAccessibleDescription(tip)


def _n_pieces(started: RunStarted, text: str) -> int | None:
    """How many of the run's first prompt tokens make up exactly this text, as in a fork; None if no number does."""
    if text == started.question:
        return len(started.prompt_ids)
    if not text or started.forked_from is None or not started.prompt.startswith(text):
        return None
    ends = accumulate(len(piece) for piece in started.prompt_pieces)
    return next((n for n, end in enumerate(ends, 1) if end == len(text)), None)
