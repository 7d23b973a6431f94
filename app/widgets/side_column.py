"""A column of settings or figures at the side: as wide as its font needs, and it scrolls where the window is low."""

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

# A dock may give its contents a little less than their least width.
_SLACK = 4


class SideColumn(QScrollArea):
    """characters: its preferred width; it is never narrower than its contents. fixed: it has no other width."""

    def __init__(self, panel: QWidget, characters: int, parent: QWidget | None = None, *, fixed: bool = False) -> None:
        super().__init__(parent)
        self._characters = characters
        self._fixed = fixed
        # The focus goes to the controls of the panel inside; they and the wheel scroll the column.
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setWidget(panel)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._fit()

    def preferred_width(self) -> int:
        """So many characters of the current font, or what the contents need."""
        return max(self._characters * self.fontMetrics().averageCharWidth(), self._needed_width())

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """Return the preferred width: the texts of the panel wrap and ask for none."""
        return QSize(self.preferred_width(), super().sizeHint().height())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 (Qt's name)
        """Follow the contents, whose controls grow with the font."""
        handled = super().eventFilter(watched, event)
        if watched is self.widget() and event.type() == QEvent.Type.LayoutRequest:
            self._fit()
        return handled

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        """Follow the system font."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit()

    def _needed_width(self) -> int:
        panel = self.widget()
        needed = 0 if panel is None else panel.minimumSizeHint().width()
        return needed + self.verticalScrollBar().sizeHint().width() + _SLACK

    def _fit(self) -> None:
        if self._fixed:
            self.setFixedWidth(self.preferred_width())
        else:
            self.setMinimumWidth(self._needed_width())
