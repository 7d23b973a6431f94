"""Offers bfloat16 where it was measured to be faster than the float32 that the automatic choice takes."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from app import theme
from app.text.plain_text import one_line, plain_tip
from app.widgets.labels import plain_label
from engine.events import ModelLoaded


class DtypeOffer(QWidget):
    """Hidden unless there is an offer. `taken`: the user wants bfloat16 for the next load."""

    taken = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.text = plain_label(self.tr("bfloat16 was measured to be faster on this machine."), self, wraps=True)
        self.button = QPushButton(self.tr("Use bfloat16"), self)
        self.button.clicked.connect(self.taken)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.HALF)
        column.addWidget(self.text)
        column.addWidget(self.button)
        self.hide()

    def show_model(self, model: ModelLoaded | None, chosen: str) -> None:
        """chosen: the number format of the setup; only the automatic one leaves a choice to offer."""
        offered = model is not None and chosen == "auto" and model.dtype == "float32" and bool(model.why_dtype)
        self.setVisible(offered)
        if model is not None and offered:
            tip = plain_tip(one_line(model.why_dtype, longest=600))
            self.text.setToolTip(tip)
            self.button.setToolTip(tip)
            self.button.setAccessibleDescription(one_line(model.why_dtype, longest=600))
