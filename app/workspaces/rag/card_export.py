"""Exports the card of a draft, or the bars of its scores alone, as plots are exported."""

import numpy as np
from PySide6.QtCore import QCoreApplication, QPoint, Qt
from PySide6.QtWidgets import QWidget

from app.plots import export as plot_export
from app.plots.export import Column, Table
from app.plots.export_menu import ExportMenu
from app.state.run_history import RunHistory
from app.state.store import RunStore
from app.text.plain_text import one_line
from app.workspaces.rag.draft_card import DraftCard


def tr(text: str) -> str:
    """Translate a text about an export."""
    return QCoreApplication.translate("plots", text)


class CardExport:
    """The menu of a card or of its bars, made when it is first asked for. shown: what the picture shows."""

    def __init__(self, shown: QWidget, card: DraftCard, store: RunStore, history: RunHistory) -> None:
        self._shown, self._card, self._store, self._history = shown, card, store, history
        self._menu: ExportMenu | None = None
        shown.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        shown.customContextMenuRequested.connect(self._open)

    @property
    def menu(self) -> ExportMenu:
        """PNG, SVG and CSV."""
        if self._menu is None:
            self._menu = ExportMenu(
                self._shown.accessibleName(), self._shown, picture=self._picture, table=self.table, origin=self._origin
            )
            self._menu.exported.connect(self._tell)
            self._menu.failed.connect(self._store.report)
        return self._menu

    def table(self) -> Table:
        """The scores: names and natural logarithms, a gap where a score is not known."""
        rows = self._card.bars.rows
        scores = np.array([np.nan if row.log_score is None else row.log_score for row in rows], dtype=float)
        names = np.array([row.name for row in rows])
        return Table(self._notes(), (Column(tr("score"), names), Column(tr("natural logarithm"), scores)))

    def _open(self, at: QPoint) -> None:
        self.menu.popup(self._shown.mapToGlobal(at))

    def _picture(self, as_svg: bool) -> bytes:
        title, note = self._shown.accessibleName(), " · ".join(self._notes()[1:])
        return plot_export.as_svg(self._shown, title, note) if as_svg else plot_export.as_png(self._shown, note)

    def _notes(self) -> tuple[str, ...]:
        shown = self._history.shown
        return plot_export.run_notes(self._shown.accessibleName(), None if shown is None else shown.started)

    def _origin(self) -> str:
        shown = self._history.shown
        return "" if shown is None or shown.started is None else shown.started.run_id

    def _tell(self, path: str) -> None:
        self._store.tell(tr("exported to {0}").format(one_line(path)))


def offer_export(card: DraftCard, store: RunStore, history: RunHistory) -> tuple[CardExport, CardExport]:
    """Give a card, and its bars, a menu like that of a plot."""
    return CardExport(card, card, store, history), CardExport(card.bars, card, store, history)
