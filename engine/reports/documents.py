"""What the report of a log says, whatever the log is of.

* imports neither Qt nor torch."""

from collections.abc import Sequence
from typing import NamedTuple

from engine.errors import InputError
from engine.events import Event, RunStarted, ScalingMeasured, TrainingEstimated, TrainingStarted
from engine.reports import compared, comparison_report, pair_report, run_report, training_report
from engine.reports.document import DEFAULT_PROMPTS, Paragraph, ReportDocument
from engine.reports.pilot import Prices
from engine.reports.tables import NOTHING, last_measured


class ReportOptions(NamedTuple):
    """n_prompts: how many texts of a comparison to show. damage: why the log could not be read to its end."""

    n_prompts: int = DEFAULT_PROMPTS
    prices: Prices = Prices()
    damage: str | None = None


def document(events: Sequence[Event], options: ReportOptions) -> ReportDocument:
    """The report of a comparison, a run, a training or a measured pair. Raises InputError for any other log."""
    content = _content(events, options)
    if options.damage is None:
        return content
    warning = Paragraph(f"The log is damaged, and only what comes before is in this report: {options.damage}", "bad")
    return content._replace(opening=(*content.opening, warning))


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
    raise InputError(*NOTHING)
