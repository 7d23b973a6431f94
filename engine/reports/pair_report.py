"""What the report of a measured pair says: time and speedup over prompts, draft lengths and batches.

* imports neither Qt nor torch."""

from engine.events import ScalingMeasured
from engine.events.scaling import PLAIN, SPECULATIVE
from engine.reports import charts, words
from engine.reports.charts import ChartSeries
from engine.reports.document import Block, BulletList, FactList, Paragraph, ReportDocument, ReportSection, TableBlock
from engine.reports.single_tables import of_scaling
from engine.reports.svg import Plot


def document(measured: ScalingMeasured) -> ReportDocument:
    """The report of a measured pair."""
    tables = of_scaling(measured)
    plots = {"contexts": _contexts(measured), "gammas": _gammas(measured), "batches": _batches(measured)}
    sections = [
        ReportSection(table.title, (*filter(None, (plots[name],)), TableBlock(table._replace(title=""))))
        for name, table in tables.items()
        if table.rows
    ]
    sections.append(ReportSection("How it was measured", (BulletList(_method_lines(measured)),)))
    machine = ("processor", measured.processor), ("device", f"{measured.device}, {measured.dtype}")
    sections.append(ReportSection("Machine", (FactList(machine),)))
    pair = _pair(measured)
    date = f" · {words.utc(measured.measured_utc)}" if measured.measured_utc else ""
    return ReportDocument(pair, f"{measured.device} {measured.dtype}{date}", _opening(measured), tuple(sections))


def _pair(measured: ScalingMeasured) -> str:
    roles = ("target", measured.target), ("drafter", measured.drafter)
    return " with ".join(words.model(spec, role) for role, spec in roles if spec) or "A measured pair"


def _opening(measured: ScalingMeasured) -> tuple[Block, ...]:
    blocks: list[Block] = [Paragraph(headline(measured), "headline")]
    if not measured.complete:
        blocks.append(Paragraph("Stopped early: not every point was measured.", "bad"))
    if measured.timing_pair:
        blocks.append(Paragraph(measured.timing_pair, "bad"))
    return tuple(blocks)


def headline(measured: ScalingMeasured) -> str:
    """The best draft length that was measured, in one sentence."""
    if not measured.gammas:
        return f"Measured at draft length {measured.gamma}"
    best = max(measured.gammas, key=lambda point: point.speedup.value)
    if best.speedup.value < 1:
        return f"No draft length pays here: the best, {best.gamma}, is {words.times(best.speedup.value)}, a loss"
    return f"Fastest at draft length {best.gamma}: {words.times(best.speedup.value)} as fast as plain decoding"


def _contexts(measured: ScalingMeasured) -> Plot | None:
    series = [
        ChartSeries(
            name,
            i,
            tuple((float(p.context), p.ms_per_token[key].value) for p in measured.contexts if key in p.ms_per_token),
        )
        for i, (key, name) in enumerate(((PLAIN, "plain"), (SPECULATIVE, f"speculative, γ {measured.gamma}")))
    ]
    caption = "Time per new token against the length of the prompt. Lower is better."
    if not any(line.points for line in series):
        return None
    return charts.lines("Time per token", caption, ("prompt, tokens", "ms per token"), series)


def _gammas(measured: ScalingMeasured) -> Plot | None:
    points = measured.gammas
    predicted = tuple((float(p.gamma), p.predicted_speedup) for p in points if p.predicted_speedup is not None)
    series = [ChartSeries("measured", 0, tuple((float(p.gamma), p.speedup.value) for p in points))]
    series += [ChartSeries("predicted", 1, predicted)] if predicted else []
    caption = "Speedup over plain decoding at each draft length. Above 1 drafting pays."
    return charts.lines("Speedup", caption, ("draft length γ", "speedup, ×"), series) if points else None


def _batches(measured: ScalingMeasured) -> Plot | None:
    points = tuple((float(p.batch), p.speedup) for p in measured.batches)
    caption = "Speedup when several sequences are decoded together. Above 1 drafting pays."
    axes = "sequences together", "speedup, ×"
    return charts.lines("Speedup", caption, axes, (ChartSeries("measured", 0, points),)) if points else None


def _method_lines(measured: ScalingMeasured) -> tuple[str, ...]:
    return (
        f"Blocks of {measured.max_new_tokens} new tokens took turns, {measured.n_blocks} of each kind at every point; "
        "[ ]: 95 % interval over blocks; “to”: smallest and largest value, where there are fewer than ten.",
        "Reading the prompt (prefill) is timed apart from decoding, and is in no time per token.",
        "Plain decoding is measured in the same run, never estimated.",
    )
