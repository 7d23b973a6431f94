"""Shows the estimated memory of a pair and the models in memory now."""

from PySide6.QtWidgets import QVBoxLayout, QWidget

from app import theme
from app.widgets import labels
from app.widgets.elided_label import ElidedLabel
from app.widgets.labels import plain_label
from app.widgets.memory_bar import MemoryBar
from app.widgets.progress_bar import CalmProgressBar
from app.widgets.reserved_space import keep_room
from app.words.model_names import full_name
from app.words.pace import loaded_so_far
from engine.events import Estimated, ModelLoaded, Progressed


class MemoryBlock(QWidget):
    """Every line but the last keeps its height, so that new values move nothing; the last may grow freely."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.memory_of = ElidedLabel(self, role="muted")
        self.bar = MemoryBar(self)
        self.verdict = ElidedLabel(self)
        self.progress = CalmProgressBar(self.tr("Loading"), self)
        self.progress.setFixedHeight(theme.GRID)
        keep_room(self.progress)
        self.progress.hide()
        self.loaded = plain_label("", self, role="muted", wraps=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GRID)
        column.addWidget(plain_label(self.tr("Memory once loaded"), self, role="title"))
        for widget in (self.memory_of, self.bar, self.verdict, self.progress, self.loaded):
            column.addWidget(widget)

    def show_estimate(self, estimate: Estimated | None, *, in_use: bool) -> None:
        """Show the estimate of the chosen pair; in_use: whether it is the pair in use."""
        self.bar.show_estimate(estimate)
        self.verdict.setText(self.bar.verdict() or self.tr("not known"))
        labels.set_role(self.verdict, "normal" if self.bar.fits else "bad")
        text = self.tr("of the pair in use") if in_use else self.tr("of the pair the next run loads")
        self.memory_of.setText(text)
        self.memory_of.setToolTip(self.bar.toolTip())

    def show_loaded(self, model: ModelLoaded | None, progress: Progressed | None) -> None:
        """Show what is loaded; progress: that of a load under way."""
        self.progress.setVisible(progress is not None)
        if progress is not None:
            self.progress.show_progress(progress)
            converts = progress.phase in ("reading", "converting")
            text = self.tr("Converting the GGUF file: {0}") if converts else self.tr("Loading: {0}")
            self.loaded.setText(text.format(loaded_so_far(progress)))
        elif model is None:
            self.loaded.setText(self.tr("Nothing is loaded yet."))
        else:
            text = self.tr("Loaded: {0} with {1}, {2} on {3}, context {4:,} tokens")
            names = full_name(model.target, "target"), full_name(model.drafter, "drafter")
            self.loaded.setText(text.format(*names, model.dtype, model.device, model.context))
