"""The kinds of plots in reports: whiskers, points against points, lines, bars, a map of cells.

* imports neither Qt nor torch."""

from collections.abc import Sequence
from math import isfinite, log
from typing import NamedTuple

from engine.reports import svg
from engine.reports.palette import Paint, lane_paint
from engine.reports.svg import WIDTH, Plot, Scale
from engine.reports.words import times
from engine.statistics import Interval

_DASHES = ("", "6 3", "2 3", "8 3 2 3", "1 4", "10 4")
_ROW, _AXIS = 26, 44
_HEIGHT, _LEFT, _RIGHT, _TOP = 260, 56, WIDTH - 12, 14
_LONGEST_LEGEND = 30


class WhiskerRow(NamedTuple):
    """A figure of a lane with its interval. lane: its place, which its symbol and colour follow from."""

    name: str
    lane: int
    value: float
    extent: Interval | None
    verdict: str


class ChartSeries(NamedTuple):
    """A line of a plot."""

    name: str
    lane: int
    points: tuple[tuple[float, float], ...]


class MapCell(NamedTuple):
    """A cell of a map. value: above 1 good, below bad; None stays empty. measured: rather than predicted."""

    value: float | None
    measured: bool = True


def whiskers(title: str, caption: str, axis: str, rows: Sequence[WhiskerRow]) -> Plot:
    """Figures with their intervals, one under the other, beside a line at 1."""
    names = [svg.short_label(row.name) for row in rows]
    left = min(260.0, svg.label_width(names) + 36)
    right = WIDTH - svg.label_width([row.verdict for row in rows]) - 20
    ends = [end for row in rows for end in (row.value, *(row.extent or ())) if isfinite(end)]
    values = svg.ticks(min([*ends, 1.0]) - 0.05, max([*ends, 1.0]) + 0.05)
    scale = Scale(values[0], values[-1], left, right)
    bottom = 8 + _ROW * len(rows)
    parts = svg.bottom_axis(scale, values, bottom, axis, top=4)
    parts.append(svg.line(scale.at(1), 4, scale.at(1), bottom, paint="muted", width=1.5, dash="4 3"))
    for i, (row, name) in enumerate(zip(rows, names, strict=True)):
        y = 8 + _ROW * (i + 0.5)
        paint = lane_paint(row.lane)
        parts += [svg.mark(12, y, row.lane, paint=paint), svg.label(24, y + 4, name)]
        parts += _whisker(scale, row, y, paint)
        parts.append(svg.label(right + 12, y + 4, row.verdict))
    return svg.picture(title, caption, bottom + _AXIS, parts)


def _whisker(scale: Scale, row: WhiskerRow, y: float, paint: Paint) -> list[str]:
    parts = []
    if row.extent is not None:
        low, high = map(scale.at, row.extent)
        parts = [svg.line(low, y, high, y, paint=paint, width=2)]
        parts += [svg.line(end, y - 5, end, y + 5, paint=paint, width=2) for end in (low, high)]
    return [*parts, svg.mark(scale.at(row.value), y, row.lane, paint=paint)]


def against(title: str, caption: str, axes: tuple[str, str], series: Sequence[ChartSeries]) -> Plot:
    """Points whose two coordinates should be equal, beside the line on which they are."""
    values = [value for line in series for point in line.points for value in point]
    marks = svg.ticks(min([*values, 1.0]) - 0.05, max([*values, 1.0]) + 0.05)
    top = _legend_height(series)
    across = Scale(marks[0], marks[-1], _LEFT, _RIGHT)
    up = Scale(marks[0], marks[-1], top + _HEIGHT, top)
    parts = [*_legend(series), *svg.bottom_axis(across, marks, up.start, axes[0], top=top)]
    parts += svg.left_axis(up, marks, _LEFT, axes[1], right=_RIGHT)
    parts.append(svg.line(_LEFT, up.start, _RIGHT, top, paint="muted", width=1.5, dash="4 3"))
    for line in series:
        parts += [svg.mark(across.at(x), up.at(y), line.lane, paint=lane_paint(line.lane)) for x, y in line.points]
    return svg.picture(title, caption, top + _HEIGHT + _AXIS, parts)


def lines(
    title: str, caption: str, axes: tuple[str, str], series: Sequence[ChartSeries], *, top_value: float | None = None
) -> Plot:
    """Lines with their marks, from 0 on. top_value: of the vertical axis, where it is known."""
    points = [point for line in series for point in line.points]
    xs, ys = [x for x, _ in points], [y for _, y in points]
    top = _legend_height(series)
    up_marks = svg.ticks(min([0.0, *ys]), max([*ys, 0.0]) if top_value is None else top_value)
    across_marks = _whole_ticks(min(xs, default=0.0), max(xs, default=1.0))
    across = Scale(min(across_marks), max(across_marks), _LEFT + 12, _RIGHT - 12)
    up = Scale(up_marks[0], up_marks[-1], top + _HEIGHT, top)
    parts = [*_legend(series), *svg.bottom_axis(across, across_marks, up.start, axes[0], top=top)]
    parts += svg.left_axis(up, up_marks, _LEFT, axes[1], right=_RIGHT)
    for line in series:
        paint, places = lane_paint(line.lane), [(across.at(x), up.at(y)) for x, y in line.points]
        parts.append(svg.path(places, paint=paint, dash=_DASHES[line.lane % len(_DASHES)]))
        if len(places) <= 64:
            parts += [svg.mark(x, y, line.lane, paint=paint) for x, y in places]
    return svg.picture(title, caption, top + _HEIGHT + _AXIS, parts)


def _whole_ticks(low: float, high: float) -> tuple[float, ...]:
    if high - low <= 12 and float(low).is_integer() and float(high).is_integer():
        return tuple(float(i) for i in range(int(low), int(high) + 1)) if high > low else (low - 1, low, low + 1)
    return svg.ticks(low, high, 8)


def bars(title: str, caption: str, axes: tuple[str, str], heads: Sequence[str], series: Sequence[ChartSeries]) -> Plot:
    """Bars side by side; each has its lane's symbol on top. heads: under the groups; points: (group, share in %)."""
    top = _legend_height(series) + 10
    marks = svg.ticks(0.0, max([y for line in series for _, y in line.points], default=1.0))
    up = Scale(0.0, marks[-1], top + _HEIGHT, top)
    parts = [*_legend(series), *svg.left_axis(up, marks, _LEFT, axes[1], right=_RIGHT)]
    width = (_RIGHT - _LEFT) / max(1, len(heads))
    bar = min(40.0, width * 0.8 / max(1, len(series)))
    for i, head in enumerate(heads):
        middle = _LEFT + width * (i + 0.5)
        parts.append(svg.label(middle, up.start + 16, head, anchor="middle", paint="muted"))
    for place, line in enumerate(series):
        paint = lane_paint(line.lane)
        for group, share in line.points:
            x = _LEFT + width * (group + 0.5) + bar * (place - len(series) / 2)
            parts.append(svg.box(x + 1, up.at(share), bar - 2, up.start - up.at(share), paint=paint, opacity=0.75))
            if share > 0:
                parts.append(svg.mark(x + bar / 2, up.at(share) - 8, line.lane, paint=paint))
    parts.append(svg.label((_LEFT + _RIGHT) / 2, up.start + 34, axes[0], anchor="middle", paint="muted"))
    return svg.picture(title, caption, round(top + _HEIGHT + _AXIS), parts)


def cell_map(
    title: str, caption: str, axes: tuple[str, str], heads: Sequence[str], rows: Sequence[tuple[str, Sequence[MapCell]]]
) -> Plot:
    """Rows of cells with their values written in them, tinted by how far they are from 1; the best has a frame."""
    names = [svg.short_label(name) for name, _ in rows]
    left = min(260.0, svg.label_width(names) + 24)
    width, height = min(72.0, (WIDTH - left - 8) / max(1, len(heads))), 34
    values = [cell.value for _, cells in rows for cell in cells if cell.value is not None]
    best, reach = max(values, default=1.0), max(map(_distance, values), default=1.0) or 1.0
    parts = [svg.label(left - 8, 16, axes[1], anchor="end", paint="muted")]
    parts += [
        svg.label(left + width * (i + 0.5), 16, head, anchor="middle", paint="muted") for i, head in enumerate(heads)
    ]
    for i, (name, (_, cells)) in enumerate(zip(names, rows, strict=True)):
        y = 24 + height * i
        parts.append(svg.label(left - 8, y + height / 2 + 4, name, anchor="end"))
        for j, cell in enumerate(cells):
            parts += _cell(left + width * j + 1, y + 1, cell, _CellLook(width - 2, height - 2, reach, best))
    bottom = 24 + height * len(rows)
    parts.append(svg.label(left + width * len(heads) / 2, bottom + 18, axes[0], anchor="middle", paint="muted"))
    return svg.picture(title, caption, bottom + 28, parts)


class _CellLook(NamedTuple):
    """The size of a cell, the largest distance from 1, and the best value."""

    width: float
    height: float
    reach: float
    best: float


def _distance(value: float) -> float:
    """How far a factor is from 1: the same for twice and for half, as in the window."""
    return abs(log(min(1e6, max(1e-6, value))))


def _cell(x: float, y: float, cell: MapCell, look: _CellLook) -> list[str]:
    ground = svg.box(x, y, look.width, look.height, paint="shade")
    if cell.value is None:
        return [ground]
    tint: Paint = "good" if cell.value >= 1 else "bad"
    opacity = 0.06 + 0.34 * _distance(cell.value) / look.reach
    text = times(cell.value) if cell.measured else f"≈{times(cell.value)}"
    parts = [
        ground,
        svg.box(x, y, look.width, look.height, paint=tint, opacity=opacity),
        svg.label(x + look.width / 2, y + look.height / 2 + 4, text, anchor="middle", bold=cell.measured),
    ]
    if cell.value == look.best:
        parts.append(svg.frame(x + 1, y + 1, look.width - 2, look.height - 2, paint="text"))
    return parts


def _legend_height(series: Sequence[ChartSeries]) -> int:
    return _TOP + 18 * _legend_rows(series)


def _legend_rows(series: Sequence[ChartSeries]) -> int:
    return 0 if len(series) < 2 else -(-len(series) // 2)


def _legend(series: Sequence[ChartSeries]) -> list[str]:
    """The names of lines beside their symbols, in two columns; none for a single line."""
    if len(series) < 2:
        return []
    parts = []
    for i, line in enumerate(series):
        x, y = _LEFT + (i % 2) * (_RIGHT - _LEFT) / 2, 12 + 18 * (i // 2)
        parts.append(svg.mark(x + 6, y - 4, line.lane, paint=lane_paint(line.lane)))
        parts.append(svg.label(x + 18, y, svg.short_label(line.name, _LONGEST_LEGEND)))
    return parts
