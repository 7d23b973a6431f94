"""Panel of the tree: draws the draft of the selected round, or of the newest one, as a tree of nodes."""

from collections.abc import Callable, Sequence

from PySide6.QtWidgets import QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from app import theme
from app.panel import Panel
from app.panels.tree import accessible
from app.panels.tree.canvas import TreeCanvas
from app.panels.tree.words import legend
from app.state.selection import Selection
from app.state.store import RunStore
from app.widgets.labels import ElasticLine
from engine.events import Event, RoundFinished
from engine.runs.summary import Summary


class TreePanel(Panel):
    """The selected node is the selected token of every panel."""

    every_ms = 250
    turn = 1

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self.canvas = TreeCanvas(self)
        self.canvas.setAccessibleName(self.tr("Tree of the draft"))
        self.canvas.empty_text = self.tr(
            "The draft of a round appears here, a node for each proposed token, with the target's p and the drafter's"
            " q. A drafter that cannot branch drafts a chain."
        )
        accessible.install()
        self.canvas.moved.connect(lambda: accessible.announce(self.canvas))
        self.canvas.picked.connect(self._on_picked)
        self.canvas.round_asked.connect(self._on_round)
        self.line = ElasticLine(self)
        self.line.setAccessibleName(self.tr("The selected round or node"))
        self.key = ElasticLine(self, role="muted")
        self.key.setAccessibleName(self.tr("What the marks of the tree mean"))
        self.smaller = self._button("−", self.tr("Smaller tree (Ctrl+−)"), lambda: self.canvas.zoom_by(-1))
        self.larger = self._button("+", self.tr("Larger tree (Ctrl++)"), lambda: self.canvas.zoom_by(1))
        self.whole = self._button(self.tr("Whole"), self.tr("Show the whole tree (Ctrl+0)"), self.canvas.fit)
        self._lay_out()
        self._describe()

    def clear(self) -> None:
        """Show no round."""
        self.canvas.show_round(None)
        self._describe()

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Follow the newest round while none is selected."""
        if self.store.selection is None and summary.n_rounds and any(isinstance(event, RoundFinished) for event in new):
            self._show(summary.n_rounds - 1)

    def mark(self, selection: Selection | None) -> None:
        """Show the selected round and node."""
        if selection is not None:
            self._show(selection.round)
            self.canvas.choose(selection.token)
        else:
            self.canvas.choose(None)
        self._describe()

    def _show(self, number: int) -> None:
        shown = self.history.shown
        self.canvas.show_round(None if shown is None else shown.round(number))
        self._describe()

    def _describe(self) -> None:
        shown = self.canvas.event_shown is not None
        self.line.show_text(*(self.canvas.current_words(brief=brief) if shown else "" for brief in (False, True)))
        self.key.show_text(*legend(self.canvas.event_shown))

    def _on_picked(self, node: int) -> None:
        if self.canvas.event_shown is not None:
            self.store.select(Selection(self.canvas.event_shown.round, node))

    def _on_round(self, by: int) -> None:
        """Select the round before or after, as far as there is one."""
        event, n_rounds = self.canvas.event_shown, self.store.summary.n_rounds
        if event is not None and 0 <= event.round + by < n_rounds:
            self.store.select(Selection(event.round + by, None))

    def _button(self, text: str, tip: str, slot: Callable[[], object]) -> QToolButton:
        button = QToolButton(self)
        button.setText(text)
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        button.setProperty("role", "segment")
        button.clicked.connect(lambda _checked=False: slot())
        return button

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(2 * theme.GRID, theme.HALF, theme.GRID, theme.HALF)
        head.setSpacing(theme.HALF)
        head.addWidget(self.line, 3)
        head.addWidget(self.key, 2)
        for button in (self.smaller, self.larger, self.whole):
            head.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self.canvas, 1)
