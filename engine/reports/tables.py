"""The tables of a log by their names, which CSV files and reports share.

* imports neither Qt nor torch."""

from collections.abc import Mapping, Sequence

from engine.errors import InputError
from engine.events import Event, RunStarted, ScalingMeasured, TrainingEstimated, TrainingStarted
from engine.reports import compared, length_report, single_tables, work_report
from engine.reports.cells import ReportTable

NOTHING = (
    "there is nothing to report in this log: it was stopped before anything was measured",
    "name work that has figures; draftscope runs list shows them",
)


def tables(events: Sequence[Event]) -> Mapping[str, ReportTable]:
    """The tables of a log of any kind of work. Raises InputError for a log without anything to report."""
    if (comparison := compared.facts(events)) is not None:
        return compared.tables(comparison)
    for event in events:
        if isinstance(event, RunStarted):
            return single_tables.of_run(events)
        if isinstance(event, TrainingEstimated | TrainingStarted):
            return single_tables.of_training(events)
        if isinstance(event, ScalingMeasured):
            return single_tables.of_scaling(last_measured(events))
    if content := length_report.tables(events) or work_report.tables(events):
        return content
    raise InputError(*NOTHING)


def last_measured(events: Sequence[Event]) -> ScalingMeasured:
    """The last, so fullest, measurement of a pair; the log must hold one."""
    return [event for event in events if isinstance(event, ScalingMeasured)][-1]
