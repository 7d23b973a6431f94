"""Base class of the plots over lengths: a series for each drafter of the measurement on show."""

from collections.abc import Sequence

from PySide6.QtWidgets import QWidget

from app.plots.export import Table
from app.plots.panel import tr
from app.plots.series_plot import Series, SeriesPlot, SeriesPoint
from app.state.store import RunStore
from app.text.plain_text import one_line
from app.widgets.lane_marks import LaneMark
from app.workspaces.longcontext import words
from app.workspaces.longcontext.record import LengthPick, LengthRecord
from app.workspaces.longcontext.state import LengthProgress
from engine.events import Event
from engine.runs.summary import Summary


def length_series(
    drafter: str, mark: LaneMark, points: tuple[SeriesPoint, ...], *, predicted: bool = False, name: str = ""
) -> Series:
    """Return the series of a drafter. name: tells it from other series of the drafter."""
    return Series(drafter, mark, points, predicted, " ".join(filter(None, (words.drafter_name(drafter), name))))


class LengthPlot(SeriesPlot):
    """A click chooses a length, at the drafter that is chosen."""

    def __init__(
        self, store: RunStore, parent: QWidget | None, *, title: str, caption: str, axis: str, empty: str,
        bottom: str = "",
    ) -> None:  # fmt: skip
        super().__init__(
            store, parent, title=title, caption=caption, axis=axis, bottom=bottom or tr("tokens"), empty=empty
        )

    def series_of(self, record: LengthRecord) -> list[Series]:
        """Return the series of a measurement; for a subclass to define."""
        return []

    def tip(self) -> str:
        """Return what mouse and keys do."""
        return tr("Point or ← → to read a length, click to choose it; right-click or Shift+F10 export.")

    def is_chosen(self, series: Series) -> bool:
        """Return whether a series is of the chosen drafter."""
        pick = self.store.tab(LengthProgress).pick
        return pick is not None and series.key == pick.drafter

    def named_xs(self) -> Sequence[float]:
        """Return the lengths that were asked for."""
        started = self.record.started
        return self.xs if started is None else started.lengths

    @property
    def record(self) -> LengthRecord:
        """The measurement on show."""
        return self.store.tab(LengthProgress).record

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Redraw when the measurement has changed or another combination is chosen."""
        progress = self.store.tab(LengthProgress)
        drawn = (progress.record.number, progress.record.changes, progress.pick)
        if drawn != self._drawn:
            self._drawn = drawn
            self.show_series(tuple(self.series_of(progress.record)))

    def table(self) -> Table:
        """Return the content of a CSV file of the plot."""
        return Table((f"draftscope: {self.title}", one_line(words.scope(self.record), longest=1000)), self.columns())

    def note(self) -> str:
        """Return which mark is which drafter, and what the figures hold for."""
        record = self.record
        if record.started is None:
            return ""
        lanes = "   ".join(f"{record.mark(each).glyph} {words.drafter_name(each)}" for each in record.drafters)
        return f"{lanes}\n{words.scope(record)}"

    def origin(self) -> str:
        """Return the name of the text."""
        return "" if self.record.started is None else one_line(self.record.started.text, longest=16)

    def choose(self, x: float) -> None:
        """Choose the length asked for that a place belongs to, at the drafter that is chosen."""
        progress = self.store.tab(LengthProgress)
        asked = () if self.record.started is None else self.record.started.lengths
        length = min(asked, key=lambda length: abs(length - x), default=None)
        if progress.pick is not None and length is not None:
            progress.choose(LengthPick(length, progress.pick.drafter))
