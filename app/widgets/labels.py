"""Labels that show text from models, prompts and files as plain text and never interpret it."""

from collections.abc import Sequence
from typing import Literal, TypeAlias

from PySide6.QtCore import QCoreApplication, QEvent, QSize, Qt
from PySide6.QtGui import QAction, QFontMetrics, QGuiApplication, QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from app import theme
from app.text.plain_text import elide_mode, plain_tip

Role: TypeAlias = Literal["normal", "muted", "good", "bad", "title"]


def plain_label(text: str, parent: QWidget, *, role: Role = "normal", wraps: bool = False) -> QLabel:
    """A label of plain text; wraps: it may be as narrow as its column."""
    label = QLabel(parent)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setText(text)
    label.setFont(theme.tabular(label.font()))
    label.setWordWrap(wraps)
    if wraps:
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        label.setSizePolicy(policy)
    label.setProperty("role", role)
    return label


class SteadyLabel(QLabel):
    """A label of plain text that keeps the size its widest text needs.

    If its size changed with its text, Qt would lay out and paint the whole window again at every change."""

    def __init__(self, widest: str, parent: QWidget, *, role: Role = "normal") -> None:
        super().__init__(parent)
        self._widest = widest
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setFont(theme.tabular(self.font()))
        self.setProperty("role", role)
        self._fit()

    def show_text(self, text: str) -> None:
        """Set the text if it differs."""
        if text != self.text():
            self.setText(text)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        """Follow the system font."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._fit()

    def _fit(self) -> None:
        self.setFixedSize(self.fontMetrics().horizontalAdvance(self._widest) + 1, self.fontMetrics().height())


class ElasticLine(QWidget):
    """One line of plain text that takes the width there is and is cut to it; its size never follows its text.

    Where it does not fit, the longest of its shorter versions that does is shown, if there are any. Its context menu
    copies all of the text."""

    def __init__(self, parent: QWidget, *, role: Role = "normal", strong: bool = False) -> None:
        super().__init__(parent)
        self._text = ""
        self._shorter: tuple[str, ...] = ()
        self._label = plain_label("", self, role=role)
        if strong:
            font = self._label.font()
            font.setBold(True)
            self._label.setFont(font)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        copy = QAction(QCoreApplication.translate("labels", "Copy text"), self)
        copy.triggered.connect(lambda _checked=False: QGuiApplication.clipboard().setText(self._text))
        self.addAction(copy)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)

    def text(self) -> str:
        """The full text."""
        return self._text

    def show_text(self, text: str, *shorter: str) -> None:
        """Set the text if it differs, and versions of it that say less, the longest first."""
        if (text, shorter) != (self._text, self._shorter):
            self._text, self._shorter = text, shorter
            self._elide()

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """One line high."""
        return QSize(0, self.fontMetrics().height())

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        """Cut the text to the new width."""
        super().resizeEvent(event)
        self._label.setGeometry(self.rect())
        self._elide()

    def _elide(self) -> None:
        shown = fitted((self._text, *self._shorter), self._label.fontMetrics(), self.width())
        self._label.setText(shown)
        self.setToolTip(plain_tip(self._text) if shown != self._text else "")


def fitted(versions: Sequence[str], metrics: QFontMetrics, width: int) -> str:
    """The first of the versions of a text that is at most `width` pixels wide, or the last one, cut."""
    fitting = (version for version in versions if metrics.horizontalAdvance(version) <= width)
    last = versions[-1]
    return next(fitting, None) or metrics.elidedText(last, elide_mode(last), width)


def set_role(label: QLabel, role: Role) -> None:
    """Colour a label by its role; a word or mark in its text must say the same."""
    if label.property("role") == role:
        return
    label.setProperty("role", role)
    label.style().unpolish(label)
    label.style().polish(label)
