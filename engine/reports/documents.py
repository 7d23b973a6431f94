"""What the report of a log says, whatever the log is of.

* imports neither Qt nor torch."""

from collections.abc import Sequence
from typing import NamedTuple

from engine.errors import InputError
from engine.events import (
    ComparisonStarted,
    Event,
    RunStarted,
    ScalingMeasured,
    TrainingEstimated,
    TrainingStarted,
    WorkEnded,
    WorkStarted,
)
from engine.reports import (
    compared,
    comparison_report,
    length_report,
    pair_report,
    run_report,
    training_report,
    words,
    work_report,
)
from engine.reports.document import DEFAULT_PROMPTS, FactList, Paragraph, ReportDocument, ReportSection
from engine.reports.pilot import Prices
from engine.reports.rating_words import rated_blind
from engine.reports.tables import NOTHING, last_measured
from engine.store.blind_rating import counts


class ReportOptions(NamedTuple):
    """n_prompts: how many texts of a comparison to show. damage: why the log could not be read to its end."""

    n_prompts: int = DEFAULT_PROMPTS
    prices: Prices = Prices()
    damage: str | None = None


def document(events: Sequence[Event], options: ReportOptions) -> ReportDocument:
    """The report of a log of any kind of work. Raises InputError for a log without anything to report."""
    content = _content(events, options)
    started = next((event for event in events if isinstance(event, WorkStarted)), None)
    warnings = [Paragraph(_cut_short(event), "bad") for event in _early_ends(events)]
    if options.damage is not None:
        before = f"The log is damaged, and only what comes before is in this report: {options.damage}"
        warnings.append(Paragraph(before, "bad"))
    kept = () if started is None else (ReportSection("Where it was made", (_work(started),)),)
    opening = (*content.opening, *warnings, *_rated(events))
    return content._replace(opening=opening, sections=(*content.sections, *kept))


def _rated(events: Sequence[Event]) -> tuple[Paragraph, ...]:
    """How texts of it were rated blind; a comparison says so above its texts."""
    if any(isinstance(event, ComparisonStarted) for event in events):
        return ()
    return tuple(Paragraph(rated_blind(each)) for each in counts(events))


def _early_ends(events: Sequence[Event]) -> list[WorkEnded]:
    return [event for event in events if isinstance(event, WorkEnded) and event.state != "finished"]


def _cut_short(event: WorkEnded) -> str:
    """How work that is no run ended early."""
    if event.state == "stopped":
        return "It was stopped before its end."
    return f"It failed: {event.why}" + (f"; {event.hint}" if event.hint else "")


def _work(started: WorkStarted) -> FactList:
    return FactList((
        ("date", words.utc(started.started_utc)), ("processor", started.processor),
        ("device", f"{started.device}, {started.dtype}"), *started.versions, *started.hashes,
    ))  # fmt: skip


def _content(events: Sequence[Event], options: ReportOptions) -> ReportDocument:
    if (comparison := compared.facts(events)) is not None:
        return comparison_report.document(comparison, options.n_prompts, options.prices)
    for event in events:
        if isinstance(event, RunStarted):
            return run_report.document(events, event)
        if isinstance(event, TrainingEstimated | TrainingStarted):
            return training_report.document(events)
        if isinstance(event, ScalingMeasured):
            return pair_report.document(last_measured(events))
    if length_report.is_of_lengths(events):
        return length_report.document(events)
    if (report := work_report.document(events)) is not None:
        return report
    raise InputError(*NOTHING)
