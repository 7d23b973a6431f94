"""Plots over the steps of a training: the loss, and how often the drafter agrees with the target."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import pyqtgraph as pg
from PySide6.QtWidgets import QWidget

from app import theme
from app.plots.axis import round_end, top_of
from app.plots.curve import Curve, range_for
from app.plots.export import Column, Table
from app.plots.panel import PlotPanel, tr
from app.state.selection import Selection
from app.state.store import RunStore
from app.text.plain_text import one_line
from app.workspaces.train.training import TrainingRunProgress
from engine.events import Event
from engine.runs.summary import Summary

# With fewer steps the points would be too far apart.
_FEWEST_STEPS = 4
_MARK_SIZE, _BEAM = 9, 0.02
# The drafter that was kept: its step, its alpha, and the interval of that alpha.
KeptDrafter: TypeAlias = tuple[int, float, tuple[float, float]]


class TrainingPlot(PlotPanel):
    """A series of the newest training. It has no rounds to select: mouse and keys read off the nearest step."""

    series = ""
    # The share of the axis left free beyond the last step.
    room = 0.0

    def __init__(
        self,
        store: RunStore,
        parent: QWidget | None,
        *,
        title: str,
        caption: str,
        axis: str,
        key: str,
        colour: str,
        empty: str,
        more_keys: tuple[tuple[str, str, str], ...] = (),
    ) -> None:
        super().__init__(
            store, parent, title=title, caption=caption, axis=axis, bottom=tr("step"),
            keys=(("━", key, colour), *more_keys), empty=empty,
        )  # fmt: skip
        self._colour = colour
        self.curve = Curve(self.plot)
        # The axis shows the step numbers of the training unchanged; rounds are shown counted from 1.
        self.widget.rounds.first = 0
        self._number = -1
        self.widget.setToolTip(tr("Point or ← → to read a step; right-click or Shift+F10 export."))
        self.recolour()
        self.draw((), Summary())

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Append the new points of the training; runs do not matter here."""
        record = self.store.tab(TrainingRunProgress).record
        if record.number != self._number:
            self._number = record.number
            self.curve.clear()
        points = record.series.get(self.series, [])[len(self.curve.x) :]
        if points:
            self.curve.extend([float(step) for step, _ in points], [value for _, value in points])
            self.curve.show()
        self.set_range(0.0, (1 + self.room) * self._end(), self.top())
        self.say_empty(Summary(), empty=not len(self.curve.x))

    def _end(self) -> int:
        """The last planned step, or the last step made once the training has ended."""
        record = self.store.tab(TrainingRunProgress).record
        if record.state in ("training", "torn") and record.started is not None:
            return max(_FEWEST_STEPS, record.started.steps)
        return max(_FEWEST_STEPS, record.last_step) if record.last_step else range_for(0)

    def top(self) -> float:
        """Return the upper end of the value axis."""
        return 1.0

    def mark(self, selection: Selection | None) -> None:
        """Do nothing: the axis is steps, not rounds."""

    def reading(self, at: int) -> str | None:
        """Return the value at the nearest step."""
        if not len(self.curve.x):
            return None
        nearest = int(np.argmin(np.abs(self.curve.x - at)))
        return tr("step {0:,.0f}: {1:.3f}").format(self.curve.x[nearest], self.curve.y[nearest])

    def columns(self) -> tuple[Column, ...]:
        """Return every point."""
        return Column(tr("step"), self.curve.x), Column(self.title, self.curve.y)

    def table(self) -> Table:
        """Return the content of a CSV file of the plot."""
        command = self.store.tab(TrainingRunProgress).record.command
        notes = [self.title] if command is None else [self.title, one_line(command.target), one_line(command.out)]
        return Table(tuple(notes), tuple(Column(title, values.copy()) for title, values in self.columns()))

    def paint_items(self, colours: theme.Colours) -> None:
        """Paint the curve in its colour."""
        self.curve.item.setPen(pg.mkPen(getattr(colours, self._colour), width=2))

    def _select(self, number: int) -> None:
        """Read off a step; a negative number means the last."""
        if len(self.curve.x):
            last = int(self.curve.x[-1])
            self._pointed = last if number < 0 else min(number, last)
            self._read()

    def _on_stepped(self, by: int) -> None:
        steps = self.curve.x
        if len(steps):
            current = len(steps) - 1 if self._pointed is None else int(np.argmin(np.abs(steps - self._pointed)))
            self._select(int(steps[max(0, min(len(steps) - 1, current + by))]))


class LossPlot(TrainingPlot):
    """The training loss at each step."""

    series = "loss"
    _objective = ""

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(
            store, parent, title=tr("Loss"), caption=tr("What training lowers, a token; falling is good."),
            axis=tr("nats a token"), key=tr("loss"), colour="accent", empty=tr("The loss appears with the first step."),
        )  # fmt: skip

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Draw the loss, with the unit of the training's objective."""
        super().draw(new, summary)
        started = self.store.tab(TrainingRunProgress).record.started
        if started is not None and started.objective != self._objective:
            self._objective = started.objective
            unit = tr("distance, 0 to 1") if started.objective == "total-variation" else tr("nats a token")
            self.plot.setLabel("left", unit)

    def top(self) -> float:
        """Return an upper end that the usual losses stay below."""
        usual = [self.curve.usual_most()] if len(self.curve.x) else []
        return round_end(max(0.1, 1.1 * usual[0])) if usual and usual[0] < 1 else top_of(usual, least=1.0)


class HeldOutPlot(TrainingPlot):
    """Greedy alpha on held-out texts, at each evaluation."""

    series = "alpha"
    room = 0.03

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        self._marked: KeptDrafter | None = None
        self.mark_item = pg.ScatterPlotItem(size=_MARK_SIZE, symbol="o")
        self.bar = pg.ErrorBarItem()
        super().__init__(
            store, parent, title=tr("Held-out acceptance rate α"),
            caption=tr("Drafts accepted on texts kept from training; high is good."),
            axis="α", key="α", colour="accepted", empty=tr("α appears with the first look at the held-out texts."),
            more_keys=(("●", tr("kept, 95 %"), "text"),),
        )  # fmt: skip
        for item in (self.mark_item, self.bar):
            item.setVisible(False)
            self.plot.addItem(item)
        self.tell_keys(
            (
                tr("Share of the target's own greedy tokens that the drafter would have proposed, after each look."),
                tr("The drafter that was kept: the best of all looks, with its 95 % interval from ten texts on."),
            )
        )

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Draw the curve, and mark the drafter that was kept."""
        super().draw(new, summary)
        kept_drafter = self._kept_drafter()
        if kept_drafter == self._marked:
            return
        self._marked = kept_drafter
        for item in (self.mark_item, self.bar):
            item.setVisible(kept_drafter is not None)
        if kept_drafter is not None:
            step, alpha, (low, high) = kept_drafter
            x, y = np.array([step], dtype=np.float64), np.array([alpha])
            self.mark_item.setData(x, y)
            beam = _BEAM * max(1.0, float(self._end()))
            self.bar.setData(x=x, y=y, top=np.array([high - alpha]), bottom=np.array([alpha - low]), beam=beam)

    def _kept_drafter(self) -> KeptDrafter | None:
        record = self.store.tab(TrainingRunProgress).record
        after = record.figures.get("after")
        if record.finished is None or after is None:
            return None
        return record.finished.best_step, after.alpha, after.alpha_ci or (after.alpha, after.alpha)

    def paint_items(self, colours: theme.Colours) -> None:
        """Paint the curve, and the kept drafter in the colour of text, as it is not another series."""
        super().paint_items(colours)
        self.mark_item.setBrush(pg.mkBrush(colours.text))
        self.mark_item.setPen(pg.mkPen(None))
        self.bar.setData(pen=pg.mkPen(colours.text, width=2))
