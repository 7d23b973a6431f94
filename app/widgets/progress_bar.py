"""A progress bar that is painted with the next frame, and moves while its end is unknown.

Qt's own repaints the whole window for every new value, and looks full while its end is unknown."""

from time import monotonic

from PySide6.QtCore import QRectF, Qt, QTimer
from PySide6.QtGui import QColor, QHideEvent, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QProgressBar, QWidget

from app import theme
from engine.events import Progressed

_STEPS = 1000
# The moving part: its share of the bar, the time for a way there and back, and how often it is painted.
_SHARE, _PERIOD_S, _MOVE_MS = 0.3, 2.4, 66


class CalmProgressBar(QProgressBar):
    """Shows a share of a total; a total of 0 means that the total is unknown."""

    def __init__(self, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setTextVisible(False)
        self.setAccessibleName(name)
        self.setRange(0, _STEPS)
        self._timer = QTimer(self)
        self._timer.setInterval(_MOVE_MS)
        self._timer.timeout.connect(self.update)

    @property
    def moving(self) -> bool:
        """Whether it moves, because its end is unknown."""
        return self._timer.isActive()

    def show_progress(self, at: Progressed | None) -> None:
        """Move to where work is; None: nothing is known of it."""
        self.show_share(*((0.0, 0.0) if at is None else (at.done, at.total)))

    def show_share(self, done: float, total: float) -> None:
        """Move to `done` of `total`."""
        value = min(_STEPS, max(0, round(_STEPS * done / total))) if total else 0
        steps = _STEPS if total else 0
        if (value, steps) != (self.value(), self.maximum()):
            self.setUpdatesEnabled(False)
            self.setRange(0, steps)
            self.setValue(value)
            self.setUpdatesEnabled(True)
        self._follow()

    def moving_part(self, now_s: float) -> QRectF:
        """Where the moving part is at a time: it goes from end to end and back."""
        phase = 2 * (now_s % _PERIOD_S) / _PERIOD_S
        place, width = min(phase, 2 - phase), self.width() * _SHARE
        return QRectF((self.width() - width) * place, 0, width, self.height())

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        """Paint the groove, and the part that is done or moves."""
        whole = QRectF(self.rect())
        done = QRectF(0, 0, self.width() * self.value() / max(1, self.maximum()), self.height())
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        for part, colour in (
            (whole, theme.current().line),
            (done if self.maximum() else self.moving_part(monotonic()), theme.current().accent),
        ):
            painter.setBrush(QColor(colour))
            painter.drawRoundedRect(part, theme.HALF, theme.HALF)
        painter.end()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 (Qt's name)
        """Move while visible."""
        super().showEvent(event)
        self._follow()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 (Qt's name)
        """Move no more."""
        super().hideEvent(event)
        self._follow()

    def _follow(self) -> None:
        """Start or stop moving."""
        moves = self.maximum() == 0 and self.isVisible()
        if moves != self._timer.isActive():
            self._timer.start() if moves else self._timer.stop()
