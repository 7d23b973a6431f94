"""Legend of the token stream: each fate in its colour and with its cue, and a key to the X-ray bars."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPoint, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from app import theme
from app.panels.stream.marks import paint_controls, tint
from app.panels.stream.painter import MARGIN, PlacedSegment, StreamPainter
from app.panels.stream.words import control_meaning, control_name, fate_meaning, fate_name
from app.theme import StreamFate
from app.widgets.elided_label import ElidedLabel

_FATES: tuple[StreamFate, ...] = ("accepted", "unverified", "correction", "bonus", "plain", "rejected", "untested")
_ONLY_INSPECTED = ("plain", "rejected", "untested")
_SPACING = theme.GRID + theme.HALF
_SAMPLE_PROBS = (0.1, 0.5, 1.0)


class Legend(QWidget):
    """Shows each fate as it is painted, on as many lines as the width requires."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.fates = [LegendEntry(fate, self) for fate in _FATES]
        self.control = LegendEntry("prompt", self, control=True)
        self.control.hide()
        self._reading = self._has_control = self._has_unverified = self._tight = False
        self._entry("unverified").hide()
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    @property
    def entries(self) -> list["LegendEntry"]:
        """The entries on show."""
        return [entry for entry in (*self.fates, self.control) if not entry.isHidden()]

    @property
    def _possible(self) -> list["LegendEntry"]:
        """The entries of reading and inspecting, so that nothing moves between the two; where room is tight, those on
        show."""
        if self._tight:
            return self.entries
        fates = [entry for entry in self.fates if self._has_unverified or entry.fate != "unverified"]
        return [*fates, self.control] if self._has_control else fates

    def _entry(self, fate: StreamFate) -> "LegendEntry":
        return next(entry for entry in self.fates if entry.fate == fate)

    def show_unverified(self, shown: bool) -> None:
        """Explain the mark of tokens that a gate let through, where a run has any."""
        if shown != self._has_unverified:
            self._has_unverified = shown
            self._show_entries()

    def keep_room(self, kept: bool) -> None:
        """Choose whether room is kept for the entries that are shown at other times."""
        if self._tight == kept:
            self._tight = not kept
            self.updateGeometry()

    def show_control(self, shown: bool) -> None:
        """Explain how control tokens are marked, where the target has any."""
        if shown != self._has_control:
            self._has_control = shown
            self._show_entries()

    def show_as_text(self, reading: bool) -> None:
        """Show the cues of the text that is read, which has no ghosts, or those of tokens that are inspected."""
        self._reading = reading
        for entry in self.fates:
            entry.show_as_text(reading)
        self._show_entries()

    def _show_entries(self) -> None:
        for entry in self.fates:
            lacking = entry.fate == "unverified" and not self._has_unverified
            entry.setVisible(not lacking and not (self._reading and entry.fate in _ONLY_INSPECTED))
        self.control.setVisible(self._has_control)
        self.updateGeometry()
        self._place()

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """Size of all entries on one line."""
        width = sum(entry.width() + _SPACING for entry in self._possible) - _SPACING
        return QSize(width, self._possible[0].height())

    def minimumSizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """Size of the widest entry."""
        return QSize(max(entry.width() for entry in self._possible), self._possible[0].height())

    def heightForWidth(self, width: int) -> int:  # noqa: N802 (Qt's name)
        """The height of as many lines as the width requires."""
        return self._positions(self._possible, width)[-1].y() + self._possible[-1].height()

    def event(self, event: QEvent) -> bool:
        """Lay out entries whose sizes have changed with the font."""
        if event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
            self._place()
        return super().event(event)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        """Lay out the entries for the new width."""
        super().resizeEvent(event)
        self._place()

    def _place(self) -> None:
        for entry, position in zip(self.entries, self._positions(self.entries, self.width()), strict=True):
            entry.move(position)

    def _positions(self, entries: Sequence["LegendEntry"], width: int) -> list[QPoint]:
        """The positions of entries, line by line."""
        positions, x, y = [], 0, 0
        for entry in entries:
            if x and x + entry.width() > width:
                x, y = 0, y + entry.height()
            positions.append(QPoint(x, y))
            x += entry.width() + _SPACING
        return positions


class LegendEntry(QWidget):
    """The name of a fate, painted like a token of that fate; control: that of control tokens, painted like one."""

    def __init__(self, fate: StreamFate, parent: QWidget, *, control: bool = False) -> None:
        super().__init__(parent)
        self.fate, self._control = fate, control
        self._name = control_name() if control else fate_name(fate)
        self._fit()
        meaning = control_meaning() if control else fate_meaning(fate)
        self.setToolTip(meaning)
        self.setAccessibleName(self._name)
        self.setAccessibleDescription(meaning)

    def show_as_text(self, reading: bool) -> None:
        """Paint the cue of a text that is read, or that of a token that is inspected."""
        self._painter.reading = reading
        self.update()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        """Follow the system font."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            reading = self._painter.reading
            self._fit()
            self._painter.reading = reading

    def _fit(self) -> None:
        self._painter = StreamPainter(self.font(), 1 / theme.STREAM_SCALE)
        self._width = self._painter.measure(self._name, self.fate == "correction")
        self.setFixedSize(self.sizeHint())

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """The size of the name, with space for the cues."""
        return QSize(round(self._width) + 3, self._painter.line_height)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        """Paint the name as a token."""
        painter = QPainter(self)
        placed = [PlacedSegment(1.0, self._painter.rise, self._width, self._name, 0)]
        if self._control:
            paint_controls(painter, self._painter, placed)
        self._painter.paint(painter, self.fate, placed)
        painter.end()


class _BarKey(QWidget):
    """Sample bars, and a line that says what they show."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._label = ElidedLabel(self, role="muted")
        row = QHBoxLayout(self)
        row.setContentsMargins(MARGIN, theme.HALF, theme.GRID, 0)
        row.setSpacing(theme.GRID)
        for prob in _SAMPLE_PROBS:
            row.addWidget(_XRaySample(prob, self))
        row.addWidget(self._label, 1)

    def _say(self, text: str, tip: str) -> None:
        self._label.setText(text)
        self._label.setToolTip(f"{text}. {tip}")


class GateKey(_BarKey):
    """Explains the bars of the gate."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.explain(None)

    def explain(self, threshold: float | None) -> None:
        """Say what the bars show, and where the tick stands."""
        text = self.tr("Gate: the longer the bar, the likelier the gate holds the token to be accepted")
        if threshold is not None:
            text = self.tr("{0}; tick at the threshold {1:g}").format(text, threshold)
        self._say(
            text, self.tr("A bar that ends before the tick belongs to a token at which the gate ended the draft.")
        )


class XRayKey(_BarKey):
    """Explains the bars of the X-ray."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.explain(greedy=True)

    def explain(self, *, greedy: bool) -> None:
        """Say what the bars of a greedy or a sampled run show."""
        if greedy:
            text = self.tr("X-ray: the longer the bar, the more probable the target found the token (p)")
            tip = self.tr("In a greedy run the target's first choice is kept; p says how sure it was.")
        else:
            text = self.tr("X-ray: the longer the bar, the likelier the token was to be accepted (min(1, p/q))")
            tip = self.tr("Sampling accepts a token with the probability min(1, p/q), target over drafter.")
        self._say(text, tip)


class _XRaySample(QWidget):
    """A sample bar with its value."""

    def __init__(self, prob: float, parent: QWidget) -> None:
        super().__init__(parent)
        self._prob = prob
        self.setAccessibleName(f"{prob:.1f}")
        self.setFixedSize(4 * theme.GRID, self.fontMetrics().height() + theme.GRID)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        """Paint the value and the bar below it."""
        painter = QPainter(self)
        painter.setPen(self.palette().windowText().color())
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop, f"{self._prob:.1f}")
        bottom, width = float(self.height()), float(self.width())
        painter.fillRect(QRectF(0, bottom - 1, width, 1), tint(0.0))
        painter.fillRect(QRectF(0, bottom - 4, width * self._prob, 4), tint(self._prob))
        painter.end()
