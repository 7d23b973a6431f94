"""The plots over lengths: memory, prefill, decoding, speedup, tokens per round and acceptance."""

from collections.abc import Callable, Iterator

from PySide6.QtWidgets import QWidget

from app.plots.panel import tr
from app.plots.series_plot import Series, SeriesPoint
from app.state.requests import NO_DRAFTER
from app.state.store import RunStore
from app.widgets.lane_marks import PLAIN_MARK
from app.words import quantities
from app.workspaces.longcontext import words
from app.workspaces.longcontext.length_plot import LengthPlot, length_series
from app.workspaces.longcontext.record import LengthRecord, is_plain
from engine.events import KvPrediction, LengthMeasured
from engine.statistics import Interval

_MEGABYTE = 1e6


class MemoryPlot(LengthPlot):
    """Keys and values of the target and of each drafter: predicted lines, measured points."""

    least = 1.0

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(
            store, parent, title=tr("K/V memory"),
            caption=tr("● target; dashed: predicted. Level is good."),
            axis=tr("MB"),
            empty=tr("Keys and values of target and drafters appear here: predicted as a line, then measured points."),
        )  # fmt: skip

    def series_of(self, record: LengthRecord) -> list[Series]:
        """Return the target's memory, and that of each drafter."""
        series = [*_target_memory(record)]
        for drafter in record.drafters:
            if not is_plain(drafter):
                series += _drafter_memory(record, drafter)
        return series

    def write(self, value: float) -> str:
        """Return an amount of memory."""
        return quantities.memory(value * _MEGABYTE)


def _predictions(record: LengthRecord, drafter: str) -> list[KvPrediction]:
    all_of_them = () if record.started is None else record.started.predictions
    return sorted((each for each in all_of_them if each.drafter == drafter), key=lambda each: each.length)


def _target_memory(record: LengthRecord) -> Iterator[Series]:
    predicted = {each.length: each for drafter in record.drafters for each in _predictions(record, drafter)}
    name = tr("target")
    if predicted:
        line = tuple(SeriesPoint(n, predicted[n].kv_bytes_target / _MEGABYTE) for n in sorted(predicted))
        yield length_series(NO_DRAFTER, PLAIN_MARK, line, predicted=True, name=name)
    points = {point.n_prompt: point for drafter in record.drafters for point in record.points(drafter)}
    measured = [point for _, point in sorted(points.items()) if point.kv_bytes_target is not None]
    if measured:
        own = tuple(SeriesPoint(point.n_prompt, (point.kv_bytes_target or 0) / _MEGABYTE) for point in measured)
        yield length_series(NO_DRAFTER, PLAIN_MARK, own, name=name)


def _drafter_memory(record: LengthRecord, drafter: str) -> Iterator[Series]:
    mark = record.mark(drafter)
    predicted = [each for each in _predictions(record, drafter) if not each.why_not]
    if predicted:
        line = tuple(SeriesPoint(each.length, each.kv_bytes_drafter / _MEGABYTE) for each in predicted)
        yield length_series(drafter, mark, line, predicted=True)
    own = _points(record, drafter, lambda point: point.kv_bytes_drafter, scale=1 / _MEGABYTE)
    if own:
        yield length_series(drafter, mark, own)


class PrefillPlot(LengthPlot):
    """Reading the text: the target alone, beside the bare products, and each drafter's own part of it."""

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(
            store, parent, title=tr("Prefill"),
            caption=tr("● target; dashed: bare products. Others: their part."),
            axis=tr("ms"), empty=tr("The time to read a text of each length appears here, drafters apart."),
        )  # fmt: skip

    def series_of(self, record: LengthRecord) -> list[Series]:
        """Return the target's prefill, the bare products, and the drafters' parts."""
        prefills = [record.prefills[length] for length in sorted(record.prefills)]
        bare = tuple(SeriesPoint(each.length, each.bare_ms) for each in prefills if each.bare_ms is not None)
        target = tuple(SeriesPoint(each.length, each.ms) for each in prefills)
        series = [length_series(NO_DRAFTER, PLAIN_MARK, bare, predicted=True, name=tr("bare"))] if bare else []
        series += [length_series(NO_DRAFTER, PLAIN_MARK, target, name=tr("target"))] if target else []
        return series + _by_drafter(record, lambda point: point.drafter_prefill_ms)

    def write(self, value: float) -> str:
        """Return a time."""
        return quantities.milliseconds(value)


class DecodePlot(LengthPlot):
    """Time per new token, of plain decoding and with each drafter."""

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(
            store, parent, title=tr("Decoding"), caption=tr("Below ● drafting pays; without prefill."),
            axis=tr("ms a token"), empty=tr("The time per new token at each length appears here."),
        )  # fmt: skip

    def series_of(self, record: LengthRecord) -> list[Series]:
        """Return the times of plain decoding and of each drafter."""
        return _by_drafter(record, lambda point: point.ms_per_token, plain=True)

    def write(self, value: float) -> str:
        """Return a time."""
        return quantities.milliseconds(value)


class SpeedupPlot(LengthPlot):
    """Plain time per token over that with a drafter, with intervals or ranges."""

    level = 1.0
    least = 1.2

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(
            store, parent, title=tr("Speedup"), caption=tr("Below the dotted line it is a loss."),
            axis=tr("× plain"), empty=tr("The speedup of each drafter at each length appears here."),
        )  # fmt: skip

    def series_of(self, record: LengthRecord) -> list[Series]:
        """Return the speedups."""
        return _by_drafter(record, lambda point: point.speedup, reach=_speedup_reach)

    def write(self, value: float) -> str:
        """Return a factor."""
        return quantities.times(value)


class TauPlot(LengthPlot):
    """Tokens per round over lengths."""

    level = 1.0
    least = 2.0

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(
            store, parent, title=tr("Tokens per round τ"), caption=tr("Level is good: the drafter bears the length."),
            axis="τ", empty=tr("Tokens per round at each length appear here; plain decoding has 1."),
        )  # fmt: skip

    def series_of(self, record: LengthRecord) -> list[Series]:
        """Return the tokens per round."""
        return _by_drafter(record, lambda point: point.tau)


class AlphaPlot(LengthPlot):
    """Acceptance rate over lengths, with its interval."""

    least = most = 1.0

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(
            store, parent, title=tr("Acceptance rate α"), caption=tr("Accepted ÷ tested, with its 95 % interval."),
            axis="α", empty=tr("The acceptance rate at each length appears here."),
        )  # fmt: skip

    def series_of(self, record: LengthRecord) -> list[Series]:
        """Return the acceptance rates."""
        return _by_drafter(record, lambda point: point.alpha, reach=lambda point: point.alpha_ci)


def _speedup_reach(point: LengthMeasured) -> Interval | None:
    estimate = words.estimate(point)
    return None if estimate is None else estimate.ci or estimate.range


def _by_drafter(
    record: LengthRecord,
    value: Callable[[LengthMeasured], float | None],
    *,
    reach: Callable[[LengthMeasured], Interval | None] | None = None,
    plain: bool = False,
) -> list[Series]:
    """A series for each drafter that has values; plain: also for plain decoding."""
    drafters = [drafter for drafter in record.drafters if plain or not is_plain(drafter)]
    series = [length_series(each, record.mark(each), _points(record, each, value, reach=reach)) for each in drafters]
    return [own for own in series if own.points]


def _points(
    record: LengthRecord,
    drafter: str,
    value: Callable[[LengthMeasured], float | None],
    *,
    reach: Callable[[LengthMeasured], Interval | None] | None = None,
    scale: float = 1.0,
) -> tuple[SeriesPoint, ...]:
    valued = [(point, value(point)) for point in record.points(drafter)]
    return tuple(
        SeriesPoint(point.n_prompt, scale * figure, None if reach is None else reach(point))
        for point, figure in valued
        if figure is not None
    )
