"""A column of settings or figures at the side: as wide as its font needs, and it scrolls where the window is low."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

# A dock may give its contents a little less than their least width.
_SLACK = 4
_FOOTER_CHANGES = (QEvent.Type.Show, QEvent.Type.Hide, QEvent.Type.LayoutRequest)


class SideColumn(QScrollArea):
    """characters: its preferred width; it is never narrower than its contents. fixed: it has no other width.

    footer: stands below what scrolls while it is shown, so that nothing else moves when it appears."""

    def __init__(
        self,
        panel: QWidget,
        characters: int,
        parent: QWidget | None = None,
        *,
        fixed: bool = False,
        footer: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._footer = footer
        self._characters = characters
        self._fixed = fixed
        # The focus goes to the controls of the panel inside; they and the wheel scroll the column.
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setWidget(panel)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        if footer is not None:
            is_shown = not footer.isHidden()
            footer.setParent(self)
            footer.setVisible(is_shown)
            footer.installEventFilter(self)
        self._fit()

    def preferred_width(self) -> int:
        """So many characters of the current font, or what the contents need."""
        return max(self._characters * self.fontMetrics().averageCharWidth(), self._needed_width())

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """Return the preferred width: the texts of the panel wrap and ask for none."""
        return QSize(self.preferred_width(), super().sizeHint().height())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 (Qt's name)
        """Follow the contents, whose controls grow with the font, and the footer."""
        handled = super().eventFilter(watched, event)
        if watched is self.widget() and event.type() == QEvent.Type.LayoutRequest:
            self._fit()
        if watched is self._footer and event.type() in _FOOTER_CHANGES:
            self._place_footer()
        return handled

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        """Keep the footer at the lower edge."""
        super().resizeEvent(event)
        self._place_footer()

    def _place_footer(self) -> None:
        if (footer := self._footer) is None:
            return
        width = self.width() - self.verticalScrollBar().sizeHint().width()  # the bar is as high as the column
        height = footer.heightForWidth(width) if footer.hasHeightForWidth() else footer.sizeHint().height()
        height = 0 if footer.isHidden() else height
        if self.viewportMargins().bottom() != height:
            self.setViewportMargins(0, 0, 0, height)
        footer.setGeometry(0, self.height() - height, width, height)

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


def page_beside(column: SideColumn, contents: Sequence[QWidget], parent: QWidget) -> QWidget:
    """A page with a column at its left and the contents below each other at its right; the last takes the room."""
    page = QWidget(parent)
    right = QVBoxLayout()
    row = QHBoxLayout(page)
    for layout in (right, row):
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
    for content in contents:
        right.addWidget(content, int(content is contents[-1]))
    row.addWidget(column)
    row.addLayout(right, 1)
    return page
