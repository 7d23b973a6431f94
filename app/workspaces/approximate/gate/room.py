"""Connects the panels of the gate with the setup, the files of gates, and the measurement of one threshold."""

from msgspec.structs import replace
from PySide6.QtCore import QObject, Signal

from app.state.store import RunStore
from app.workspaces.approximate.gate import figures
from app.workspaces.approximate.gate.known import GateFinder, KnownGate
from app.workspaces.approximate.gate.roc_panel import RocPanel
from app.workspaces.approximate.gate.threshold_panel import ThresholdPanel
from app.workspaces.approximate.record import SettingPick
from app.workspaces.approximate.setup import ApproximateSetupPanel
from app.workspaces.approximate.state import ThresholdProgress
from engine.commands import MeasureThresholds


class GateRoom(QObject):
    """roc, at_threshold: its panels, for the tab to place. `threshold_chosen`: the point was let go of, or Enter was
    pressed; the setup has the threshold then."""

    threshold_chosen = Signal(float)

    def __init__(self, store: RunStore, setup: ApproximateSetupPanel, parent: QObject) -> None:
        super().__init__(parent)
        self._store, self._setup = store, setup
        self._finder = GateFinder(self)
        self.roc = RocPanel(store)
        self.at_threshold = ThresholdPanel(store)
        self._finder.found.connect(self._state.take_gate)
        self.roc.threshold_moved.connect(self._state.look_at)
        self.roc.threshold_settled.connect(setup.show_threshold)
        self.roc.threshold_chosen.connect(self._on_chosen)
        self.roc.measure_asked.connect(self.measure)
        for plane in (self.roc.roc.plane, self.at_threshold.reliability.plane):
            plane.exported.connect(lambda path: store.tell(self.tr("exported to {0}").format(path)))

    @property
    def _state(self) -> ThresholdProgress:
        return self._store.tab(ThresholdProgress)

    @property
    def busy(self) -> bool:
        """Whether the gate is still being looked for."""
        return self._finder.busy

    def follow(self, *, again: bool = False) -> None:
        """Take over what is chosen in the setup. again: read the gate's file even if the same one is chosen."""
        state, choice = self._state, self._setup.gate_choice()
        self._allow()
        named = (choice.target, choice.drafter, choice.name)
        if again or named != (state.choice.target, state.choice.drafter, state.choice.name):
            if named != (state.choice.target, state.choice.drafter, state.choice.name):
                state.take_gate(KnownGate())
            self._finder.look(choice)
        if choice != state.choice:
            state.choice = choice
            self._store.changed.emit()
        if not self.roc.roc.dragging:
            state.look_at(self._setup.threshold)

    def pause(self) -> None:
        """Take in nothing while the tab is hidden; it is looked for again when it is shown."""
        self._finder.pause()

    def close(self) -> None:
        """Wait for what is being read."""
        self._finder.close()

    # Measuring one threshold

    def why_not_measure(self) -> str:
        """Why the threshold cannot be measured now; empty where it can."""
        return self._setup.why_not() or self._store.may_start()

    def measure(self) -> None:
        """Measure the threshold of the setup: beside the sweep on show where only the threshold is another one."""
        if self.why_not_measure():
            return
        pair, command, state = self._setup.pair(), self._command(), self._state
        if state.continues(pair, command):
            state.begin_alone(pair, command)
        else:
            state.begin(pair, replace(command, weights=(), leniences=()))

    def measure_chosen(self, threshold: float) -> None:
        """Measure a threshold that was let go of, unless that is known, or would take the place of another sweep."""
        state, pick = self._state, SettingPick("sprinter", threshold)
        card, row = state.gate.card, state.rows.get(pick)
        if row is not None and (card is None or figures.is_of(row, card)):
            state.choose(pick)
            return
        if self.why_not_measure() or self._store.engine.model is None:
            return
        if not state.rows or state.continues(self._setup.pair(), self._command()):
            self.measure()

    def _command(self) -> MeasureThresholds:
        command = self._setup.command()
        return replace(command, thresholds=(self._setup.threshold,))

    def _on_chosen(self, threshold: float) -> None:
        self._setup.show_threshold(threshold)
        self._state.look_at(threshold)
        self.threshold_chosen.emit(threshold)

    def _allow(self) -> None:
        tip = self.tr("Measure this threshold on new prompts, beside plain decoding and exact speculation")
        self.roc.allow_measure(self.why_not_measure(), tip)

    def allow(self) -> None:
        """Follow whether work may begin."""
        self._allow()
