"""Panel of the quality–latency plane: a point for each way of decoding, its loss against its speed."""

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app import theme
from app.panel import Panel
from app.plots.export import Column, Table
from app.plots.plane import Plane, Spot
from app.state.store import RunStore
from app.widgets.choice_box import ChoiceBox
from app.words import speedups
from app.workspaces.approximate import words
from app.workspaces.approximate.record import SettingPick, ThresholdRecord
from app.workspaces.approximate.state import ThresholdProgress
from engine.events import Event, SettingMeasured
from engine.runs.summary import Summary
from engine.statistics import Interval

_ROOM = 0.15
# A click this far from a point, as a share of the plane, still means it.
_NEAR = 0.05
_RING = 22
# Names stand below some points, of which those without a loss are the lowest.
_BELOW = 0.2


class QualityPlanePanel(Panel):
    """A click on a point chooses its way of decoding."""

    every_ms = 250

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self._drawn: tuple[object, ...] = ()
        self._rows: list[SettingMeasured] = []
        self.loss = ChoiceBox("loss", ("tv", "accuracy"), self)
        self.loss.setAccessibleName(self.tr("Vertical axis"))
        self.loss.setToolTip(self.tr("What stands against speed: the loss of each token, or the answers to questions"))
        self.plane = Plane(
            self.tr("Loss against speed"),
            (self.tr("speed, × exact speculation"), ""), "",
            self.tr("Sweep: each threshold is a point here, beside exact speculation and what it competes with."),
            self, table=self.table, note=lambda: words.scope(self._record()),
        )  # fmt: skip
        self.plane.widget.setToolTip(self.tr("Click a point to read its figures; right-click or Shift+F10 export."))
        self.plane.widget.scene().sigMouseClicked.connect(self._on_clicked)
        self.plane.export_failed.connect(store.report)
        self.plane.head.addWidget(self.loss)
        self.loss.currentIndexChanged.connect(self._show_anew)
        self.ring = pg.ScatterPlotItem(size=_RING, symbol="o", brush=None)
        self.plane.plot.addItem(self.ring)
        self._recolour()
        self._name_axis()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.plane)
        self.draw((), store.summary)

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Draw the points anew when the sweep has changed."""
        state = self.store.tab(ThresholdProgress)
        if state.version != self._drawn:
            self._drawn = state.version
            self._show_rows(state)
        self._mark_threshold()

    def _show_rows(self, state: ThresholdProgress) -> None:
        record, rows = state.record, state.rows.values()
        is_known = any(row.quality.accuracy is not None for row in rows)
        self.loss.describe("accuracy", "" if is_known else self.tr("no questions were asked"), allowed=is_known)
        if rows and not is_known:
            self.loss.choose("tv")
        self._rows = [row for row in rows if words.against_exact(record, row) is not None and self._y(row) is not None]
        spots = [self._spot(record, row) for row in self._rows]
        self.plane.show_spots(spots, ends=self._ends(spots) if spots else None)

    def _show_anew(self) -> None:
        """Draw the same ways against another loss."""
        self._name_axis()
        self._drawn = ()
        self.draw((), self.store.summary)

    @property
    def _by_answers(self) -> bool:
        return self.loss.value() == "accuracy"

    def _name_axis(self) -> None:
        marks = self.tr("▲ exact  ◆ block  ■ gate ○ threshold  ▼ ensemble  ⬟ lenience  ● plain")
        fewer = self.tr("▲ exact ◆ block ■ gate ▼ ensemble ⬟ lenience ● plain")
        if self._by_answers:
            better, short = self.tr("Right and up is better.  {0}"), self.tr("↗ better  {0}")
            label = self.tr("share of right answers")
        else:
            better, short = self.tr("Right and down is better.  {0}"), self.tr("↘ better  {0}")
            label = self.tr("total variation")
        self.plane.name_left(label, better.format(marks), short.format(marks), short.format(fewer), fewer)

    def _y(self, row: SettingMeasured) -> float | None:
        return row.quality.accuracy if self._by_answers else row.quality.tv

    def _reach(self, row: SettingMeasured) -> Interval | None:
        return row.quality.accuracy_ci if self._by_answers else row.quality.tv_ci

    def _spot(self, record: ThresholdRecord, row: SettingMeasured) -> Spot:
        estimate, y = words.against_exact(record, row), self._y(row)
        assert estimate is not None and y is not None
        reach = speedups.ends(estimate)
        return Spot(
            words.short_name(row), words.MARKS[row.verification], estimate.value, y,
            _arms(estimate.value, reach), _arms(y, self._reach(row)),
        )  # fmt: skip

    def _ends(self, spots: Sequence[Spot]) -> tuple[float, float, float, float]:
        left = min(spot.x - spot.across[0] for spot in spots)
        right = max(spot.x + spot.across[1] for spot in spots)
        high = max(0.01, *(spot.y + spot.along[1] for spot in spots))
        low = min(spot.y - spot.along[0] for spot in spots) if self._by_answers else 0.0
        room = _ROOM * max(0.1, right - left)
        across, along = max(0.0, left - room), (high - low) or 0.05
        return across, right + room, low - _BELOW * along, high + _ROOM * along

    def _mark_threshold(self) -> None:
        """Put a ring around the point of the threshold that is looked at, if that was measured."""
        threshold = self.store.tab(ThresholdProgress).threshold
        picks = [SettingPick(row.verification, row.setting) for row in self._rows]
        own = SettingPick("sprinter", threshold)
        spots = [self.plane.spots[picks.index(own)]] if own in picks else []
        self.ring.setData([spot.x for spot in spots], [spot.y for spot in spots])

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        """Follow the colour scheme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._recolour()

    def _recolour(self) -> None:
        self.ring.setPen(pg.mkPen(theme.current().text, width=2))

    def table(self) -> Table:
        """Return the content of a CSV file of the plane."""
        record = self._record()
        speeds = [spot.x for spot in self.plane.spots]
        reaches = [self._reach(row) for row in self._rows]
        ys = np.array([spot.y for spot in self.plane.spots], dtype=np.float64)
        return Table(
            (words.scope(record),),
            (
                Column(self.tr("decoding"), np.array([words.name(row) for row in self._rows], dtype=object)),
                Column(self.tr("speed (× exact)"), np.array(speeds, dtype=np.float64)),
                Column(self.loss.currentText(), ys),
                Column(self.tr("low"), np.array([np.nan if each is None else each[0] for each in reaches])),
                Column(self.tr("high"), np.array([np.nan if each is None else each[1] for each in reaches])),
            ),
        )

    def choose_near(self, x: float, y: float) -> None:
        """Choose the point at a place of the plane, if one is near."""
        (left, right), (low, high) = self.plane.plot.getViewBox().viewRange()
        far = [
            (max(abs(spot.x - x) / (right - left), abs(spot.y - y) / (high - low)), place)
            for place, spot in enumerate(self.plane.spots)
        ]
        distance, place = min(far, default=(1.0, 0))
        if distance <= _NEAR:
            row = self._rows[place]
            self.store.tab(ThresholdProgress).choose(SettingPick(row.verification, row.setting))

    def _on_clicked(self, event: object) -> None:
        at = self.plane.plot.getViewBox().mapSceneToView(event.scenePos())  # type: ignore[attr-defined]
        self.choose_near(at.x(), at.y())

    def _record(self) -> ThresholdRecord:
        return self.store.tab(ThresholdProgress).record


def _arms(value: float, reach: Interval | None) -> tuple[float, float]:
    """How far an interval reaches below and above its value."""
    return (0.0, 0.0) if reach is None else (max(0.0, value - reach[0]), max(0.0, reach[1] - value))
