"""What the report of a training says.

* imports neither Qt nor torch."""

from collections.abc import Sequence

from engine.events import DrafterMeasured, Event, Measured, TrainingEstimated, TrainingFinished, TrainingStarted
from engine.reports import charts, words
from engine.reports.charts import ChartSeries
from engine.reports.document import Block, FactList, Paragraph, ReportDocument, ReportSection, TableBlock
from engine.reports.single_tables import of_training
from engine.reports.svg import Plot

_MOST_POINTS = 400
_ENDS = {
    "steps": "all steps were made", "minutes": "its time was over", "early": "it no longer improved",
    "user": "it was stopped", "nan": "its loss was no longer a number",
}  # fmt: skip


def document(events: Sequence[Event]) -> ReportDocument:
    """The report of a training."""
    started = next((event for event in events if isinstance(event, TrainingStarted)), None)
    ended = next((event for event in events if isinstance(event, TrainingFinished)), None)
    table = of_training(events)["drafter"]
    sections = (
        ReportSection("The drafter on held-out text", (TableBlock(table._replace(title="")),) if table.rows else ()),
        ReportSection("Course", tuple(_series(events))),
        ReportSection("Settings and machine", _settings(events, started, ended)),
    )
    return ReportDocument(
        f"Training a drafter for {words.model(_target(events), 'target')}",
        "" if started is None else f"{started.device} {started.dtype} · {words.utc(started.started_utc)}",
        _opening(events, ended),
        tuple(section for section in sections if section.blocks),
    )


def _target(events: Sequence[Event]) -> str:
    return next((event.target for event in events if isinstance(event, TrainingStarted | TrainingEstimated)), "")


def _opening(events: Sequence[Event], ended: TrainingFinished | None) -> tuple[Block, ...]:
    measured = {event.when: event for event in events if isinstance(event, DrafterMeasured)}
    before, after = measured.get("before"), measured.get("after")
    blocks: list[Block] = []
    if before is not None and after is not None:
        blocks.append(
            Paragraph(f"Agreement with the target: {before.alpha:.2f} before, {after.alpha:.2f} after", "headline")
        )
    else:
        blocks.append(Paragraph("The drafter was not measured before and after", "headline"))
    if ended is None:
        blocks.append(Paragraph("The log ends before the training does.", "bad"))
    else:
        blocks.append(Paragraph(f"It ended at step {ended.step:,}: {_ENDS[ended.stopped]}.", "note"))
    return tuple(blocks)


def _series(events: Sequence[Event]) -> list[Plot]:
    """A plot of each series that was recorded."""
    names = dict.fromkeys(event.name for event in events if isinstance(event, Measured))
    return [_plot(name, [e for e in events if isinstance(e, Measured) and e.name == name]) for name in names]


def _plot(name: str, points: Sequence[Measured]) -> Plot:
    kept = points[:: -(-len(points) // _MOST_POINTS)]
    series = (ChartSeries(name, 0, tuple((float(point.round), point.value) for point in kept)),)
    title = words.setting(name)
    return charts.lines(title.capitalize(), "", ("step", title), series)


def _settings(
    events: Sequence[Event], started: TrainingStarted | None, ended: TrainingFinished | None
) -> tuple[Block, ...]:
    blocks: list[Block] = []
    if started is not None:
        blocks.append(FactList(tuple((words.setting(name), str(value)) for name, value in started.settings)))
        layers = words.counted(started.layers, "layer", "layers")
        shape = f"{layers} of width {started.width}, {started.n_parameters:,} parameters"
        documents = words.counted(started.n_texts, "document", "documents")
        facts = (
            ("objective", started.objective), ("drafter", shape),
            ("text", f"{documents}, {started.n_held_out:,} of them held out"), *started.versions,
        )  # fmt: skip
        blocks.append(FactList(facts))
    if ended is not None:
        speed = f"{ended.tokens_per_s:,.0f} tokens/s over {words.seconds(ended.seconds)}"
        blocks.append(FactList((("best step", f"{ended.best_step:,}"), ("speed", speed), ("folder", ended.folder))))
    return tuple(blocks)
