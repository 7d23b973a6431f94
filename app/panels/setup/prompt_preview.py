"""A button that opens the prompt as the target will read it, with its tokens counted, before anything is run."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from app import theme
from app.text.plain_text import one_line, paragraphs
from app.widgets.labels import plain_label, set_role
from app.widgets.popup_button import PopupButton
from app.words.counts import count
from engine.events import PromptPreviewed

_WIDTH, _HEIGHT = 80 * theme.GRID, 40 * theme.GRID
_LONGEST_SHOWN = 100_000


class PromptPreview(PopupButton):
    """`asked`: the sheet was opened and waits for the answer to a question with this serial number."""

    asked = Signal(int)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(
            self.tr("As the model will read it"),
            self.tr("The prompt as the chat template writes it, and its tokens, before anything is run"),
            parent,
        )
        self._serial = 0
        self._shown: PromptPreviewed | None = None
        self.state = plain_label("", self.sheet, role="muted", wraps=True)
        self.state.setAccessibleName(self.tr("Tokens of the prompt"))
        self.text_box = QPlainTextEdit(self.sheet)
        self.text_box.setReadOnly(True)
        self.text_box.setTabChangesFocus(True)
        self.text_box.setUndoRedoEnabled(False)
        self.text_box.setAccessibleName(self.tr("The prompt as the model will read it"))
        self.text_box.setFixedSize(_WIDTH, _HEIGHT)
        self.sheet.column.addWidget(self.state)
        self.sheet.column.addWidget(self.text_box)

    def open(self) -> None:
        """Open the sheet and ask for its content; an answer to an earlier question is passed over."""
        self._serial += 1
        self._show("", "")
        self.asked.emit(self._serial)
        super().open()

    def wait(self, *, behind_others: bool) -> None:
        """Say what is waited for."""
        later = self.tr("The engine is at work: the text comes once it is free.")
        self._show(later if behind_others else self.tr("The template is being applied…"), "")

    def show_preview(self, previewed: PromptPreviewed | None) -> None:
        """Show the answer, if it is that to the newest question."""
        if previewed is None or previewed is self._shown or previewed.serial != self._serial:
            return
        self._shown = previewed
        if previewed.why_not:
            self._show(self.tr("✗ {0}").format(one_line(previewed.why_not)), "", bad=True)
            return
        tokens = count(previewed.n_tokens, "token")
        words = self.tr("{0}, through the chat template") if previewed.chat else self.tr("{0}, the text as it is")
        notes = [one_line(previewed.note)] if previewed.note else []
        self._show("\n".join([words.format(tokens), *notes]), paragraphs(previewed.text, longest=_LONGEST_SHOWN))

    def _show(self, state: str, text: str, *, bad: bool = False) -> None:
        self.state.setText(state)
        set_role(self.state, "bad" if bad else "muted")
        self.text_box.setPlainText(text)
