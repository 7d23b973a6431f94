"""Table model of lengths × drafters, in the order of lengths until it is sorted."""

from collections.abc import Callable
from typing import Literal, NamedTuple, TypeAlias

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QWidget

from app import theme
from app.text.plain_text import one_line, plain_tip
from app.widgets import tables
from app.words import quantities, speedups
from app.words.hints import hint_line
from app.workspaces.longcontext import words
from app.workspaces.longcontext.record import LengthRecord, LengthRow, is_plain
from app.workspaces.longcontext.words import tr

_NO_PARENT = QModelIndex()
_Index = QModelIndex | QPersistentModelIndex
FigureName: TypeAlias = Literal[
    "speedup", "tau", "alpha", "ms_per_token", "prefill_ms", "drafter_prefill_ms", "verify_ms"
]
LENGTH, DRAFTER, SPEEDUP = 0, 1, 2


class LengthColumn(NamedTuple):
    """A column: title, meaning, text of a cell and its sort key. rare: it goes first where there is no room.

    usual: a cell of the usual width."""

    title: str
    meaning: str
    write: Callable[[LengthRow], str]
    key: Callable[[LengthRow], float | str | None]
    usual: str
    rare: bool = False
    is_text: bool = False


class LengthsModel(QAbstractTableModel):
    """Each row is a combination of length and drafter; those without figures say why, or that they are to come."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.record = LengthRecord()
        self.columns = self._columns()
        self._all: tuple[LengthRow, ...] = ()
        self._rows: tuple[LengthRow, ...] = ()
        self._sorted_by, self._descending = -1, False

    def show_record(self, record: LengthRecord) -> None:
        """Show a measurement; the same combinations keep their rows, and so the selection."""
        rows = record.rows
        same = record is self.record and [row.pick for row in rows] == [row.pick for row in self._all]
        self.record, self._all = record, rows
        if same:
            self._reorder()
            if rows:
                self.dataChanged.emit(self.index(0, 0), self.index(len(rows) - 1, len(self.columns) - 1))
            return
        self.beginResetModel()
        self._rows = self._in_order()
        self.endResetModel()

    def row_at(self, row: int) -> LengthRow:
        """The combination in a row."""
        return self._rows[row]

    def row_of(self, pick: object) -> int | None:
        """The row of a combination; None where it has none."""
        return next((place for place, row in enumerate(self._rows) if row.pick == pick), None)

    def texts(self, column: int) -> list[str]:
        """What the cells of a column say."""
        return [self.columns[column].write(row) for row in self._all]

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort the rows by a column, -1 for the order of the measurement."""
        self._sorted_by, self._descending = column, order == Qt.SortOrder.DescendingOrder
        self._reorder()
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(self.columns) - 1)

    def _in_order(self) -> tuple[LengthRow, ...]:
        if not 0 <= self._sorted_by < len(self.columns):
            return self._all
        key = self.columns[self._sorted_by].key
        known = [row for row in self._all if key(row) is not None]
        ordered = sorted(known, key=lambda row: key(row) or 0, reverse=self._descending)
        return (*ordered, *(row for row in self._all if key(row) is None))

    def _reorder(self) -> None:
        """Sort the rows and keep the selection."""
        self.layoutAboutToBeChanged.emit()
        old = self.persistentIndexList()
        picks = [self._rows[index.row()].pick for index in old]
        self._rows = self._in_order()
        places = {row.pick: place for place, row in enumerate(self._rows)}
        moved = [self.index(places[pick], index.column()) for pick, index in zip(picks, old, strict=True)]
        self.changePersistentIndexList(old, moved)
        self.layoutChanged.emit()

    # Qt

    def rowCount(self, parent: _Index = _NO_PARENT) -> int:  # noqa: N802 (Qt's name)
        """Number of combinations."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: _Index = _NO_PARENT) -> int:  # noqa: N802 (Qt's name)
        """Number of columns."""
        return 0 if parent.isValid() else len(self.columns)

    def headerData(  # noqa: N802 (Qt's name)
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        """Title and meaning of a column."""
        if orientation == Qt.Orientation.Vertical:
            return None
        column = self.columns[section]
        mark = tables.sort_mark(descending=self._descending) if section == self._sorted_by else ""
        return tables.head_cell(role, column.title + mark, column.meaning, is_text=column.is_text)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """What a cell says, its tooltip, colour and alignment."""
        row, column = self._rows[index.row()], self.columns[index.column()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return column.write(row)
            case Qt.ItemDataRole.ToolTipRole:
                return plain_tip(self._tip(row, column))
            case Qt.ItemDataRole.ForegroundRole:
                return self._colour(row, index.column())
            case Qt.ItemDataRole.TextAlignmentRole:
                return tables.alignment(is_text=column.is_text)
            case _:
                return None

    def _tip(self, row: LengthRow, column: LengthColumn) -> str:
        lines = [words.pick_name(self.record, row.pick), f"{column.title}: {column.write(row)}", column.meaning]
        return "\n".join(filter(None, (*lines, one_line(row.why_not, longest=400), hint_line(row.hint, longest=400))))

    def _colour(self, row: LengthRow, column: int) -> QColor | None:
        """The drafter's colour for its name; that of losses for one; grey for what has no figures."""
        colours = theme.current()
        if column == DRAFTER:
            return self.record.mark(row.pick.drafter).colour
        if row.measured is None or row.why_not:
            return QColor(colours.muted)
        is_loss = row.measured.speedup is not None and row.measured.speedup < 1
        return QColor(colours.bad) if column == SPEEDUP and is_loss and not is_plain(row.pick.drafter) else None

    # The columns

    def _columns(self) -> tuple[LengthColumn, ...]:
        return (*self._speed_columns(), *_memory_columns(), *_time_columns(), *_last_columns())

    def _speed_columns(self) -> tuple[LengthColumn, ...]:
        return (
            LengthColumn(
                tr("length"), tr("Tokens before the first new one."),
                lambda row: f"{row.pick.length if row.measured is None else row.measured.n_prompt:,}",
                lambda row: row.pick.length, "00,000",
            ),
            LengthColumn(
                tr("drafter"), tr("The drafter, in its symbol and colour; ● is plain decoding."),
                lambda row: f"{self.record.mark(row.pick.drafter).glyph} {words.drafter_name(row.pick.drafter)}",
                lambda row: words.drafter_name(row.pick.drafter), "■ built-in drafter", is_text=True,
            ),
            LengthColumn(
                tr("speedup"), tr("Plain time per token ÷ that with the drafter. [ ]: 95 % interval, ( ): range."),
                _speedup, lambda row: _figure(row, "speedup"), "0.00× (0.00 to 0.00)", is_text=True,
            ),
            LengthColumn(
                "τ", tr("Tokens per round; plain decoding has 1."), lambda row: _number(_figure(row, "tau")),
                lambda row: _figure(row, "tau"), "0.00",
            ),
            LengthColumn(
                "α", tr("Acceptance rate: accepted ÷ tested, with its 95 % interval."), _alpha,
                lambda row: _figure(row, "alpha"), "0.00 [0.00, 0.00]", rare=True,
            ),
        )  # fmt: skip


def _time_columns() -> tuple[LengthColumn, ...]:
    return (
        LengthColumn(
            tr("a token"), tr("Time per new token; prefill is not in it."),
            lambda row: quantities.milliseconds(_figure(row, "ms_per_token")),
            lambda row: _figure(row, "ms_per_token"), "00.0 ms", rare=True,
        ),
        LengthColumn(
            tr("prefill"), tr("Time to read the text, of both models."),
            lambda row: quantities.milliseconds(_figure(row, "prefill_ms")),
            lambda row: _figure(row, "prefill_ms"), "0,000 ms", rare=True,
        ),
        LengthColumn(
            tr("its part"), tr("The drafter's part of the prefill."),
            lambda row: quantities.milliseconds(_figure(row, "drafter_prefill_ms")),
            lambda row: _figure(row, "drafter_prefill_ms"), "0,000 ms", rare=True,
        ),
        LengthColumn(
            tr("verify"), tr("Time of the target over γ + 1 tokens."),
            lambda row: quantities.milliseconds(_figure(row, "verify_ms")),
            lambda row: _figure(row, "verify_ms"), "00.0 ms", rare=True,
        ),
    )  # fmt: skip


def _memory_columns() -> tuple[LengthColumn, ...]:
    return (
        LengthColumn(
            tr("K/V drafter"), tr("Keys and values of the drafter as allocated; before, as predicted (~)."),
            lambda row: _memory(row, drafter=True), lambda row: _bytes(row, drafter=True), "~000 MB", rare=True,
        ),
        LengthColumn(
            tr("K/V target"), tr("Keys and values of the target as allocated; before, as predicted (~)."),
            lambda row: _memory(row, drafter=False), lambda row: _bytes(row, drafter=False), "~000 MB", rare=True,
        ),
    )  # fmt: skip


def _last_columns() -> tuple[LengthColumn, ...]:
    return (
        LengthColumn(
            tr("same"), tr("Whether the text is that of plain decoding, which greedy decoding must write."),
            _same, lambda row: _same(row) or None, tr("same"),
        ),
        LengthColumn(
            tr("note"), tr("Why there are no figures, or what has to be said about them."),
            _note, lambda row: _note(row) or None, "", is_text=True,
        ),
    )  # fmt: skip


def _figure(row: LengthRow, name: FigureName) -> float | None:
    """A figure of a combination; None where it is not measured."""
    value = None if row.measured is None else getattr(row.measured, name)
    return value if isinstance(value, int | float) else None


def _number(value: float | None) -> str:
    return quantities.number(value)


def _speedup(row: LengthRow) -> str:
    if row.measured is None or row.measured.speedup is None:
        return quantities.UNKNOWN
    return tr("1.00×") if is_plain(row.pick.drafter) else words.ratio(words.estimate(row.measured))


def _alpha(row: LengthRow) -> str:
    point = row.measured
    return quantities.UNKNOWN if point is None else quantities.with_interval(point.alpha, point.alpha_ci)


def _bytes(row: LengthRow, *, drafter: bool) -> float | None:
    if row.measured is not None and not row.why_not:
        return row.measured.kv_bytes_drafter if drafter else row.measured.kv_bytes_target
    if row.predicted is None:
        return None
    return row.predicted.kv_bytes_drafter if drafter else row.predicted.kv_bytes_target


def _memory(row: LengthRow, *, drafter: bool) -> str:
    if (n := _bytes(row, drafter=drafter)) is None:
        return quantities.UNKNOWN
    is_measured = row.measured is not None and not row.why_not
    return quantities.memory(n) if is_measured else f"~{quantities.memory(n)}"


def _same(row: LengthRow) -> str:
    same = None if row.measured is None else row.measured.same_text
    return "" if same is None or is_plain(row.pick.drafter) else "✓" if same else "✗"


def _note(row: LengthRow) -> str:
    if row.why_not:
        return tr("why not: {0}").format(one_line(row.why_not))
    if row.measured is None:
        return tr("to come")
    if is_plain(row.pick.drafter):
        return tr("the baseline, {0}").format(speedups.counted(max(1, row.measured.n), "repeats"))
    return one_line(row.measured.note)
