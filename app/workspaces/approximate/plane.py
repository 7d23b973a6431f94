"""Panel of the quality–latency plane: a point for each way of decoding, its loss against its speed."""

from collections.abc import Sequence

import numpy as np
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.panel import Panel
from app.plots.export import Column, Table
from app.plots.plane import Plane, Spot
from app.state.store import RunStore
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


class QualityPlanePanel(Panel):
    """A click on a point chooses its way of decoding."""

    every_ms = 250

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self._drawn: tuple[object, ...] = ()
        self._rows: list[SettingMeasured] = []
        self.plane = Plane(
            self.tr("Loss against speed"),
            (self.tr("speed, as a multiple of exact speculation at its best γ"), self.tr("total variation")),
            self.tr("Right and down is better.  ▲ exact  ◆ block  ■ gate  ▼ ensemble  ⬟ lenience  ● plain"),
            self.tr("Sweep: each threshold is a point here, beside exact speculation and what it competes with."),
            self, table=self.table, note=lambda: words.scope(self._record()),
        )  # fmt: skip
        self.plane.widget.setToolTip(self.tr("Click a point to read its figures; right-click or Shift+F10 export."))
        self.plane.widget.scene().sigMouseClicked.connect(self._on_clicked)
        self.plane.export_failed.connect(store.report)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.plane)
        self.draw((), store.summary)

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Draw the points anew when the sweep has changed."""
        record = self._record()
        drawn = (id(record), record.changes)
        if drawn == self._drawn:
            return
        self._drawn = drawn
        self._rows = [row for row in record.rows.values() if words.against_exact(record, row) is not None]
        spots = [_spot(record, row) for row in self._rows]
        self.plane.show_spots(spots, ends=_ends(spots) if spots else None)

    def table(self) -> Table:
        """Return the content of a CSV file of the plane."""
        record = self._record()
        speeds = [spot.x for spot in self.plane.spots]
        reaches = [row.quality.tv_ci for row in self._rows]
        return Table(
            (words.scope(record),),
            (
                Column(self.tr("decoding"), np.array([words.name(row) for row in self._rows], dtype=object)),
                Column(self.tr("speed (× exact)"), np.array(speeds, dtype=np.float64)),
                Column(self.tr("total variation"), np.array([row.quality.tv for row in self._rows], dtype=np.float64)),
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


def _spot(record: ThresholdRecord, row: SettingMeasured) -> Spot:
    estimate = words.against_exact(record, row)
    assert estimate is not None
    reach = speedups.ends(estimate)
    return Spot(
        words.short_name(row), words.MARKS[row.verification], estimate.value, row.quality.tv,
        _arms(estimate.value, reach), _arms(row.quality.tv, row.quality.tv_ci),
    )  # fmt: skip


def _arms(value: float, reach: Interval | None) -> tuple[float, float]:
    """How far an interval reaches below and above its value."""
    return (0.0, 0.0) if reach is None else (max(0.0, value - reach[0]), max(0.0, reach[1] - value))


def _ends(spots: Sequence[Spot]) -> tuple[float, float, float, float]:
    left = min(spot.x - spot.across[0] for spot in spots)
    right = max(spot.x + spot.across[1] for spot in spots)
    high = max(0.01, *(spot.y + spot.along[1] for spot in spots))
    room = _ROOM * max(0.1, right - left)
    return max(0.0, left - room), right + room, -0.06 * high, (1 + _ROOM) * high
