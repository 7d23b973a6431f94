"""A button that unfolds what is rarely needed."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QToolButton, QVBoxLayout, QWidget

from app import theme


class FoldedRest(QWidget):
    """Folded at first. `toggled` carries whether it is open."""

    toggled = Signal(bool)

    def __init__(self, title: str, tip: str, contents: tuple[QWidget, ...], parent: QWidget) -> None:
        super().__init__(parent)
        self._title = title
        self.button = QToolButton(self)
        self.button.setCheckable(True)
        self.button.setAutoRaise(True)
        self.button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.button.setToolTip(tip)
        self.button.setAccessibleName(title)
        self.button.setProperty("role", "fold")
        self._contents = QWidget(self)
        column = QVBoxLayout(self._contents)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GRID)
        for content in contents:
            column.addWidget(content)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(theme.GRID)
        outer.addWidget(self.button, 0, Qt.AlignmentFlag.AlignLeft)
        outer.addWidget(self._contents)
        self.button.toggled.connect(self._show_contents)
        self.show_changes(0)
        self._show_contents(False)

    @property
    def is_open(self) -> bool:
        """Whether the contents are shown."""
        return self.button.isChecked()

    def open(self, opened: bool) -> None:
        """Unfold, or fold."""
        self.button.setChecked(opened)

    def show_changes(self, n_changed: int) -> None:
        """Say beside the title how many of the settings inside are not as they were at first."""
        changed = self.tr("{0} ({1} changed)").format(self._title, n_changed)
        self.button.setText(changed if n_changed else self._title)

    def _show_contents(self, shown: bool) -> None:
        self.button.setArrowType(Qt.ArrowType.DownArrow if shown else Qt.ArrowType.RightArrow)
        self._contents.setVisible(shown)
        self.toggled.emit(shown)
