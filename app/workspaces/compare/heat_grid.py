"""The speedup of every drafter at every draft length, as measured and as predicted, and as it is painted."""

from math import log
from typing import NamedTuple

from app.plots.heat_canvas import HeatCell, HeatGrid
from app.text.plain_text import one_line
from app.workspaces.compare.record import ComparisonRecord
from app.workspaces.compare.words import tr
from engine.experiments.lane_specs import is_tree

# The factor from which on a cell has all of its colour.
_FULL_AT = 2.0


class SpeedupCell(NamedTuple):
    """A drafter at a draft length; a measured cell may have been predicted before."""

    drafter: str
    gamma: int
    predicted: float | None
    measured: float | None

    @property
    def speedup(self) -> float | None:
        """The measured speedup, else the predicted one."""
        return self.predicted if self.measured is None else self.measured


class SpeedupGrid(NamedTuple):
    """drafters: the rows; gammas: the columns; cells: by both."""

    drafters: tuple[str, ...]
    gammas: tuple[int, ...]
    cells: dict[tuple[str, int], SpeedupCell]

    def painted(self) -> HeatGrid:
        """What the canvas shows of it."""
        places = {
            (row, column): (drafter, gamma)
            for row, drafter in enumerate(self.drafters)
            for column, gamma in enumerate(self.gammas)
        }
        cells = {at: _painted(cell) for at, key in places.items() if (cell := self.cells.get(key)) is not None}
        readings = {at: _reading(*key, self.cells.get(key)) for at, key in places.items()}
        return HeatGrid(self.drafters, tuple(map(str, self.gammas)), cells, readings, "γ")

    def place_of(self, drafter: str, gamma: int) -> tuple[int, int] | None:
        """The row and column of a drafter at a draft length, if there are both."""
        is_there = drafter in self.drafters and gamma in self.gammas
        return (self.drafters.index(drafter), self.gammas.index(gamma)) if is_there else None


def _painted(cell: SpeedupCell) -> HeatCell:
    speedup = cell.speedup or 0.0
    ways = (f"{speedup:.2f}×", f"{speedup:.2f}", f"{speedup:.1f}")
    return HeatCell(ways, "good" if speedup >= 1 else "bad", _strength(speedup), cell.measured is not None)


def _strength(speedup: float) -> float:
    """How strong the colour of a cell is: least at 1×, the same for twice as fast and half as fast."""
    factor = abs(log(min(1e6, max(1e-6, speedup)))) / log(_FULL_AT)
    return min(1.0, 0.25 + 0.75 * factor)


def _reading(drafter: str, gamma: int, cell: SpeedupCell | None) -> str:
    """What is known of a drafter at a draft length, in words."""
    name = tr("{0} at γ {1}").format(one_line(drafter), gamma)
    if cell is None:
        return tr("{0}: neither predicted nor measured").format(name)
    parts = []
    if cell.measured is not None:
        parts.append(tr("measured {0:.2f}×").format(cell.measured))
    if cell.predicted is not None:
        parts.append(tr("predicted {0:.2f}×").format(cell.predicted))
    return tr("{0}: {1}").format(name, ", ".join(parts))


def heat_grid(record: ComparisonRecord) -> SpeedupGrid:
    """Return what was predicted and measured of each drafter at each draft length."""
    cells: dict[tuple[str, int], SpeedupCell] = {}
    predictions = () if record.measured is None else record.measured.predictions
    for prediction in predictions:
        cells[prediction.drafter, prediction.gamma] = SpeedupCell(
            prediction.drafter, prediction.gamma, prediction.predicted, prediction.measured
        )
    # These have no draft length of their own.
    trees = {lane.name for lane in record.lanes if is_tree(lane) or not lane.gamma}
    for lane in record.figures:
        if lane.lane in trees or lane.speedup is None or lane.policy:
            continue
        before = cells.get((lane.drafter, lane.gamma))
        predicted = lane.predicted_speedup if before is None else before.predicted
        cells[lane.drafter, lane.gamma] = SpeedupCell(lane.drafter, lane.gamma, predicted, lane.speedup.value)
    drafters = tuple(dict.fromkeys(cell.drafter for cell in cells.values()))
    return SpeedupGrid(drafters, tuple(sorted({cell.gamma for cell in cells.values()})), cells)
