"""Plot of the acceptance rate by position in the text: of every length measured, and of the run on show."""

from collections.abc import Sequence

from PySide6.QtWidgets import QWidget

from app.plots.panel import tr
from app.plots.series_plot import Series, SeriesPoint
from app.state.store import RunStore
from app.widgets.lane_marks import LaneMark
from app.workspaces.longcontext.length_plot import LengthPlot, length_series
from app.workspaces.longcontext.record import LengthRecord, is_plain
from engine.events import Event, RoundFinished, RunStarted
from engine.runs.summary import Summary

# A point of the run for so many new tokens; longer runs have longer stretches, so that few points are drawn.
_STRETCH, _MOST_STRETCHES = 16, 64
_RUN_MARK = LaneMark("star", "✶", "text")


class _Stretch:
    """Rounds of the run that follow one another."""

    def __init__(self, first: int) -> None:
        self.first = self.end = first
        self.n_accepted = self.n_tested = 0

    def take(self, event: RoundFinished) -> None:
        """Count a round."""
        self.n_accepted += event.n_accepted
        self.n_tested += event.n_tested
        self.end += len(event.emitted)

    def join(self, following: "_Stretch") -> None:
        """Take in the stretch that follows."""
        self.n_accepted += following.n_accepted
        self.n_tested += following.n_tested
        self.end = following.end


class PositionPlot(LengthPlot):
    """The axis is linear, since stretches lie side by side."""

    least = most = 1.0

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        self._stretches: list[_Stretch] = []
        self._length, self._drafter = _STRETCH, ""
        super().__init__(
            store, parent, title=tr("Acceptance by position"),
            caption=tr("α along the text; ✶ the run on show."),
            axis="α", bottom=tr("position"),
            empty=tr("How acceptance changes along the text appears here, from every length and from the run."),
        )  # fmt: skip

    def place(self, length: float) -> float:
        """Return the position itself."""
        return length

    def show_ticks(self) -> None:
        """Leave the positions to the axis: there are too many to name."""
        self.widget.rounds.first = 0
        self.plot.getAxis("bottom").setTicks(None)

    def clear(self) -> None:
        """Forget the run."""
        self._stretches, self._length = [], _STRETCH

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Take in new rounds, and redraw where there is anything new."""
        for event in new:
            if isinstance(event, RunStarted):
                self._stretches = [_Stretch(len(event.prompt_ids))]
                self._drafter = event.drafter
            elif isinstance(event, RoundFinished) and self._stretches:
                self._take(event)
        if new:
            self._drawn = ()
        super().draw(new, summary)

    def _take(self, event: RoundFinished) -> None:
        last = self._stretches[-1]
        if last.end - last.first >= self._length:
            last = _Stretch(last.end)
            self._stretches.append(last)
        last.take(event)
        if len(self._stretches) > _MOST_STRETCHES:
            self._halve()

    def _halve(self) -> None:
        """Join stretches by twos."""
        self._length *= 2
        pairs = list(zip(self._stretches[::2], self._stretches[1::2], strict=False))
        for first, second in pairs:
            first.join(second)
        self._stretches = self._stretches[::2]

    def series_of(self, record: LengthRecord) -> list[Series]:
        """Return the stretches of each drafter, over all lengths, and those of the run."""
        series = []
        for drafter in record.drafters:
            stretches = [stretch for point in record.points(drafter) for stretch in point.stretches]
            points = sorted(
                SeriesPoint((stretch.first + stretch.last) / 2, stretch.alpha)
                for stretch in stretches
                if stretch.alpha is not None
            )
            if points and not is_plain(drafter):
                series.append(length_series(drafter, record.mark(drafter), tuple(points)))
        of_run = tuple(
            SeriesPoint((stretch.first + stretch.end) / 2, stretch.n_accepted / stretch.n_tested)
            for stretch in self._stretches
            if stretch.n_tested
        )
        return [*series, length_series(self._drafter, _RUN_MARK, of_run, name=tr("run on show"))] if of_run else series
