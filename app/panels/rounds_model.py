"""Table model of a run's rounds, sorted and filtered."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtWidgets import QWidget

from app.state.round_tree import tree_of
from app.text.plain_text import plain_tip
from app.text.shown_text import LONGEST, visible
from app.widgets.tables import alignment, head_cell, sort_mark
from app.words import policies, quantities
from engine.events import PolicyDecided, ProposedToken, RoundFinished
from engine.reports.cells import text_cell

_NO_PARENT = QModelIndex()
# An unknown value sorts below every number.
_UNKNOWN_KEY = -1.0
# The place of the column that only runs with trees show.
DEPTH = 4
# The place of the column that only runs with a policy's decisions show.
DECISION = 5


class RoundColumn(NamedTuple):
    """A column: title, meaning, text of a cell, sort key, and what a cell's tooltip says where that is not its text."""

    title: str
    meaning: str
    write: Callable[[RoundFinished], str]
    key: Callable[[RoundFinished], float | str]
    is_text: bool = False
    explain: Callable[[RoundFinished], str] | None = None


class RoundsModel(QAbstractTableModel):
    """Each row is an index into the list of rounds; in the order of the run, a new round costs one append.

    No sort proxy: it calls Python for two keys per comparison, seconds at 26,000 rounds instead of hundredths."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.only_rejections = False
        self._decisions: dict[int, PolicyDecided] = {}
        self.facts = self._count_columns() + self._decision_columns() + self._text_columns() + self._time_columns()
        self._rounds: list[RoundFinished] = []
        self._rows: list[int] = []
        # Built on demand, when the rows are not in the order of the run.
        self._row_of: dict[int, int] | None = None
        self._sorted_by: int | None = None
        self._descending = False
        # The sort key of each round, shown or not, while the rows are sorted.
        self._keys: list[float | str] = []

    @property
    def n_rounds(self) -> int:
        """Number of rounds of the run, shown or not."""
        return len(self._rounds)

    # Modification

    def clear(self) -> None:
        """Remove all rows; order and filter stay."""
        self.beginResetModel()
        self._rounds, self._rows, self._keys = [], [], []
        self._row_of = None
        self._decisions.clear()
        self.endResetModel()

    @property
    def has_decisions(self) -> bool:
        """Whether a policy decided anything."""
        return bool(self._decisions)

    def take_decisions(self, decisions: Sequence[PolicyDecided]) -> None:
        """Remember what a policy decided, for the rounds from which on it holds."""
        self._decisions.update((event.round, event) for event in decisions)

    def append(self, rounds: Sequence[RoundFinished]) -> None:
        """Add rounds at the end, or where the sort order puts them."""
        first = len(self._rounds)
        self._row_of = None
        self._rounds += rounds
        indexes = [first + i for i, event in enumerate(rounds) if self._is_shown(event)]
        if indexes:
            n = len(self._rows)
            self.beginInsertRows(QModelIndex(), n, n + len(indexes) - 1)
            self._rows += indexes
            self.endInsertRows()
        if self._sorted_by is not None:
            self._keys += map(self.facts[self._sorted_by].key, rounds)
            self._reorder()

    def show_only_rejections(self, only: bool) -> None:
        """Show only the rounds with a rejected token, or all."""
        self.beginResetModel()
        self.only_rejections = only
        self._rows = [index for index, event in enumerate(self._rounds) if self._is_shown(event)]
        self._sort_rows()
        self.endResetModel()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort the rows by a column, -1 for the order of the run; the sort is stable."""
        self._sorted_by = column if 0 <= column < len(self.facts) else None
        self._descending = order == Qt.SortOrder.DescendingOrder
        self._keys = [] if self._sorted_by is None else [*map(self.facts[self._sorted_by].key, self._rounds)]
        self._reorder()
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(self.facts) - 1)

    def _is_shown(self, event: RoundFinished) -> bool:
        return not self.only_rejections or rejected(event) is not None

    def _reorder(self) -> None:
        """Sort the rows and keep the selection."""
        self.layoutAboutToBeChanged.emit()
        old_indexes = self.persistentIndexList()
        places = [self._rows[index.row()] for index in old_indexes]
        self._sort_rows()
        row_of = {place: row for row, place in enumerate(self._rows)} if old_indexes else {}
        new_indexes = [
            self.index(row_of[place], index.column()) for place, index in zip(places, old_indexes, strict=True)
        ]
        self.changePersistentIndexList(old_indexes, new_indexes)
        self.layoutChanged.emit()

    def _sort_rows(self) -> None:
        self._row_of = None
        self._rows.sort()
        if self._sorted_by is not None:
            self._rows.sort(key=self._keys.__getitem__, reverse=self._descending)

    # Queries

    def row_of(self, number: int) -> int | None:
        """The row of a round; None if it is filtered out or does not exist."""
        if 0 <= number < len(self._rows) and self.round_at(number) == number:
            return number
        if self._row_of is None:
            self._row_of = {self.round_at(row): row for row in reversed(range(len(self._rows)))}
        return self._row_of.get(number)

    def round_at(self, row: int) -> int:
        """The number of the round in a row."""
        return self._rounds[self._rows[row]].round

    def as_text(self, rows: Sequence[int]) -> str:
        """Rows with a header as tab-separated text in which a spreadsheet evaluates no foreign text."""
        lines = [[fact.title for fact in self.facts]]
        for row in rows:
            event = self._rounds[self._rows[row]]
            lines.append([text_cell(f.write(event)) if f.is_text else f.write(event) for f in self.facts])
        return "\n".join("\t".join(line) for line in lines) + "\n"

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = _NO_PARENT) -> int:  # noqa: N802 (Qt's name)
        """Number of rounds shown."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: QModelIndex | QPersistentModelIndex = _NO_PARENT) -> int:  # noqa: N802 (Qt's name)
        """Number of columns."""
        return 0 if parent.isValid() else len(self.facts)

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """The text and alignment of a cell; its tooltip has the full text or the meaning of a number."""
        column = self.facts[index.column()]
        match role:
            case Qt.ItemDataRole.TextAlignmentRole:
                return alignment(is_text=column.is_text)
            case Qt.ItemDataRole.DisplayRole:
                return column.write(self._rounds[self._rows[index.row()]])
            case Qt.ItemDataRole.ToolTipRole:
                event = self._rounds[self._rows[index.row()]]
                text = (column.explain or column.write)(event) if column.is_text else ""
                return plain_tip(text) if text else column.meaning
            case _:
                return None

    def headerData(  # noqa: N802 (Qt's name)
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        """Titles, and their meanings as tooltips."""
        if orientation == Qt.Orientation.Vertical:
            return None
        column = self.facts[section]
        mark = sort_mark(descending=self._descending) if section == self._sorted_by else ""
        return head_cell(role, column.title + mark, column.meaning + self.tr(" Click to sort."), is_text=column.is_text)

    # The columns

    def _count_columns(self) -> tuple[RoundColumn, ...]:
        return (
            _count(self.tr("round"), self.tr("Number of the round, from 1."), lambda e: e.round + 1),
            _count(
                self.tr("proposed"),
                self.tr("Tokens the drafter proposed; where it drafted a tree, all nodes."),
                lambda e: len(e.proposed),
            ),
            _count(self.tr("accepted"), self.tr("Proposed tokens the target kept."), n_accepted),
            _count(
                self.tr("emitted"),
                self.tr("Tokens the round added to the text, correction or bonus included."),
                lambda e: len(e.emitted),
            ),
            _count(
                self.tr("depth"),
                self.tr("Levels of the tree that was drafted: the most proposed tokens the round could keep."),
                lambda e: tree_of(e).depth,
            ),
        )

    def _decision_columns(self) -> tuple[RoundColumn, ...]:
        meaning = self.tr(
            "What the policy decided before this round: the draft length γ, and the speedups it predicts."
        )
        return (
            RoundColumn(
                self.tr("decision"),
                meaning,
                self._decision_text,
                self._decision_text,
                is_text=True,
                explain=self._decision_reason,
            ),
        )

    def _decision_text(self, event: RoundFinished) -> str:
        decided = self._decisions.get(event.round)
        return "" if decided is None else policies.change(decided)

    def _decision_reason(self, event: RoundFinished) -> str:
        decided = self._decisions.get(event.round)
        return "" if decided is None else policies.decision(decided)

    def _text_columns(self) -> tuple[RoundColumn, ...]:
        return (
            RoundColumn(
                self.tr("rejected"),
                self.tr("The first proposed token that was not kept; · is a space, ⏎ a line end."),
                rejected_text,
                rejected_text,
                is_text=True,
            ),
            RoundColumn(
                self.tr("text"),
                self.tr("What the round added; · is a space, ⏎ a line end."),
                emitted_text,
                emitted_text,
                is_text=True,
            ),
        )

    def _time_columns(self) -> tuple[RoundColumn, ...]:
        return (
            _time(self.tr("draft ms"), self.tr("Time of the draft phase."), lambda e: e.draft_ms),
            _time(
                self.tr("verify ms"),
                self.tr("Time of the target's forward over the draft, and of the decision."),
                lambda e: e.verify_ms,
            ),
            _time(
                self.tr("other ms"),
                self.tr("Time of the round that is neither: bookkeeping and text."),
                lambda e: e.other_ms,
            ),
            RoundColumn(
                self.tr("least p/q"),
                self.tr(
                    "The least acceptance probability, min(1, p/q), of the tested tokens: how near the round came to a "
                    "rejection; of a block, how probably it is kept so far. Not shown for greedy decoding, where it is "
                    "0 or 1."
                ),
                lambda e: quantities.number(least_accept_prob(e)),
                lambda e: _UNKNOWN_KEY if (least := least_accept_prob(e)) is None else least,
            ),
        )


def _count(title: str, meaning: str, value: Callable[[RoundFinished], int]) -> RoundColumn:
    return RoundColumn(title, meaning, lambda event: str(value(event)), value)


def _time(title: str, meaning: str, value: Callable[[RoundFinished], float]) -> RoundColumn:
    return RoundColumn(title, meaning, lambda event: f"{value(event):.2f}", value)


def n_accepted(event: RoundFinished) -> int:
    """Number of accepted tokens."""
    return sum(token.fate == "accepted" for token in event.proposed)


def rejected(event: RoundFinished) -> ProposedToken | None:
    """The first token that was rejected; of a tree, the first where the path ended."""
    tested = event.proposed
    if event.parents:
        tree = tree_of(event)
        tested = tuple(event.proposed[node] for node in tree.children(tree.end))
    return next((token for token in tested if token.fate == "rejected"), None)


def rejected_text(event: RoundFinished) -> str:
    """The rejected token in displayable form; empty if there is none."""
    token = rejected(event)
    return "" if token is None else visible(token.text)


def least_accept_prob(event: RoundFinished) -> float | None:
    """The lowest acceptance probability of the tested tokens; None if none was tested."""
    tested = (token for token in event.proposed if token.tested)
    return min((t.accept_prob if t.prefix_prob is None else t.prefix_prob for t in tested), default=None)


def emitted_text(event: RoundFinished) -> str:
    """The text that a round added, in displayable form."""
    texts = [event.proposed[node].text for node in tree_of(event).path]
    shown = "".join(visible(text) for text in [*texts, *([event.last.text] if event.last is not None else [])])
    return shown if len(shown) <= LONGEST else shown[:LONGEST] + "…"
