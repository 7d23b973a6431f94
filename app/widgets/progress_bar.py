"""A progress bar that is painted with the next frame; Qt's own repaints the whole window for every new value."""

from PySide6.QtWidgets import QProgressBar, QWidget

_STEPS = 1000


class CalmProgressBar(QProgressBar):
    """Shows a share of a total; a total of 0 means that the total is unknown."""

    def __init__(self, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setTextVisible(False)
        self.setAccessibleName(name)
        self.setRange(0, _STEPS)

    def show_share(self, done: float, total: float) -> None:
        """Move to `done` of `total`."""
        value = min(_STEPS, max(0, round(_STEPS * done / total))) if total else 0
        steps = _STEPS if total else 0
        if (value, steps) == (self.value(), self.maximum()):
            return
        self.setUpdatesEnabled(False)
        self.setRange(0, steps)
        self.setValue(value)
        self.setUpdatesEnabled(True)
