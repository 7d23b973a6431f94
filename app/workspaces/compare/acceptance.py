"""Plots of acceptance by position, and of where the drafter ranked what the target wanted instead."""

from PySide6.QtWidgets import QWidget

from app.plots.panel import tr
from app.state.store import RunStore
from app.workspaces.compare.lane_plot import LanePlot, LaneSeries
from app.workspaces.compare.record import ComparisonRecord


class LanePositionsPlot(LanePlot):
    """Accepted over tested tokens at each position of the draft."""

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(
            store, parent, title=tr("Acceptance by position"),
            caption=tr("Accepted ÷ tested; level and high is good."),
            axis=tr("share"), bottom=tr("position"),
            empty=tr("Acceptance at each position of the draft appears here, a line for each lane."),
        )  # fmt: skip

    def series_of(self, record: ComparisonRecord) -> list[LaneSeries]:
        """Return the share at each position that was tested."""
        series = []
        for lane in record.figures:
            tested = [(accepted, n) for accepted, n in lane.positions if n > 0]
            if tested:
                shares = tuple(min(1.0, max(0.0, accepted / n)) for accepted, n in tested)
                series.append(LaneSeries(lane.lane, record.mark(lane.lane), shares))
        return series


class LaneRanksPlot(LanePlot):
    """How often what the target wanted after a rejection was second, third, … of the drafter's list."""

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        self._most = 0
        super().__init__(
            store, parent, title=tr("What the target wanted instead"),
            caption=tr("Its place on the drafter's list; much at 2: try a tree."),
            axis=tr("share of rejections"), bottom=tr("place"),
            empty=tr("Where the drafter had ranked the token that the target wanted, for each rejection."),
        )  # fmt: skip

    def series_of(self, record: ComparisonRecord) -> list[LaneSeries]:
        """Return the share of each place."""
        ranked = [(lane, sum(lane.ranks)) for lane in record.figures if sum(lane.ranks) > 0]
        self._most = max((len(lane.ranks) for lane, _ in ranked), default=0)
        return [
            LaneSeries(lane.lane, record.mark(lane.lane), tuple(count / total for count in lane.ranks))
            for lane, total in ranked
        ]

    def tick(self, place: int) -> str:
        """Return the place: the list begins with the second, and ends with all further ones."""
        return f"{place + 1}+" if place == self._most else str(place + 1)
