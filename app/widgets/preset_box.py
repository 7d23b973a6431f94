"""A list of presets that follows the values of the form."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from app.choices import presets
from app.choices.presets import Preset, PresetName
from app.widgets.steady_box import SteadyBox


class PresetBox(SteadyBox):
    """`chosen`: a preset is to be applied."""

    chosen = Signal(object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        for name, title in self._titles().items():
            self.addItem(title, name)
        self.setAccessibleName(self.tr("Preset"))
        self.setToolTip(self.tr("Settings to begin with; Custom once they are none of these."))
        self.activated.connect(self._emit_preset)

    def show_preset(self, name: PresetName) -> None:
        """Show the preset that the current settings match."""
        self.setCurrentIndex(self.findData(name))

    def pick(self, name: PresetName) -> None:
        """Choose a preset as if its row were clicked."""
        self._emit_preset(self.findData(name))

    def _emit_preset(self, index: int) -> None:
        preset: Preset | None = presets.find(self.itemData(index))
        self.chosen.emit(preset)

    def _titles(self) -> dict[PresetName, str]:
        return {
            "greedy": self.tr("Greedy"),
            "sampling": self.tr("Sampling, T 0.8, top-p 0.95"),
            "long_draft": self.tr("Long draft, γ 8"),
            "short_draft": self.tr("Short draft, γ 2"),
            "plain": self.tr("Plain decoding"),
            "custom": self.tr("Custom"),
        }
