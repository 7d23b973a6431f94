"""The plots of a comparison.

* imports neither Qt nor torch."""

from collections.abc import Iterator

from engine.events import PLAIN_LANE, GammaPrediction, LaneFigures
from engine.reports import charts, words
from engine.reports.charts import ChartSeries, MapCell, WhiskerRow
from engine.reports.compared import ComparisonFacts
from engine.reports.svg import Plot

# More would be too close to read.
_MOST_POSITIONS, _MOST_GAMMAS, _MOST_RANKS, _MOST_LANES = 32, 16, 24, 64


def speedups(compared: ComparisonFacts) -> Plot | None:
    """The speedup of each lane with its interval or range."""
    rows = [
        WhiskerRow(
            lane.lane,
            compared.place(lane.lane),
            lane.speedup.value,
            words.extent(lane.speedup),
            words.times(1.0) if lane.lane == PLAIN_LANE else words.verdict(lane.speedup),
        )
        for lane in compared.taking_part[:_MOST_LANES]
        if lane.speedup is not None
    ]
    caption = "Right of the dashed line a lane is faster than plain decoding. Whiskers: " + _whisker_words(compared)
    return charts.whiskers("Speedup over plain decoding", caption, "speedup, ×", rows) if rows else None


def _whisker_words(compared: ComparisonFacts) -> str:
    estimates = [lane.speedup for lane in compared.taking_part if lane.speedup is not None]
    if any(estimate.ci is not None for estimate in estimates):
        return "95 % interval."
    return "smallest and largest value, since there are too few for an interval."


def predictions(compared: ComparisonFacts) -> Plot | None:
    """Predicted against measured speedups of lanes and of draft lengths that were tried."""
    series = [
        ChartSeries(lane.lane, compared.place(lane.lane), ((lane.predicted_speedup, lane.speedup.value),))
        for lane in compared.taking_part
        if lane.predicted_speedup is not None and lane.speedup is not None and lane.lane != PLAIN_LANE
    ]
    caption = "On the dashed line the cost model is right; above it a lane is faster than predicted."
    axes = "predicted speedup, ×", "measured speedup, ×"
    return charts.against("Predicted and measured speedup", caption, axes, series) if series else None


def positions(compared: ComparisonFacts) -> Plot | None:
    """The share of accepted tokens at each position of the draft."""
    series = [
        ChartSeries(lane.lane, compared.place(lane.lane), points) for lane, points in _by_position(compared) if points
    ]
    caption = "How often the token at each position of the draft is accepted, of those tested there. Higher is better."
    axes = "position in the draft", "accepted of tested"
    return charts.lines("Acceptance by position", caption, axes, series, top_value=1.0) if series else None


def _by_position(compared: ComparisonFacts) -> Iterator[tuple[LaneFigures, tuple[tuple[float, float], ...]]]:
    for lane in compared.taking_part[:_MOST_LANES]:
        counts = lane.positions[:_MOST_POSITIONS]
        yield lane, tuple((float(i), accepted / tested) for i, (accepted, tested) in enumerate(counts, 1) if tested)


def ranks(compared: ComparisonFacts) -> Plot | None:
    """Where the drafter had ranked the token that the target wanted, of each rejection."""
    # A drafter that proposes one token with certainty has no list: whatever else is wanted counts as second.
    lanes = [lane for lane in compared.taking_part[:_MOST_LANES] if sum(lane.ranks[1:])]
    if not lanes:
        return None
    n = min(_MOST_RANKS, max(len(lane.ranks) for lane in lanes))
    heads = [*map(_ordinal, range(2, n + 1)), f"{_ordinal(n + 1)} on"]
    series = [
        ChartSeries(
            lane.lane,
            compared.place(lane.lane),
            tuple((float(i), 100 * count / sum(lane.ranks)) for i, count in enumerate(lane.ranks[:_MOST_RANKS])),
        )
        for lane in lanes
    ]
    caption = (
        "Much at the left: the drafter nearly had it, and a tree of drafts may pay. Much at the right: it had no idea."
    )
    axes = "place of the wanted token in the drafter's list", "rejections, %"
    return charts.bars("What the target wanted when it rejected", caption, axes, heads, series)


def _ordinal(n: int) -> str:
    ending = "th" if 10 < n % 100 < 14 else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n}{ending}"


def drafters_by_gamma(compared: ComparisonFacts) -> Plot | None:
    """The speedup of every drafter at every draft length, measured or else predicted."""
    cells = _cells(compared)
    gammas = sorted({gamma for _, gamma in cells})[:_MOST_GAMMAS]
    drafters = list(dict.fromkeys(drafter for drafter, _ in cells))
    if not drafters or len(gammas) < 2:
        return None
    rows = [(drafter, [cells.get((drafter, gamma), MapCell(None)) for gamma in gammas]) for drafter in drafters]
    caption = "Speedup by drafter and draft length. Bold: measured; ≈: predicted. The best has a frame."
    heads = [str(gamma) for gamma in gammas]
    return charts.cell_map("Drafter and draft length", caption, ("draft length γ", "drafter"), heads, rows)


def _cells(compared: ComparisonFacts) -> dict[tuple[str, int], MapCell]:
    """Measured lanes take the place of predictions; of a drafter with several methods, the last lane's counts."""
    predictions = () if compared.measured is None else compared.measured.predictions
    cells = {(each.drafter, each.gamma): _predicted_cell(each) for each in predictions if each.gamma > 0}
    for lane in compared.taking_part:
        if lane.gamma > 0 and lane.speedup is not None and not lane.policy:
            cells[lane.drafter, lane.gamma] = MapCell(lane.speedup.value)
    return cells


def _predicted_cell(prediction: GammaPrediction) -> MapCell:
    if prediction.measured is None:
        return MapCell(prediction.predicted, measured=False)
    return MapCell(prediction.measured)
