"""The legend of the token stream: each fate in its own colour and with its own cue, and how to read the x-ray."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from app import theme
from app.labels import plain_label
from app.panels.stream_marks import tint
from app.panels.stream_painter import MARGIN, Placed, StreamPainter
from app.panels.stream_words import fate_meaning, fate_name
from app.theme import StreamFate

_SHOWN: tuple[StreamFate, ...] = ("accepted", "correction", "bonus", "plain", "rejected", "untested")
_CHANCES = (0.1, 0.5, 1.0)


class Legend(QWidget):
    """Names each fate as it is painted. A narrow window cuts it at the end, and nothing is pushed together."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._entries = QWidget(self)
        row = QHBoxLayout(self._entries)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.GRID + theme.HALF)
        for fate in _SHOWN:
            row.addWidget(LegendEntry(fate, self._entries))
        self._entries.adjustSize()
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """Room for all entries."""
        return self._entries.size()


class LegendEntry(QWidget):
    """One fate, painted by the painter of the stream."""

    def __init__(self, fate: StreamFate, parent: QWidget) -> None:
        super().__init__(parent)
        self._fate = fate
        self._ink = StreamPainter(self.font(), 1 / theme.STREAM_SCALE)
        self._width = self._ink.measure(fate_name(fate), fate == "correction")
        self.setToolTip(fate_meaning(fate))
        self.setAccessibleName(fate_name(fate))
        self.setAccessibleDescription(fate_meaning(fate))
        self.setFixedSize(self.sizeHint())

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """As wide as its name, with room for the cues."""
        return QSize(round(self._width) + 2, self._ink.line_height)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        """Paint the name as a token."""
        painter = QPainter(self)
        self._ink.paint(painter, self._fate, [Placed(0.0, self._ink.rise, self._width, fate_name(self._fate), 0)])
        painter.end()


class XRayKey(QWidget):
    """Says what the bars of the x-ray mean."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        words = plain_label(
            self.tr("X-ray: the longer and stronger the bar, the likelier the token was to be accepted"),
            self,
            role="muted",
        )
        words.setToolTip(
            self.tr(
                "Sampling: min(1, p/q), target over drafter. Greedy: full for the target's first choice, else none."
            )
        )
        words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        row = QHBoxLayout(self)
        row.setContentsMargins(MARGIN, theme.HALF, theme.GRID, 0)
        row.setSpacing(theme.GRID)
        for chance in _CHANCES:
            row.addWidget(_XRaySample(chance, self))
        row.addWidget(words, 1)


class _XRaySample(QWidget):
    """One bar with its value."""

    def __init__(self, chance: float, parent: QWidget) -> None:
        super().__init__(parent)
        self._chance = chance
        self.setAccessibleName(f"{chance:.1f}")
        self.setFixedSize(4 * theme.GRID, self.fontMetrics().height() + theme.GRID)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        """Paint the value and the bar under it."""
        painter = QPainter(self)
        painter.setPen(self.palette().windowText().color())
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop, f"{self._chance:.1f}")
        bottom, width = float(self.height()), float(self.width())
        painter.fillRect(QRectF(0, bottom - 1, width, 1), tint(0.0))
        painter.fillRect(QRectF(0, bottom - 4, width * self._chance, 4), tint(self._chance))
        painter.end()
