"""A column with the text of one lane: its mark and check above, its tokens with their fates below."""

from collections.abc import Iterator
from time import perf_counter

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app import theme
from app.panels.stream.canvas import StreamCanvas
from app.panels.stream.painter import MARGIN
from app.panels.stream.tokens import StreamToken
from app.widgets.elided_label import ElidedLabel
from app.widgets.labels import set_role
from app.widgets.lane_marks import LaneMark
from app.workspaces.compare import differences, words
from app.workspaces.compare.differences import TextDifference
from app.workspaces.compare.words import tr
from engine.events import PLAIN_LANE, GenerationMeasured

_WIDTH = 27 * theme.GRID
_ZOOM = 80


class _View(StreamCanvas):
    """Says when its width has changed, which lays the text out again."""

    resized = Signal()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        """Lay the text out for the new width."""
        super().resizeEvent(event)
        self.resized.emit()


class LaneText(QWidget):
    """`scrolled`: by how many characters of the text its first line begins. Tokens are appended by `add_some`."""

    scrolled = Signal(int)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.lane = ""
        self.generation: GenerationMeasured | None = None
        self.where: TextDifference | None = None
        self._batches: Iterator[list[StreamToken]] | None = None
        self._place = 0
        self.name = ElidedLabel(self)
        font = self.name.font()
        font.setBold(True)
        self.name.setFont(font)
        self.check = ElidedLabel(self, role="muted")
        self.view = _View(self)
        self.view.set_zoom(_ZOOM)
        self.view.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        # Not valueChanged: the canvas moves by itself while it lays out.
        self.view.verticalScrollBar().actionTriggered.connect(lambda _action: self._on_scrolled())
        # The canvas itself keeps the end in view, as of a text that grows.
        self.view.resized.connect(lambda: self.follow(self._place))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.HALF)
        column.addWidget(self.name)
        column.addWidget(self.check)
        column.addWidget(self.view, 1)
        self.setMinimumWidth(_WIDTH)

    @property
    def loading(self) -> bool:
        """Whether tokens are left to append."""
        return self._batches is not None

    def show_text(
        self, lane: str, mark: LaneMark, generation: GenerationMeasured, plain: GenerationMeasured | None
    ) -> None:
        """Begin to show a lane's text, with its differences from the plain one; the same text stays as it is."""
        where = None if lane == PLAIN_LANE else differences.divergence(generation, plain)
        if generation is self.generation and lane == self.lane and where == self.where:
            return
        self.lane, self.generation, self.where = lane, generation, where
        self.name.setText(f"{mark.glyph} {words.lane_name(lane)}")
        self.name.setToolTip(words.lane_name(lane))
        self.recolour(mark)
        self._show_check(plain)
        self.view.setAccessibleName(tr("Text of {0}").format(words.lane_name(lane)))
        self.view.clear()
        self._place = 0
        self._batches = differences.token_batches(generation)

    def recolour(self, mark: LaneMark) -> None:
        """Paint the name in the lane's colour."""
        self.name.setStyleSheet(f"color: {mark.colour.name()}")

    def add_some(self, until: float) -> None:
        """Append tokens until a time of `perf_counter`, at least one round."""
        if self._batches is None:
            return
        tokens: list[StreamToken] = []
        for batch in self._batches:
            tokens += batch
            if perf_counter() >= until:
                break
        else:
            self._batches = None
        self.view.append(tokens)
        if self._batches is None:
            self._mark_difference()
            self.follow(self._place)

    def follow(self, n_chars: int) -> None:
        """Scroll so that the line with this place of the text comes first."""
        bar, text = self.view.verticalScrollBar(), self.view.kept.text
        self._place = n_chars
        if n_chars <= 0 or not text:
            bar.setValue(0)
        else:
            at = min(n_chars, len(text) - 1)
            line = self.view.lines.line_from(self.view.kept.found(at, at + 1).first)
            bar.setValue(bar.maximum() if line is None else MARGIN + line * self.view.line_height)

    def go_to_difference(self) -> int | None:
        """Scroll to the first difference. Returns where it is in the text; None if there is none."""
        if (index := self.view.marks.current) is None:
            return None
        self.view.reveal(index)
        self._place = self.view.kept.start_of(index)
        return self._place

    def _on_scrolled(self) -> None:
        """Say where the user scrolls to; the bar has not moved yet."""
        to, lines = self.view.verticalScrollBar().sliderPosition(), self.view.lines
        line = max(0, (to - MARGIN) // self.view.line_height)
        shown = lines.tokens_of(line, line) if line < lines.n_lines else None
        self._place = 0 if shown is None or to <= MARGIN else self.view.kept.start_of(shown[0])
        self.scrolled.emit(self._place)

    def _mark_difference(self) -> None:
        """Frame the first token that differs, and tint the rest."""
        if self.where is None or self.generation is None:
            return
        tokens = self.view.tokens
        first = differences.first_differing(tokens, self.where, with_rounds=bool(self.generation.rounds))
        if first is not None:
            self.view.marks.current, self.view.marks.range = first, (first, len(tokens) - 1)
            self.view.viewport().update()

    def _show_check(self, plain: GenerationMeasured | None) -> None:
        if self.lane == PLAIN_LANE:
            text, good = tr("what the others are compared with"), None
        elif plain is None:
            text, good = tr("no plain text to compare with yet"), None
        elif self.where is None:
            text, good = tr("✓ same text"), True
        else:
            text, good = self._difference_text(), False
        self.check.setText(text)
        self.check.setToolTip(text)
        set_role(self.check, "muted" if good is None else "good" if good else "bad")

    def _difference_text(self) -> str:
        assert self.where is not None and self.generation is not None
        text = tr("✗ differs from token {0:,}").format(self.where.n_tokens + 1)
        margin = self.generation.margin
        return text if margin is None else tr("{0}, top-2 margin {1:.3f}").format(text, margin)
