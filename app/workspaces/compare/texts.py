"""Panel with the texts that the lanes wrote for one prompt, side by side, their differences marked."""

from collections.abc import Mapping, Sequence
from time import perf_counter

from PySide6.QtCore import QEvent, QSettings, Qt, QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from app import theme
from app.panel import Panel
from app.panels.stream import accessible
from app.state.store import RunStore
from app.text.plain_text import one_line, plain_tip
from app.widgets.labels import ElasticLine, plain_label
from app.widgets.permission import allow
from app.widgets.steady_box import SteadyBox
from app.words import ratings
from app.workspaces.compare.comparing import ComparingProgress
from app.workspaces.compare.differences import divergence
from app.workspaces.compare.lane_text import LaneText
from app.workspaces.compare.record import AskedTurn, ComparisonRecord
from engine.events import PLAIN_LANE, Event, GenerationMeasured
from engine.runs.summary import Summary
from engine.store.blind_rating import counts

_MOST_COLUMNS = 8
_SLICE_S = 0.002
_LONGEST_ENTRY = 60


class TextsPanel(Panel):
    """Plain decoding comes first, then the chosen lane; all scroll in step."""

    every_ms = 250

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        accessible.install()
        self._number = -1
        self._n_listed = self._n_wanted = 0
        self.columns: list[LaneText] = []
        self.turns = SteadyBox(self)
        self.turns.setMinimumContentsLength(16)
        self.turns.setAccessibleName(self.tr("Prompt whose texts are shown"))
        self.turns.activated.connect(self._on_turn)
        self.next = QPushButton(self.tr("Next difference"), self)
        self.next.clicked.connect(self.next_difference)
        self.ghosts = QCheckBox(self.tr("Rejected tokens"), self)
        self.ghosts.setToolTip(self.tr("Show what was drafted and not kept, struck through"))
        self.ghosts.toggled.connect(self._show_ghosts)
        self.prompt = ElasticLine(self, role="muted")
        self.rated = ElasticLine(self)
        self.rated.setAccessibleName(self.tr("How the texts were rated"))
        self.empty = plain_label(
            self.tr("What each lane writes for a prompt appears here side by side; the first difference is framed."),
            self, role="muted", wraps=True,
        )  # fmt: skip
        self.empty.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._timer = QTimer(self)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._add_some)
        self._lay_out()
        self.draw((), store.summary)

    @property
    def loading(self) -> bool:
        """Whether texts are still being laid out."""
        return len(self.columns) < self._n_wanted or any(column.loading for column in self._shown())

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """List new prompts, and show the texts of the chosen one."""
        comparing = self.store.tab(ComparingProgress)
        record = comparing.record
        if record.number != self._number:
            self._number, self._n_listed = record.number, 0
            self.turns.clear()
        self._list_turns(record)
        turn = comparing.turn
        self.empty.setVisible(turn is None)
        self.area.setVisible(turn is not None)
        self._show_turn(record, turn, comparing.lane)
        rated = [f"{ratings.in_a_line(each)}. {ratings.preference(each)}" for each in counts(record.ratings)]
        self.rated.show_text(self.tr("Rated blind: {0}").format("   ".join(rated)) if rated else "")
        self.rated.setVisible(bool(rated))
        why_not = "" if record.differing else self.tr("no text differs from the plain one")
        allow(self.next, why_not, self.tr("Go to the next prompt whose texts differ"))

    def next_difference(self) -> None:
        """Go to the next prompt whose texts differ, and in it to the difference."""
        comparing = self.store.tab(ComparingProgress)
        turn = self._next_differing(comparing.record, comparing.turn)
        if turn is None:
            return
        comparing.choose_turn(turn)
        self.refresh()
        while self.loading:
            self._add_some()
        differing = [(place, column) for column in self._shown() if (place := column.go_to_difference()) is not None]
        if differing:
            place, column = min(differing, key=lambda entry: entry[0])
            self._follow(place, None)
            self.area.ensureWidgetVisible(column)

    def save(self, settings: QSettings) -> None:
        """Save whether rejected tokens are shown."""
        settings.setValue("compare/ghosts", self.ghosts.isChecked())

    def restore(self, settings: QSettings) -> None:
        """Restore whether rejected tokens are shown."""
        self.ghosts.setChecked(bool(settings.value("compare/ghosts", False, type=bool)))

    # The list of prompts

    def _list_turns(self, record: ComparisonRecord) -> None:
        turns = list(record.texts)
        if len(turns) > self._n_listed:
            self.turns.addItems([_entry(record, turn) for turn in turns[self._n_listed :]])
            self._n_listed = len(turns)
        turn = self.store.tab(ComparingProgress).turn
        at = -1 if turn is None else turns.index(turn)
        if at != self.turns.currentIndex():
            self.turns.setCurrentIndex(at)
        self.turns.setEnabled(bool(turns))
        self.turns.setToolTip(plain_tip(self.turns.currentText()))

    def _on_turn(self, index: int) -> None:
        comparing = self.store.tab(ComparingProgress)
        comparing.choose_turn(list(comparing.record.texts)[index])

    def _next_differing(self, record: ComparisonRecord, turn: AskedTurn | None) -> AskedTurn | None:
        """The next prompt with a text that differs, the one on show last."""
        turns = list(record.texts)
        start = 0 if turn is None else turns.index(turn) + 1
        return next((other for other in (*turns[start:], *turns[:start]) if other in record.differing), None)

    # The columns

    def _shown(self) -> list[LaneText]:
        return [column for column in self.columns if not column.isHidden()]

    def _show_turn(self, record: ComparisonRecord, turn: AskedTurn | None, chosen: str) -> None:
        texts = {} if turn is None else record.texts[turn]
        prompt = None if turn is None else record.prompt(turn)
        self.prompt.show_text("" if prompt is None or turn is None else one_line(prompt.turns[turn.turn], longest=600))
        order = [lane.name for lane in record.lanes if lane.name in texts]
        order.sort(key=lambda name: (name != PLAIN_LANE, name != chosen, not _lane_differs(texts, name)))
        lanes = order[:_MOST_COLUMNS]
        if self._missing(lanes):
            self._add_column()
        for column, lane in zip(self.columns, lanes, strict=False):
            column.show_text(lane, record.mark(lane), texts[lane], texts.get(PLAIN_LANE))
        for place, column in enumerate(self.columns):
            column.setVisible(place < len(lanes))
        if self.isVisible() and (self.loading or self._missing(lanes)):
            self._timer.start()

    def _missing(self, lanes: Sequence[str]) -> bool:
        """Whether there are fewer columns than lanes: they are made one in a slot, as each takes milliseconds."""
        self._n_wanted = len(lanes)
        return len(self.columns) < self._n_wanted

    def _add_column(self) -> None:
        column = LaneText(self)
        column.view.show_as_text(not self.ghosts.isChecked())
        column.scrolled.connect(lambda n_chars, column=column: self._follow(n_chars, column))
        self.columns.append(column)
        self._row.addWidget(column, 1)

    def _follow(self, n_chars: int, leader: LaneText | None) -> None:
        """Let every other column show the same place of the text."""
        for column in self._shown():
            if column is not leader:
                column.follow(n_chars)

    def _add_some(self) -> None:
        """Lay out texts for a few milliseconds; the timer continues with the rest."""
        until = perf_counter() + _SLICE_S
        if len(self.columns) < self._n_wanted:
            self.refresh()
            return
        for column in self._shown():
            if column.loading:
                column.add_some(until)
                if perf_counter() >= until:
                    break
        if not self.loading:
            self._timer.stop()

    def _show_ghosts(self, shown: bool) -> None:
        for column in self.columns:
            column.view.show_as_text(not shown)

    # Qt

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 (Qt's name)
        """Continue to lay out texts."""
        super().showEvent(event)
        if self.loading:
            self._timer.start()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 (Qt's name)
        """Lay out nothing while hidden."""
        self._timer.stop()
        super().hideEvent(event)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        """Follow the colour scheme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "columns"):
            record = self.store.tab(ComparingProgress).record
            for column in self.columns:
                column.recolour(record.mark(column.lane))

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(theme.GRID)
        head.addWidget(plain_label(self.tr("Texts"), self, role="title"))
        head.addWidget(self.turns, 1)
        head.addWidget(self.next)
        head.addWidget(self.ghosts)
        inner = QWidget(self)
        self._row = QHBoxLayout(inner)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(theme.GRID)
        self.area = QScrollArea(self)
        self.area.setWidget(inner)
        self.area.setWidgetResizable(True)
        self.area.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.GRID, theme.GRID, theme.GRID, 0)
        column.setSpacing(theme.HALF)
        column.addLayout(head)
        column.addWidget(self.prompt)
        column.addWidget(self.rated)
        column.addWidget(self.empty, 1)
        column.addWidget(self.area, 1)


def _entry(record: ComparisonRecord, turn: AskedTurn) -> str:
    """A prompt in the list: its number, category and beginning."""
    prompt = record.prompt(turn)
    assert prompt is not None
    number = f"{turn.prompt + 1}" if len(prompt.turns) == 1 else f"{turn.prompt + 1}.{turn.turn + 1}"
    category = one_line(prompt.category, longest=20)
    return " · ".join(filter(None, (number, category, one_line(prompt.turns[turn.turn], longest=_LONGEST_ENTRY))))


def _lane_differs(texts: Mapping[str, GenerationMeasured], lane: str) -> bool:
    return lane != PLAIN_LANE and divergence(texts[lane], texts.get(PLAIN_LANE)) is not None
