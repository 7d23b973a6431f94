"""A line of text made of parts: parts that do not fit whole are left out and stand in the tooltip."""

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app import theme
from app.text.plain_text import plain_tip
from app.widgets.labels import Role

SEPARATOR = " · "
# How far a line may shrink: still readable from the middle of a room.
_SMALLER = 0.9, 0.8, 0.7


def fitting(parts: Sequence[str], metrics: QFontMetrics, width: int) -> str:
    """As many whole parts from the first on as fit; the first is cut with an ellipsis if need be."""
    parts = [part for part in parts if part]
    if not parts:
        return ""
    for n in range(len(parts), 0, -1):
        text = SEPARATOR.join(parts[:n])
        if metrics.horizontalAdvance(text) <= width:
            return text
    return metrics.elidedText(parts[0], Qt.TextElideMode.ElideRight, width)


def largest_fitting(fonts: Sequence[QFont], text: str, width: int) -> QFont:
    """The first of these fonts, largest first, in which a text fits; the last one where it fits in none."""
    return next((font for font in fonts if QFontMetrics(font).horizontalAdvance(text) <= width), fonts[-1])


class PartsLine(QWidget):
    """One line; the font is set by `set_font`, the height follows it. shrinks: its letters become smaller, before a
    part is left out."""

    def __init__(self, name: str, parent: QWidget, *, align_right: bool = False, shrinks: bool = False) -> None:
        super().__init__(parent)
        self._shrinks = shrinks
        self._parts: tuple[str, ...] = ()
        self._role: Role = "normal"
        self._align = Qt.AlignmentFlag.AlignVCenter | (
            Qt.AlignmentFlag.AlignRight if align_right else Qt.AlignmentFlag.AlignLeft
        )
        self._align_right = align_right
        self.opacity = 1.0
        self.setAccessibleName(name)
        self.setSizePolicy(
            QSizePolicy.Policy.Maximum if align_right else QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed
        )

    @property
    def parts(self) -> tuple[str, ...]:
        """All parts, also those that do not fit."""
        return self._parts

    def show_parts(self, parts: Sequence[str], role: Role = "normal") -> None:
        """Set the parts, the most important first."""
        parts = tuple(part for part in parts if part)
        if (parts, role) == (self._parts, self._role):
            return
        self._parts, self._role = parts, role
        self.setAccessibleDescription(SEPARATOR.join(parts))
        self.setToolTip(plain_tip("\n".join(parts)))
        self.updateGeometry()
        self.update()

    def set_font(self, font: QFont) -> None:
        """Set the font."""
        self.setFont(font)
        self.updateGeometry()

    def fade(self, opacity: float) -> None:
        """Let the text fade into its background."""
        if opacity != self.opacity:
            self.opacity = opacity
            self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """All parts on one line."""
        width = self.fontMetrics().horizontalAdvance(SEPARATOR.join(self._parts)) + 2
        return QSize(width if self._align_right else 0, self.fontMetrics().height())

    def minimumSizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """One line high, of any width."""
        return QSize(0, self.fontMetrics().height())

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        """Draw the parts that fit."""
        c = theme.current()
        colour = {"normal": c.text, "muted": c.muted, "title": c.muted, "good": c.good, "bad": c.bad}[self._role]
        painter = QPainter(self)
        font = self.shown_font()
        painter.setFont(font)
        painter.setPen(theme.blend(QColor(colour), QColor(c.base), self.opacity))
        painter.drawText(self.rect(), self._align, fitting(self._parts, QFontMetrics(font), self.width()))
        painter.end()

    def shown_font(self) -> QFont:
        """The font that it is painted with: the largest in which every part fits, as far as it may shrink."""
        scales = _SMALLER if self._shrinks else ()
        return largest_fitting(
            (self.font(), *(theme.scaled(self.font(), scale) for scale in scales)),
            SEPARATOR.join(self._parts),
            self.width(),
        )
