"""The earlier turns of the conversation that the prompt continues, and what the run on show was asked."""

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QPushButton, QWidget

from app import theme
from app.state.round_tree import tree_of
from app.state.run_record import RunRecord
from app.text.plain_text import one_line, paragraphs, plain_tip
from app.widgets.elided_label import ElidedLabel
from app.widgets.popup_button import PopupButton
from app.widgets.reserved_space import keep_room
from app.words.counts import count
from engine.events import RoundFinished, RunStarted
from engine.prompts import Message

_SHEET_WIDTH, _SHEET_HEIGHT = 80 * theme.GRID, 40 * theme.GRID
_LONGEST_SHOWN = 100_000


class ConversationStrip(QWidget):
    """One line above the prompt, which a model with a chat template has from its loading on; else hidden.

    `next_asked`: the user wants to type the next turn; `new_asked`: to begin a new conversation."""

    next_asked = Signal()
    new_asked = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.earlier: tuple[Message, ...] = ()
        self._shown: tuple[RunStarted | None, bool] | None = None
        self._can_chat = False
        self.summary = ElidedLabel(self, role="muted")
        self.turns = self._sheet_button(self.tr("Earlier turns"), self.tr("What was said before this turn"))
        self.rendered = self._sheet_button(
            self.tr("As the model reads it"), self.tr("The prompt of the run on show as its chat template writes it")
        )
        self.next = self._button(self.tr("Next turn"), self.tr("Keep the answer on show, and type what to say next"))
        self.new = self._button(self.tr("New conversation"), self.tr("Forget the earlier turns"))
        self.next.clicked.connect(self.next_asked)
        self.new.clicked.connect(self.new_asked)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.GRID)
        row.addWidget(self.summary, 1)
        self.buttons: tuple[QPushButton, ...] = (self.turns, self.rendered, self.next, self.new)
        for button in self.buttons:
            row.addWidget(button)
            keep_room(button)
        self.show_run(None)

    def set_earlier(self, messages: Sequence[Message]) -> None:
        """Set the earlier turns; a system prompt is no turn."""
        self.earlier = tuple(message for message in messages if message.role != "system")
        self._text_of(self.turns).setPlainText(self._transcript())
        self.turns.setVisible(bool(self.earlier))
        self.new.setVisible(bool(self.earlier))
        n_answers = sum(message.role == "assistant" for message in self.earlier)
        words = self.tr("Turn {0}, after “{1}”")
        last_answer = one_line(self.earlier[-1].content.strip()) if self.earlier else ""
        self.summary.setText(words.format(n_answers + 1, last_answer) if n_answers else "")
        self.summary.setToolTip(plain_tip(self.summary.text()) if n_answers else "")
        self._show()

    def show_run(self, record: RunRecord | None) -> None:
        """Offer what can be done with the run on show: read its rendered prompt, and continue it once it has ended."""
        started = None if record is None else record.started
        is_chat = started is not None and bool(started.messages)
        ended = record is not None and record.ended
        if (started, ended) == self._shown:
            return
        self._shown = started, ended
        self.rendered.setVisible(is_chat)
        if started is not None and is_chat:
            self.rendered.show_text(
                self.tr("{0} as the model reads it").format(count(len(started.prompt_ids), "token"))
            )
            self._text_of(self.rendered).setPlainText(paragraphs(started.prompt, longest=_LONGEST_SHOWN))
        # A fork began within an answer: its turns are not known.
        self.next.setVisible(is_chat and ended and started is not None and started.forked_from is None)
        self._show()

    def expect_chat(self, can_chat: bool) -> None:
        """Keep the line's place for a model that can be asked as chat, so that nothing moves when it runs."""
        if can_chat != self._can_chat:
            self._can_chat = can_chat
            self._show()

    def _show(self) -> None:
        self.setVisible(self._can_chat or not self.rendered.isHidden() or bool(self.earlier))

    def _transcript(self) -> str:
        names = {"user": self.tr("You"), "assistant": self.tr("Model"), "system": self.tr("System")}
        text = "\n\n".join(f"{names[message.role]}: {message.content}" for message in self.earlier)
        return paragraphs(text, longest=_LONGEST_SHOWN)

    def _sheet_button(self, text: str, tip: str) -> PopupButton:
        button = PopupButton(text, tip, self)
        edit = QPlainTextEdit(button.sheet)
        edit.setReadOnly(True)
        edit.setAccessibleName(text)
        edit.setFixedSize(_SHEET_WIDTH, _SHEET_HEIGHT)
        button.sheet.column.addWidget(edit)
        return button

    def _text_of(self, button: PopupButton) -> QPlainTextEdit:
        edit = button.sheet.findChild(QPlainTextEdit)
        assert isinstance(edit, QPlainTextEdit)
        return edit

    def _button(self, text: str, tip: str) -> QPushButton:
        button = QPushButton(text, self)
        button.setToolTip(tip)
        button.setAccessibleDescription(tip)
        return button


def with_answer(record: RunRecord) -> tuple[Message, ...]:
    """The conversation of a finished run, its answer included, without the token that ends the turn."""
    started = record.started
    assert started is not None
    rounds = [event for event in record.events if isinstance(event, RoundFinished)]
    text = "".join(event.text for event in rounds)
    if rounds and record.summary.reason == "end_of_text":
        last = rounds[-1]
        kept = tree_of(last).path[: len(last.emitted)]
        accepted = last.proposed[kept[-1]].text if kept else ""
        piece = accepted if last.last is None else last.last.text
        text = text.removesuffix(piece)
    return (*started.messages, Message("assistant", text))
