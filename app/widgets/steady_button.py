"""A button with several texts that is always as wide as the widest, so that its row does not move."""

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QPushButton, QStyle, QStyleOptionButton, QWidget


class SteadyButton(QPushButton):
    """Shows one of the texts it was created with."""

    def __init__(self, texts: Sequence[str], parent: QWidget) -> None:
        super().__init__(texts[0], parent)
        self._texts = tuple(texts)

    def show_text(self, text: str) -> None:
        """Set the text if it differs."""
        if text != self.text():
            self.setText(text)

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """The size for the widest text in the current font."""
        option = QStyleOptionButton()
        self.initStyleOption(option)
        hint = super().sizeHint()
        for text in self._texts:
            option.text = text
            text_size = self.fontMetrics().size(Qt.TextFlag.TextShowMnemonic, text)
            button_size = self.style().sizeFromContents(QStyle.ContentsType.CT_PushButton, option, text_size, self)
            hint = hint.expandedTo(button_size)
        return hint

    def minimumSizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """Never narrower than the widest text."""
        return self.sizeHint()
