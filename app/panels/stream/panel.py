"""Panel of the token stream: the view with its legend, search, display options and actions on tokens."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QGuiApplication, QHideEvent, QKeySequence, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QBoxLayout, QCheckBox, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app import theme
from app.panel import Panel
from app.panels.stream.feed import TokenFeed
from app.panels.stream.legend import GateKey, Legend, XRayKey
from app.panels.stream.mode_switch import ModeSwitch
from app.panels.stream.search import SearchBar
from app.panels.stream.tokens import ControlIds, StreamToken, prompt_tokens, round_tokens
from app.panels.stream.view import StreamView
from app.panels.verbs import Verbs
from app.state.selection import Selection
from app.state.store import RunStore
from engine.events import Event, RoundFinished, RunStarted
from engine.runs.summary import Summary

# Lower panels, in lines of text, leave Fork to the menus, so that the legend fits beside the controls.
_LOW_LINES = 22


class TokenStreamPanel(Panel):
    """Appends the tokens of the prompt and of each round to the view."""

    def __init__(self, store: RunStore, parent: QWidget | None = None, *, verbs: Verbs | None = None) -> None:
        super().__init__(store, parent)
        self.verbs = verbs or Verbs(store, self)
        self.view = StreamView(self)
        self.view.empty_text = self.tr("The text appears here, each token in the colour of its fate.")
        self._feed = TokenFeed(self.view, self)
        self._controls = ControlIds()
        self.search = SearchBar(self)
        self.x_ray_key = XRayKey(self)
        self.gate_key = GateKey(self)
        self.mode = ModeSwitch(self)
        self.legend = Legend(self)
        self._footer = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._control_row = QHBoxLayout()
        self.x_ray = QCheckBox(self.tr("X-ray"), self)
        self.x_ray.setToolTip(
            self.tr(
                "While inspecting, show under each proposed token how likely it was to be accepted or, if greedy, "
                "how probable the target found it (X)."
            )
        )
        self.gate = QCheckBox(self.tr("Gate"), self)
        self.gate.setToolTip(
            self.tr("While inspecting, show under each drafted token how probably the gate expects it to be accepted.")
        )
        self.gate.hide()
        self._has_gate = False
        self.copy = self._action(self.tr("Copy text"), self.copy_text, "Ctrl+C")
        self.select_all = self._action(self.tr("Select all"), self.view.select_all, "Ctrl+A")
        self.find_text = self._action(self.tr("Search…"), self.open_search)
        self.inspect = self._action(self.tr("Inspect tokens"), lambda: None, "Ctrl+I")
        self.inspect.setCheckable(True)
        self.inspect.setShortcutContext(Qt.ShortcutContext.WindowShortcut)  # no other part of the window has its key
        self.zoom_actions = (
            self._zoom_action(self.tr("Larger text in the stream"), self.zoom_in, "Ctrl+Alt++", "Ctrl+Alt+="),
            self._zoom_action(self.tr("Smaller text in the stream"), self.zoom_out, "Ctrl+Alt+-"),
            self._zoom_action(self.tr("Usual text in the stream"), self.zoom_reset, "Ctrl+Alt+0"),
        )
        self.view.addActions([self.verbs.actions["fork"], self.copy, self.select_all, self.find_text])
        self.view.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        self.fork = QPushButton(self.tr("Fork from here"), self)
        tip = self.tr("Run again from the selected token with the settings at the left (Ctrl+K).")
        self.verbs.follow(self.fork, "fork", tip)
        self._connect_signals()
        self._lay_out()
        self._show_mode()

    # The run on show

    def clear(self) -> None:
        """Remove all tokens."""
        self._feed.clear()
        self.view.clear()

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Append the tokens of new events."""
        tokens: list[StreamToken] = []
        for event in new:
            if isinstance(event, RunStarted):
                self._controls = ControlIds(event.control_ids)
                self.legend.show_control(bool(event.control_ids))
                self._follow_gate(event)
                self._feed.add(prompt_tokens(event))
                self._follow_sampling(event)
            elif isinstance(event, RoundFinished):
                tokens += round_tokens(event, self._controls)
        if tokens:
            self._feed.add(tokens)
        self._feed.start()

    def mark(self, selection: Selection | None) -> None:
        """Mark the selected round."""
        self.view.select(selection)

    @property
    def settled(self) -> bool:
        """Whether every token is in its place."""
        return not self._feed.busy and self.view.settled

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 (Qt's name)
        """Continue with a long prompt."""
        super().showEvent(event)
        self._feed.start()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 (Qt's name)
        """Take no tokens in while hidden."""
        self._feed.hold()
        super().hideEvent(event)

    # Actions

    def copy_text(self) -> None:
        """Copy the marked range, or else all the kept text."""
        QGuiApplication.clipboard().setText(_without_surrogates(self.view.copied_text()))

    def open_search(self, typed: str = "") -> None:
        """Open the search, starting with the text typed so far."""
        if not self.view.searching:
            self.view.searching = True
            self.view.card.hide()
            self.search.show()
        self.search.open(typed)
        self._search(self.search.field.text())

    def close_search(self) -> None:
        """Close the search and select the current match."""
        self.view.searching = False
        self.search.hide()
        self.view.end_search()
        self.view.setFocus(Qt.FocusReason.OtherFocusReason)

    def search_on(self, step: int) -> None:
        """Go to the next match or, for -1, the previous one; open the search if it is closed."""
        if self.view.searching:
            self.view.search_on(step)
        else:
            self.open_search()

    def zoom_in(self) -> None:
        """Make the text larger."""
        self.view.zoom_by(1)

    def zoom_out(self) -> None:
        """Make the text smaller."""
        self.view.zoom_by(-1)

    def zoom_reset(self) -> None:
        """Reset the text size."""
        self.view.set_zoom(100)

    def _search(self, query: str) -> None:
        if self.view.searching:
            self.view.search(query)

    def _update_count(self) -> None:
        search = self.view.marks.search
        self.search.show_count(self.view.marks.search_at, 0 if search is None else len(search.starts))

    @property
    def inspecting(self) -> bool:
        """Whether tokens are inspected: with ghosts, pieces and cards; else the text is read."""
        return self.mode.is_inspecting

    def _show_mode(self) -> None:
        """Show the text as text or token by token; the X-ray belongs to inspecting."""
        x_ray = self.inspecting and self.x_ray.isChecked()
        self.inspect.setChecked(self.inspecting)
        self.x_ray.setEnabled(self.inspecting)
        self.legend.show_as_text(not self.inspecting)
        self.view.show_x_ray(x_ray)
        self.view.show_as_text(not self.inspecting)
        gate = self.inspecting and self._has_gate and self.gate.isChecked()
        self.gate.setEnabled(self.inspecting)
        self.view.show_gate(gate)
        self.x_ray_key.setVisible(x_ray and not gate)
        self.gate_key.setVisible(gate)

    def _choose_x_ray(self, shown: bool) -> None:
        """Show the X-ray; the bars of the gate take the same place."""
        if shown:
            self.gate.setChecked(False)
        self._show_mode()

    def _choose_gate(self, shown: bool) -> None:
        if shown:
            self.x_ray.setChecked(False)
        self._show_mode()

    def _toggle_x_ray(self) -> None:
        """Switch the X-ray; where the text is read, begin to inspect."""
        self.x_ray.setChecked(not (self.inspecting and self.x_ray.isChecked()))
        self.mode.inspect(True)

    def _follow_gate(self, started: RunStarted) -> None:
        """Offer the bars of the gate, and the mark of tokens that it let through, in a run that has one."""
        self._has_gate = started.method == "sprinter"
        threshold = dict(started.settings).get("threshold")
        known = float(threshold) if self._has_gate and isinstance(threshold, int | float) else None
        self.view.marks.threshold = self.view.card.threshold = known
        self.gate_key.explain(known)
        self.legend.show_unverified(self._has_gate)
        self.gate.setVisible(self._has_gate)
        self._show_mode()

    def _follow_sampling(self, started: RunStarted) -> None:
        """Let the X-ray show p in a greedy run, where an acceptance probability would be all or nothing."""
        greedy = not dict(started.settings).get("temperature")
        self.view.marks.greedy = greedy
        self.x_ray_key.explain(greedy=greedy)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        """Put the legend beside the controls or, if there is no room, above them; a low panel keeps what it must."""
        super().resizeEvent(event)
        is_low = self.height() < _LOW_LINES * self.fontMetrics().lineSpacing()
        self.fork.setVisible(not is_low)
        self.legend.keep_room(not is_low)
        needed = self.legend.sizeHint().width() + self._control_row.minimumSize().width() + 4 * theme.GRID
        fits = needed <= self.width()
        self._footer.setDirection(QBoxLayout.Direction.LeftToRight if fits else QBoxLayout.Direction.TopToBottom)

    # Construction

    def _action(self, text: str, slot: Callable[[], object], key: str = "") -> QAction:
        action = QAction(text, self)
        action.setShortcut(QKeySequence(key))
        action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        action.triggered.connect(lambda _checked=False: slot())
        return action

    def _zoom_action(self, text: str, slot: Callable[[], object], *keys: str) -> QAction:
        action = QAction(text, self)
        action.setShortcuts([QKeySequence(key) for key in keys])
        action.triggered.connect(lambda _checked=False: slot())
        return action

    def _connect_signals(self) -> None:
        self.view.picked.connect(self.store.select)
        self.view.search_asked.connect(self.open_search)
        self.view.search_moved.connect(self._update_count)
        self.view.search_left.connect(self.close_search)
        self.view.x_ray_asked.connect(self._toggle_x_ray)
        self.search.wanted.connect(self._search)
        self.search.stepped.connect(self.search_on)
        self.search.left.connect(self.close_search)
        self.mode.changed.connect(self._show_mode)
        self.inspect.toggled.connect(self.mode.inspect)
        self.x_ray.toggled.connect(self._choose_x_ray)
        self.gate.toggled.connect(self._choose_gate)
        next_match = self._action(self.tr("Next find"), lambda: self.search_on(1), "F3")
        previous_match = self._action(self.tr("Previous find"), lambda: self.search_on(-1), "Shift+F3")
        self.addActions([next_match, previous_match])

    def _lay_out(self) -> None:
        controls = self._control_row
        controls.setSpacing(theme.GRID)
        controls.addWidget(self.mode)
        controls.addWidget(self.x_ray)
        controls.addWidget(self.gate)
        controls.addStretch(1)
        controls.addWidget(self.fork)
        footer = self._footer
        footer.setContentsMargins(2 * theme.GRID, theme.HALF, theme.GRID, theme.HALF)
        footer.setSpacing(theme.GRID)
        footer.addWidget(self.legend, 1)
        footer.addLayout(controls)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.view, 1)
        for widget in (self.search, self.x_ray_key, self.gate_key):
            widget.hide()
            column.addWidget(widget)
        column.addLayout(footer)


def _without_surrogates(text: str) -> str:
    """The text with lone surrogates, which no clipboard accepts, replaced by question marks."""
    return text.encode("utf-8", "replace").decode("utf-8")
