"""Panel of the retrieved passages: rank, cluster, title, score, source and drafts."""

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QBrush, QPalette, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.plots.table_export import offer_csv
from app.state.store import RunStore
from app.text.plain_text import one_line, plain_tip
from app.widgets.labels import ElasticLine
from app.widgets.tables import FigureTable
from app.words import quantities, runs
from app.words.counts import count
from app.workspaces.rag.answer_panel import AnswerPanel
from app.workspaces.rag.answers import AnswerProgress
from app.workspaces.rag.cluster_marks import mark_of
from engine.events import Retrieved

_RANK, _CLUSTER, _TITLE, _SCORE, _TOKENS, _DRAFTS, _SOURCE = range(7)
_LONGEST = 120
# Below this width the source is only in the tooltip of the title.
_WIDE = 48 * theme.GRID
_LEAST_SOURCE, _SHORT_SOURCE = 7 * theme.GRID, 9 * theme.GRID


class _SymbolDelegate(QStyledItemDelegate):
    """Keeps the colour of a symbol in the selected row."""

    def initStyleOption(  # noqa: N802 (Qt's name)
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Use the normal foreground for selected cells, too."""
        super().initStyleOption(option, index)
        brush = index.data(Qt.ItemDataRole.ForegroundRole)
        if isinstance(brush, QBrush):
            option.palette.setBrush(QPalette.ColorRole.HighlightedText, brush)


class PassagesPanel(AnswerPanel):
    """One row per passage, best first; a selected passage is also selected in map and text."""

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self._shown_passages: Retrieved | None = None
        self._shown_clusters: object = None
        self._updating = False
        self.title = ElasticLine(self, role="muted")
        self.title.show_text(self._title(None))
        self.table = FigureTable(0, 7, self, padding=theme.HALF)
        self.table.setAccessibleName(self.tr("Passages"))
        offer_csv(self.table, store)
        self.table.setHorizontalHeaderLabels(
            ["#", "", self.tr("title"), self.tr("score"), self.tr("tokens"), self.tr("drafts"), self.tr("source")]
        )
        self._explain_columns()
        self.table.setItemDelegateForColumn(_CLUSTER, _SymbolDelegate(self.table))
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(_TITLE, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(_SOURCE, QHeaderView.ResizeMode.Interactive)
        header.setMinimumSectionSize(3 * theme.GRID)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft)
        self.table.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.table.itemSelectionChanged.connect(self._on_selected)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.GRID, theme.HALF, theme.GRID, 0)
        column.setSpacing(theme.HALF)
        column.addWidget(self.title)
        column.addWidget(self.table, 1)
        self.show_answer()

    def show_answer(self) -> None:
        """Fill the rows once, and add clusters and drafts when they come."""
        retrieved = self.answer.retrieved
        if retrieved is not self._shown_passages:
            self._shown_passages, self._shown_clusters = retrieved, None
            self.title.show_text(self._title(retrieved))
            self._fill(retrieved)
        if retrieved is not None and self._shown_clusters is not self.answer.partitioned:
            self._shown_clusters = self.answer.partitioned
            self._mark_clusters(len(retrieved.passages))
        self._select_row(self.answer.passage_at(self.store.tab(AnswerProgress).pick))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        """Hide the source in a narrow panel, to leave its width to the titles."""
        super().resizeEvent(event)
        self.table.setColumnHidden(_SOURCE, event.size().width() < _WIDE)

    def _title(self, retrieved: Retrieved | None) -> str:
        if retrieved is None:
            return self.tr("Passages that were found appear here.")
        note = f" · {one_line(retrieved.note)}" if retrieved.note else ""
        reused = self.tr(" · kept from before") if retrieved.reused else ""
        modes = {"dense": self.tr("by meaning"), "text": self.tr("by words"), "hybrid": self.tr("by meaning and words")}
        return self.tr("{0:,} of {1}, {2}, {3}{4}{5}").format(
            len(retrieved.passages),
            count(retrieved.n_chunks, "passage"),
            modes[retrieved.how],
            quantities.milliseconds(retrieved.ms),
            reused,
            note,
        )

    def _fill(self, retrieved: Retrieved | None) -> None:
        self._updating = True
        passages = () if retrieved is None else retrieved.passages
        self.table.setColumnHidden(_TOKENS, not any(passage.n_tokens for passage in passages))
        self.table.setRowCount(len(passages))
        for row, passage in enumerate(passages):
            texts = (
                f"{row + 1}", mark_of(None).glyph, one_line(passage.title or passage.text, longest=_LONGEST),
                f"{passage.score:.3f}", f"{passage.n_tokens:,}" if passage.n_tokens else quantities.UNKNOWN, "",
                runs.short(passage.source),
            )  # fmt: skip
            for column, text in enumerate(texts):
                self._set(row, column, text)
            for column in (_TITLE, _SOURCE):
                self._item(row, column).setToolTip(plain_tip(f"{one_line(passage.title)}\n{one_line(passage.source)}"))
        self._share_width(self.table.sizeHintForColumn(_SOURCE))
        self._updating = False

    def _share_width(self, needed: int) -> None:
        """Give titles all the width that short sources leave, but only a share of it beside long ones."""
        header, short = self.table.horizontalHeader(), needed <= _SHORT_SOURCE
        mode = QHeaderView.ResizeMode.Interactive if short else QHeaderView.ResizeMode.Stretch
        header.setSectionResizeMode(_SOURCE, mode)
        if short:
            header.resizeSection(_SOURCE, max(_LEAST_SOURCE, needed))

    def _mark_clusters(self, n_passages: int) -> None:
        subsets = () if self.answer.partitioned is None else self.answer.partitioned.subsets
        for row in range(n_passages):
            mark = mark_of(self.answer.cluster(row))
            self._set(row, _CLUSTER, mark.glyph)
            self._item(row, _CLUSTER).setForeground(QBrush(mark.colour))
            drafts = [str(number + 1) for number, subset in enumerate(subsets) if row in subset]
            self._set(row, _DRAFTS, " ".join(drafts) or quantities.UNKNOWN)

    def _set(self, row: int, column: int, text: str) -> None:
        if self.table.item(row, column) is None:
            item = QTableWidgetItem(text)
            align_right = column in (_RANK, _SCORE, _TOKENS)
            side = Qt.AlignmentFlag.AlignRight if align_right else Qt.AlignmentFlag.AlignLeft
            item.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)
            self.table.setItem(row, column, item)
        self._item(row, column).setText(text)

    def _item(self, row: int, column: int) -> QTableWidgetItem:
        item = self.table.item(row, column)
        assert item is not None
        return item

    def _select_row(self, passage: int | None) -> None:
        if passage is not None and passage != self.table.currentRow():
            self._updating = True
            self.table.selectRow(passage)
            self._updating = False

    def _on_selected(self) -> None:
        row = self.table.currentRow()
        if not self._updating and row >= 0:
            self.store.tab(AnswerProgress).point(self.store.tab(AnswerProgress).pick._replace(passage=row))

    def _explain_columns(self) -> None:
        for column, tip in enumerate(
            (
                self.tr("Rank: 1 is nearest to the question."),
                self.tr("Its cluster: passages that say much the same of the question share a symbol."),
                self.tr("The title of the document, or how the passage begins."),
                self.tr("Higher is nearer; comparable within one search only."),
                self.tr("Tokens of the target that the passage has."),
                self.tr("The drafts that were written from it."),
                self.tr("The file it is from."),
            )
        ):
            item = self.table.horizontalHeaderItem(column)
            assert item is not None
            item.setToolTip(tip)
