"""Says what the loaded target's generation config changes in its text, and what it asks for and does not get."""

from collections.abc import Iterator, Sequence

from PySide6.QtWidgets import QVBoxLayout, QWidget

from app import theme
from app.text.plain_text import one_line
from app.widgets.labels import plain_label
from engine.events import ModelLoaded


class RulesNote(QWidget):
    """Shown where the target's checkpoint says anything besides its weights. obeyed: whether its rules are."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._model: ModelLoaded | None = None
        self._obeyed = True
        self.words = plain_label("", self, role="muted", wraps=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.HALF)
        column.addWidget(plain_label(self.tr("Model's own rules"), self, role="title"))
        column.addWidget(self.words)
        self._show()

    def show_model(self, model: ModelLoaded | None) -> None:
        """Show what the loaded target asks for; None: the chosen one is not loaded."""
        self._model = model
        self._show()

    def set_obeyed(self, *, obeyed: bool) -> None:
        """Follow the switch that leaves its rules out."""
        self._obeyed = obeyed
        self._show()

    def _show(self) -> None:
        lines = [] if self._model is None else list(self._lines(self._model))
        self.words.setText("\n".join(map(one_line, lines)))
        self.setVisible(bool(lines))

    def _lines(self, model: ModelLoaded) -> Iterator[str]:
        if model.rules:
            words = self.tr("Applied to every token: {0}.") if self._obeyed else self.tr("Left out: {0}.")
            yield words.format(_listed(model.rules))
        if model.ignored:
            yield self.tr("Not applied, so that other programs may write another text: {0}.").format(
                _listed(model.ignored)
            )
        if model.sampling:
            yield self.tr("Sampling that the model recommends: {0}.").format(model.sampling)
        if model.note:
            yield f"{model.note}."


def _listed(words: Sequence[str]) -> str:
    return ", ".join(words)
