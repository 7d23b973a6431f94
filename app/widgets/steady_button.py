"""A button of several texts that is always as wide as the widest, so that its row stands still; knows no action."""

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QPushButton, QStyle, QStyleOptionButton, QWidget


class SteadyButton(QPushButton):
    """Shows one of the texts it was made with."""

    def __init__(self, texts: Sequence[str], parent: QWidget) -> None:
        super().__init__(texts[0], parent)
        self._texts = tuple(texts)

    def show_text(self, text: str) -> None:
        """Set the text where it is another."""
        if text != self.text():
            self.setText(text)

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """Room for the widest text, in the font of now."""
        option = QStyleOptionButton()
        self.initStyleOption(option)
        hint = super().sizeHint()
        for text in self._texts:
            option.text = text
            written = self.fontMetrics().size(Qt.TextFlag.TextShowMnemonic, text)
            made = self.style().sizeFromContents(QStyle.ContentsType.CT_PushButton, option, written, self)
            hint = hint.expandedTo(made)
        return hint

    def minimumSizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """It is never cut."""
        return self.sizeHint()
