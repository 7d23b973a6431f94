"""The legend of the token stream: each fate in its own colour and with its own cue, and how to read the x-ray."""

from PySide6.QtCore import QPoint, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from app import theme
from app.panels.stream.marks import tint
from app.panels.stream.painter import MARGIN, Placed, StreamPainter
from app.panels.stream.words import fate_meaning, fate_name
from app.theme import StreamFate
from app.widgets.labels import plain_label

_SHOWN: tuple[StreamFate, ...] = ("accepted", "correction", "bonus", "plain", "rejected", "untested")
_SPACING = theme.GRID + theme.HALF
_CHANCES = (0.1, 0.5, 1.0)


class Legend(QWidget):
    """Names each fate as it is painted, on as many lines as its width asks for."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.entries = [LegendEntry(fate, self) for fate in _SHOWN]
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """Room for all entries on one line."""
        width = sum(entry.width() + _SPACING for entry in self.entries) - _SPACING
        return QSize(width, self.heightForWidth(width))

    def minimumSizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """Room for the widest entry."""
        return QSize(max(entry.width() for entry in self.entries), self.entries[0].height())

    def heightForWidth(self, width: int) -> int:  # noqa: N802 (Qt's name)
        """The height of as many lines as that width asks for."""
        return self._places(width)[-1].y() + self.entries[-1].height()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        """Put the entries where there is room."""
        super().resizeEvent(event)
        for entry, place in zip(self.entries, self._places(self.width()), strict=True):
            entry.move(place)

    def _places(self, width: int) -> list[QPoint]:
        """Where the entries stand, line after line."""
        places, x, y = [], 0, 0
        for entry in self.entries:
            if x and x + entry.width() > width:
                x, y = 0, y + entry.height()
            places.append(QPoint(x, y))
            x += entry.width() + _SPACING
        return places


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
