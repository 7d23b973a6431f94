"""Read-only tables without a grid, with rows as high as the font needs."""

from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QAbstractItemView, QFrame, QTableView, QTableWidget, QWidget

from app import theme


def make_readable(table: QTableView) -> None:
    """Set what all tables share: figures of equal width, no grid or row numbers, no editing, Tab leaves the table."""
    table.setFrameShape(QFrame.Shape.NoFrame)
    table.setFont(theme.tabular(table.font()))
    table.setShowGrid(False)
    table.setTabKeyNavigation(False)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.verticalHeader().hide()
    table.horizontalHeader().setHighlightSections(False)


def alignment(*, is_text: bool) -> Qt.AlignmentFlag:
    """Texts begin at the left, figures end at the right."""
    side = Qt.AlignmentFlag.AlignLeft if is_text else Qt.AlignmentFlag.AlignRight
    return side | Qt.AlignmentFlag.AlignVCenter


def head_cell(role: int, title: str, meaning: str, *, is_text: bool) -> object:
    """What the head of a column answers a view."""
    match role:
        case Qt.ItemDataRole.TextAlignmentRole:
            return alignment(is_text=is_text)
        case Qt.ItemDataRole.DisplayRole:
            return title
        case Qt.ItemDataRole.ToolTipRole:
            return meaning
        case _:
            return None


def sort_mark(*, descending: bool) -> str:
    """The mark of a sort order after a title; Qt would paint its own over it."""
    return " ▼" if descending else " ▲"


class FigureTable(QTableWidget):
    """A table of few rows. padding: pixels by which a row is higher than its text."""

    def __init__(self, n_rows: int, n_columns: int, parent: QWidget, *, padding: int) -> None:
        super().__init__(n_rows, n_columns, parent)
        self._padding = padding
        make_readable(self)
        self._fit_rows()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        """Follow the system font."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._fit_rows()

    def _fit_rows(self) -> None:
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + self._padding)
