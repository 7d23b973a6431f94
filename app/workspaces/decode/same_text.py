"""Panel of the check against plain decoding: same text, the first difference, or why there is no comparison."""

from collections.abc import Sequence

from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.panel import Panel
from app.state.store import RunStore
from app.widgets import labels
from app.widgets.elided_label import ElidedLabel
from engine.events import Event, Setting
from engine.runs.summary import Summary


class SameText(Panel):
    """A mark and a few words."""

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self.label = ElidedLabel(self)
        self.label.setAccessibleName(self.tr("Check against plain decoding"))
        self.label.setToolTip(self._meaning())
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.label)

    def clear(self) -> None:
        """Empty the label."""
        labels.set_role(self.label, "muted")
        self.label.setText("")

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Show the result of the check, or what it waits for."""
        role: labels.Role = "muted" if summary.same is None else "good" if summary.same else "bad"
        labels.set_role(self.label, role)
        text = self._result(summary) if summary.same is not None else self._why_not(summary)
        short = self.tr("✓ same text") if summary.same else self.tr("✗ other text")
        self.label.set_versions(text, *([] if summary.same is None else [short]))
        self.label.setToolTip(f"{text}. {self._meaning()}")

    def _meaning(self) -> str:
        return self.tr("In greedy mode the tokens must equal those of plain decoding, which runs in the same run.")

    def _result(self, summary: Summary) -> str:
        if summary.first_divergence is None:
            return self.tr("✓ same text as plain decoding")
        if summary.same:
            text = self.tr("✓ same text but for rounding: differs at token {0}, two plain runs at {1}")
        else:
            text = self.tr("✗ differs from plain decoding at token {0}")
        text = text.format(summary.first_divergence, summary.plain_divergence)
        if summary.margin is None:
            return text
        return text + self.tr(" (top-2 margin {0:.4f})").format(summary.margin)

    def _why_not(self, summary: Summary) -> str:
        settings = self.store.started.settings if self.store.started is not None else ()
        return self._reason(summary, dict(settings))

    def _reason(self, summary: Summary, settings: dict[str, Setting]) -> str:
        if summary.state == "idle":
            return self.tr("same text? a run will tell")
        if summary.method == "plain":
            return self.tr("this is plain decoding")
        if settings.get("temperature"):
            return self.tr("sampled: texts are not compared")
        if settings.get("baseline") is False:
            return self.tr("no plain decoding to compare with")
        if summary.state == "running":
            return self.tr("same text? compared at the end")
        return self.tr("stopped: texts not compared")
