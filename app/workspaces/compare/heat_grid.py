"""The speedup of every drafter at every draft length, as measured and as predicted; pure."""

from typing import NamedTuple

from app.workspaces.compare.record import ComparisonRecord
from engine.events import PLAIN_LANE
from engine.experiments.lane_specs import is_tree


class HeatCell(NamedTuple):
    """A drafter at a draft length; a measured cell may have been predicted before."""

    drafter: str
    gamma: int
    predicted: float | None
    measured: float | None

    @property
    def speedup(self) -> float | None:
        """The measured speedup, else the predicted one."""
        return self.predicted if self.measured is None else self.measured


class HeatGrid(NamedTuple):
    """drafters: the rows; gammas: the columns; cells: by both."""

    drafters: tuple[str, ...]
    gammas: tuple[int, ...]
    cells: dict[tuple[str, int], HeatCell]


def heat_grid(record: ComparisonRecord) -> HeatGrid:
    """Return what was predicted and measured of each drafter at each draft length."""
    cells: dict[tuple[str, int], HeatCell] = {}
    predictions = () if record.measured is None else record.measured.predictions
    for prediction in predictions:
        cells[prediction.drafter, prediction.gamma] = HeatCell(
            prediction.drafter, prediction.gamma, prediction.predicted, prediction.measured
        )
    trees = {lane.name for lane in record.lanes if is_tree(lane)}  # they have no draft length of their own
    for lane in record.figures:
        if lane.lane == PLAIN_LANE or lane.lane in trees or lane.speedup is None or lane.policy:
            continue
        before = cells.get((lane.drafter, lane.gamma))
        predicted = lane.predicted_speedup if before is None else before.predicted
        cells[lane.drafter, lane.gamma] = HeatCell(lane.drafter, lane.gamma, predicted, lane.speedup.value)
    drafters = tuple(dict.fromkeys(cell.drafter for cell in cells.values()))
    return HeatGrid(drafters, tuple(sorted({cell.gamma for cell in cells.values()})), cells)
