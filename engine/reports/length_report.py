"""What the report of a measurement over lengths says, and its tables.

* imports neither Qt nor torch."""

from collections.abc import Callable, Mapping, Sequence

from engine.events import Event, LengthMeasured, LengthsMeasured, LengthsStarted, PrefillMeasured
from engine.reports import charts, words
from engine.reports.cells import (
    Cell,
    ReportColumn,
    ReportTable,
    interval_cells,
    interval_columns,
    ratio_cells,
    ratio_columns,
)
from engine.reports.charts import ChartSeries
from engine.reports.document import Block, BulletList, Paragraph, ReportDocument, ReportSection, TableBlock
from engine.reports.svg import Plot
from engine.statistics import RatioEstimate

_LENGTHS = (
    ReportColumn("length", "length, tokens", "count"), ReportColumn("drafter", "drafter", "text"),
    ReportColumn("alpha", "acceptance rate α", "share"), *interval_columns("alpha"),
    ReportColumn("tau", "tokens per round τ"), ReportColumn("ms_per_token", "ms per token", "ms"),
    ReportColumn("plain_ms_per_token", "plain, ms per token", "ms"), *ratio_columns("speedup", "speedup"),
    ReportColumn("prefill_ms", "prefill, ms", "ms"), ReportColumn("kv_bytes_target", "target K/V", "bytes"),
    ReportColumn("predicted_kv_bytes_target", "predicted", "bytes"),
    ReportColumn("kv_bytes_drafter", "drafter K/V", "bytes"),
    ReportColumn("predicted_kv_bytes_drafter", "predicted", "bytes"),
    ReportColumn("same_text", "same text as plain", "yes"), ReportColumn("why_not", "why not measured", "text", ""),
)  # fmt: skip
_PREFILLS = (
    ReportColumn("length", "length, tokens", "count"), ReportColumn("chunk", "tokens at once", "count"),
    ReportColumn("attention", "attention kernel", "text"), ReportColumn("ms", "target prefill, ms", "ms"),
    ReportColumn("bare_ms", "products and attention alone, ms", "ms"), ReportColumn("ratio", "quotient", "factor"),
)  # fmt: skip
_STRETCHES = (
    ReportColumn("length", "length, tokens", "count"), ReportColumn("drafter", "drafter", "text"),
    ReportColumn("first", "from token", "count"), ReportColumn("last", "to token", "count"),
    ReportColumn("alpha", "acceptance rate α", "share"), ReportColumn("tau", "tokens per round τ"),
)  # fmt: skip
_KERNELS = (
    ReportColumn("attention", "attention kernel", "text"), ReportColumn("why_not", "why not", "text", ""),
    ReportColumn("largest_error", "largest difference from float64"), ReportColumn("tolerance", "allowed"),
    ReportColumn("ms", "a chunk, ms", "ms"),
)  # fmt: skip
_PLAIN = "none"


def is_of_lengths(events: Sequence[Event]) -> bool:
    """Whether a log is that of a measurement over lengths."""
    return any(isinstance(event, LengthsStarted) for event in events)


def tables(events: Sequence[Event]) -> Mapping[str, ReportTable]:
    """The tables by their names; empty for any other log."""
    if not is_of_lengths(events):
        return {}
    rows = _rows(events)
    stretches = tuple(
        (row.length, row.drafter, each.first, each.last, each.alpha, each.tau)
        for row in rows if row.drafter != _PLAIN
        for each in row.stretches
    )  # fmt: skip
    prefills = tuple(
        (event.length, event.chunk, event.attention, event.ms, event.bare_ms, event.ratio)
        for event in events if isinstance(event, PrefillMeasured)
    )  # fmt: skip
    kernels = tuple(
        (check.title, check.why_not or None, check.largest_error, check.tolerance, check.ms)
        for check in _started(events).kernels
    )
    return {
        "lengths": ReportTable("Lengths", _LENGTHS, tuple(map(_length_row, rows))),
        "prefill": ReportTable("Reading the prompt", _PREFILLS, prefills),
        "positions": ReportTable("Acceptance by position in the text", _STRETCHES, stretches),
        "kernels": ReportTable("Attention kernels", _KERNELS, kernels),
    }


def document(events: Sequence[Event]) -> ReportDocument:
    """The report of a measurement over lengths; the log must be of one."""
    started, rows = _started(events), [row for row in _rows(events) if not row.why_not]
    plots = {
        "lengths": (
            _plot(rows, "Speedup", "speedup, ×", lambda row: row.speedup),
            _plot(rows, "Tokens per round", "τ", lambda row: row.tau),
            _plot(rows, "Keys and values of the drafter", "MiB", _drafter_mib),
        )
    }
    sections = tuple(
        ReportSection(table.title, (*filter(None, plots.get(name, ())), TableBlock(table._replace(title=""))))
        for name, table in tables(events).items()
        if table.rows
    )
    title = f"Length of text: {words.model(started.target, 'target')}"
    subtitle = f"{started.device} {started.dtype} · {started.text}"
    method = ReportSection("How it was measured", (BulletList(_method_lines(started, _end(events))),))
    return ReportDocument(title, subtitle, _opening(started, rows, _end(events)), (*sections, method))


def headline(rows: Sequence[LengthMeasured]) -> str:
    """Which drafter is fastest at the longest length that was measured, in one sentence."""
    drafted = [row for row in rows if row.drafter != _PLAIN and row.speedup is not None and not row.why_not]
    if not drafted:
        return "No drafter was measured"
    longest = max(row.length for row in drafted)
    best = max((row for row in drafted if row.length == longest), key=lambda row: row.speedup or 0.0)
    name, at = words.model(best.drafter, "drafter"), f"at {longest:,} tokens"
    if (best.speedup or 0.0) < 1:
        return f"No drafter pays {at}: the best, {name}, is {words.times(best.speedup)}, a loss"
    return f"Fastest {at}: {name}, {words.times(best.speedup)} as fast as plain decoding"


def _opening(started: LengthsStarted, rows: Sequence[LengthMeasured], end: LengthsMeasured | None) -> tuple[Block, ...]:
    blocks: list[Block] = [Paragraph(headline(rows), "headline")]
    if end is None or not end.complete:
        blocks.append(Paragraph("Stopped early: not every length was measured.", "bad"))
    if started.timing_pair:
        blocks.append(Paragraph(started.timing_pair, "bad"))
    blocks += [Paragraph(caution, "bad") for caution in (() if end is None else end.cautions)]
    return (*blocks, Paragraph(started.cut, "note")) if started.cut else tuple(blocks)


def _plot(
    rows: Sequence[LengthMeasured], title: str, axis: str, figure: Callable[[LengthMeasured], float | None]
) -> Plot | None:
    names = list(dict.fromkeys(row.drafter for row in rows if row.drafter != _PLAIN))
    series = []
    for lane, name in enumerate(names):
        values = [(float(row.length), figure(row)) for row in rows if row.drafter == name]
        points = tuple((length, value) for length, value in values if value is not None)
        series += [ChartSeries(name, lane, points)] if points else []
    if not series:
        return None
    return charts.lines(title, f"{title} against the length of the text.", ("length, tokens", axis), series)


def _drafter_mib(row: LengthMeasured) -> float | None:
    return None if row.kv_bytes_drafter is None else row.kv_bytes_drafter / 2**20


def _method_lines(started: LengthsStarted, end: LengthsMeasured | None) -> tuple[str, ...]:
    return (
        *(() if end is None or not end.workload else (end.workload,)),
        f"Plain decoding and the drafters, at draft length {started.gamma}, took turns in blocks of "
        f"{started.max_new_tokens} new tokens; [ ]: 95 % interval; “to”: smallest and largest, below ten units.",
        "Reading the prompt (prefill) is timed apart from decoding, and is in no time per token.",
        "Keys and values are counted as they are allocated, spare room included.",
    )


def _length_row(row: LengthMeasured) -> tuple[Cell, ...]:
    speedup = None
    if row.speedup is not None:
        speedup = RatioEstimate(row.speedup, row.speedup_ci, row.speedup_range, max(1, row.n))
    return (
        row.length, row.drafter, row.alpha, *interval_cells(row.alpha_ci), row.tau, row.ms_per_token,
        row.plain_ms_per_token, *ratio_cells(speedup), row.prefill_ms, row.kv_bytes_target,
        row.predicted_kv_bytes_target, row.kv_bytes_drafter, row.predicted_kv_bytes_drafter, row.same_text,
        row.why_not or None,
    )  # fmt: skip


def _rows(events: Sequence[Event]) -> list[LengthMeasured]:
    return [event for event in events if isinstance(event, LengthMeasured)]


def _started(events: Sequence[Event]) -> LengthsStarted:
    return next(event for event in events if isinstance(event, LengthsStarted))


def _end(events: Sequence[Event]) -> LengthsMeasured | None:
    return next((event for event in reversed(events) if isinstance(event, LengthsMeasured)), None)
