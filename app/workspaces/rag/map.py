"""Panel of the map: passages, question and a part of the index in two dimensions."""

import numpy as np
from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app import theme
from app.plots import export
from app.plots.export import Column, Table
from app.plots.export_menu import ExportMenu
from app.state.store import RunStore
from app.text.plain_text import one_line, path_line
from app.widgets.labels import ElasticLine, plain_label
from app.workspaces.rag.answer_panel import AnswerPanel
from app.workspaces.rag.answers import AnswerProgress
from app.workspaces.rag.cluster_marks import mark_of
from app.workspaces.rag.map_canvas import MapCanvas
from engine.events import Mapped, Partitioned


class MapPanel(AnswerPanel):
    """A click or the arrow keys select a passage; lines join the passages of the selected draft."""

    turn = 1

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self._drawn: tuple[Mapped | None, Partitioned | None] = (None, None)
        self._shown_pick: tuple[tuple[int, ...], int | None] | None = None
        self.canvas = MapCanvas(self)
        self.canvas.setAccessibleName(self.tr("Map of passages"))
        self.canvas.setToolTip(
            self.tr("Near means alike. ✚ is the question, grey dots are other chunks. Click or arrow keys: a passage.")
        )
        self.menu = ExportMenu(
            self.tr("Map of passages"), self, picture=self._picture, table=self.exported_table, origin=self._origin
        )
        self.menu.exported.connect(lambda path: store.tell(self.tr("exported to {0}").format(path_line(path))))
        self.menu.failed.connect(store.report)
        self.canvas.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.canvas.customContextMenuRequested.connect(lambda at: self.menu.popup(self.canvas.mapToGlobal(at)))
        self.canvas.picked.connect(self._pick)
        self.canvas.stepped.connect(self._step)
        self.caption = ElasticLine(self, role="muted")
        self.words = plain_label(
            self.tr("Once a question is asked: its passages, what lies around them, and which are alike."),
            self.canvas.viewport(), role="muted", wraps=True,
        )  # fmt: skip
        self.words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.words.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        middle = QVBoxLayout(self.canvas.viewport())
        middle.setContentsMargins(4 * theme.GRID, 0, 4 * theme.GRID, 4 * theme.GRID)
        middle.addWidget(self.words)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.GRID, theme.HALF, theme.GRID, 0)
        column.setSpacing(theme.HALF)
        column.addWidget(self.canvas, 1)
        column.addWidget(self.caption)
        self.canvas.recolour()
        self.show_answer()

    def show_answer(self) -> None:
        """Draw what has changed: positions, clusters, the selection."""
        mapped, partitioned = self.answer.mapped, self.answer.partitioned
        if (mapped, partitioned) != self._drawn:
            previous, self._drawn = self._drawn, (mapped, partitioned)
            self._shown_pick = None
            if mapped is None:
                self.canvas.clear_all()
            elif mapped != previous[0]:
                self._name_axes(mapped)
                self.canvas.show_points(mapped.passages, mapped.question, mapped.background)
            self.words.setVisible(mapped is None)
            if mapped is not None:
                self.canvas.show_marks([mark_of(self.answer.cluster(i)) for i in range(len(mapped.passages))])
            self.caption.show_text(self._caption())
        self._show_pick()

    def exported_table(self) -> Table:
        """Return the content of its CSV file: where each passage lies, and its cluster."""
        mapped, retrieved = self.answer.mapped, self.answer.retrieved
        points = () if mapped is None else mapped.passages
        titles = [] if retrieved is None else [passage.title for passage in retrieved.passages]
        titles = (titles + [""] * len(points))[: len(points)]
        clusters = [self.answer.cluster(i) for i in range(len(points))]
        columns = (
            Column("title", np.array(titles, dtype=object)),
            Column("x", np.array([point.x for point in points])),
            Column("y", np.array([point.y for point in points])),
            Column("cluster", np.array([np.nan if cluster is None else cluster + 1 for cluster in clusters])),
        )
        return Table((f"draftscope: {self.tr('Map of passages')}",), columns)

    def _picture(self, svg: bool) -> bytes:
        note = self._caption()
        return export.as_svg(self, self.tr("Map of passages"), note) if svg else export.as_png(self, note)

    def _origin(self) -> str:
        return "" if self.answer.mapped is None else "answer"

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        """Follow the colour scheme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.canvas.recolour()

    def _show_pick(self) -> None:
        if self.answer.mapped is None:
            return
        pick, n = self.store.tab(AnswerProgress).pick, len(self.answer.mapped.passages)
        members = tuple(place for place in self.answer.subset(self.answer.draft_at(pick)) if place < n)
        shown_pick = (members, self.answer.passage_at(pick))
        if shown_pick != self._shown_pick:
            self._shown_pick = shown_pick
            self.canvas.show_subset(members)
            self.canvas.show_chosen(shown_pick[1])

    def _name_axes(self, mapped: Mapped) -> None:
        axes = (self.tr("1st principal axis"), self.tr("2nd principal axis"))
        self.canvas.name_axes(*(axes if mapped.projection == "pca" else ("UMAP 1", "UMAP 2")))

    def _caption(self) -> str:
        """How the passages were clustered, and how much of the variance two axes show."""
        mapped, partitioned = self.answer.mapped, self.answer.partitioned
        parts = []
        if partitioned is not None:
            parts.append(
                f"n {len(partitioned.clusters)} · k {partitioned.k} · m {partitioned.m} · seed {partitioned.seed}"
            )
            parts += [one_line(partitioned.note)] if partitioned.note else []
            parts += [self.tr("kept from before")] if partitioned.reused else []
        if mapped is not None and mapped.explained is not None:
            parts.append(self.tr("{0:.0%} of the variance shown").format(mapped.explained))
        if partitioned is not None:
            parts.append(one_line(partitioned.conditioned))
        return " · ".join(parts)

    def _pick(self, passage: int) -> None:
        self.store.tab(AnswerProgress).point(self.store.tab(AnswerProgress).pick._replace(passage=passage))

    def _step(self, by: int) -> None:
        retrieved = self.answer.retrieved
        if retrieved is not None and retrieved.passages:
            current = self.answer.passage_at(self.store.tab(AnswerProgress).pick) or 0
            self._pick(max(0, min(len(retrieved.passages) - 1, current + by)))
