"""Panel that replays the run on show: play, speed, and a slider over its rounds."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QAction, QMouseEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QSizePolicy, QSlider, QStyle, QToolButton, QWidget

from app import theme
from app.panel import Panel
from app.state.playback import SPEEDS
from app.state.store import RunStore
from app.widgets.labels import SteadyLabel
from app.widgets.steady_button import SteadyButton
from engine.events import Event
from engine.runs.summary import Summary

_PAGES = 20
_LONG_RUN = 2000
_COALESCE_MS = 120


class _JumpSlider(QSlider):
    """Jumps to a click instead of moving one page towards it."""

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        """Jump first, so that the handle is under the pointer and can be dragged from there."""
        if event.button() == Qt.MouseButton.LeftButton:
            at = round(event.position().x())
            self.setValue(QStyle.sliderValueFromPosition(self.minimum(), self.maximum(), at, max(1, self.width())))
        super().mousePressEvent(event)


class TransportPanel(Panel):
    """Its controls are enabled once there is a finished run."""

    every_ms = 33

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self.button = SteadyButton((self.tr("Replay"), self.tr("Hold")), self)
        self.button.setToolTip(self.tr("Show the run again as it came, or hold the replay (Ctrl+R)"))
        self.button.clicked.connect(self.toggle)
        self.speed = QComboBox(self)
        self.speed.setAccessibleName(self.tr("Speed of the replay"))
        self.speed.setToolTip(self.tr("1× is the speed that was measured."))
        for speed in SPEEDS:
            self.speed.addItem(f"{speed:g}×", speed)
        self.speed.setCurrentIndex(SPEEDS.index(1.0))
        self.speed.currentIndexChanged.connect(self._on_speed)
        self.slider = _JumpSlider(Qt.Orientation.Horizontal, self)
        self.slider.setAccessibleName(self.tr("Place in the run"))
        self.slider.setToolTip(self.tr("Drag, or use the arrow keys, to see the run as it was after any round."))
        self.slider.valueChanged.connect(self._on_slider)
        self._seek_timer = QTimer(self)
        self._seek_timer.setSingleShot(True)
        self._seek_timer.setInterval(_COALESCE_MS)
        self._seek_timer.timeout.connect(self._seek)
        self.place = SteadyLabel(self.tr("round {0:,} of {1:,}").format(10**6, 10**6), self, role="muted")
        row = QHBoxLayout(self)
        row.setContentsMargins(2 * theme.GRID, theme.HALF, theme.GRID, theme.HALF)
        row.setSpacing(theme.GRID)
        for widget in (self.button, self.speed):
            row.addWidget(widget)
        row.addWidget(self.slider, 1)
        row.addWidget(self.place)
        self._row = row
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Update the button, the slider and the place in the run."""
        history = self.store.history
        playing = self.store.replay.playing
        for control in (self.button, self.speed, self.slider):
            control.setEnabled(self.store.replay.possible)
        if not self.store.replay.possible:
            self.place.show_text("")
            return
        self.button.show_text(self.tr("Hold") if playing else self.tr("Replay"))
        n_rounds = 0 if history.shown is None else history.shown.summary.n_rounds
        self.place.show_text(self.tr("round {0:,} of {1:,}").format(summary.n_rounds, n_rounds) if n_rounds else "")
        if self.slider.maximum() != n_rounds:
            self.slider.setMaximum(n_rounds)
            self.slider.setPageStep(max(1, n_rounds // _PAGES))
        if not self.slider.isSliderDown() and not self._seek_timer.isActive():
            self.slider.setSliderPosition(summary.n_rounds)

    def add_switch(self, action: QAction) -> None:
        """Add a switch at the end of the row, which stays usable without a run."""
        button = QToolButton(self.parentWidget())
        button.setDefaultAction(action)
        button.setProperty("role", "segment")
        self._row.addWidget(button)

    def toggle(self) -> None:
        """Start or hold the replay."""
        if not self.store.replay.playing:
            self.store.play(float(self.speed.currentData()))
        else:
            self.store.stop_playback()

    def _on_slider(self, n_rounds: int) -> None:
        """Seek at once in a short run, but not at every pixel in a long one: going back replays it from its start."""
        if n_rounds == self.store.summary.n_rounds:
            return
        if self.slider.maximum() < _LONG_RUN:
            self._seek()
        elif not self._seek_timer.isActive():
            self._seek_timer.start()

    def _seek(self) -> None:
        shown = self.store.history.shown
        if shown is not None:
            self.store.seek(shown.event_after(self.slider.value()))

    def _on_speed(self) -> None:
        self.store.replay.set_speed(float(self.speed.currentData()))
