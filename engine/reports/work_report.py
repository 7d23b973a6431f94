"""What the report of an evaluation, of a sweep, of a race and of a benchmark says, and its tables.

* imports neither Qt nor torch."""

from collections.abc import Mapping, Sequence

from engine.events import (
    EvaluationMeasured,
    Event,
    Measured,
    RaceFinished,
    RaceStarted,
    RoundFinished,
    Setting,
    WorkStarted,
)
from engine.reports import words
from engine.reports.allocation_table import sweep_table
from engine.reports.cells import ReportColumn, ReportTable, interval_cells, interval_columns
from engine.reports.document import FactList, Paragraph, ReportDocument, ReportSection, TableBlock

_SYSTEMS = (
    ReportColumn("system", "system", "text"), ReportColumn("accuracy", "right answers", "share"),
    *interval_columns("accuracy"), ReportColumn("latency_ms", "median question, ms", "ms"),
    *interval_columns("latency_ms"), ReportColumn("latency_cut", "less time than standard RAG", "share"),
    *interval_columns("latency_cut"), ReportColumn("target_tokens", "target tokens a question"),
    ReportColumn("drafter_tokens", "drafter tokens a question"),
)  # fmt: skip
_FIGURES = ReportColumn("figure", "figure", "text"), ReportColumn("value", "value")
_LANES = (
    ReportColumn("lane", "lane", "text"), ReportColumn("tokens", "tokens", "count"),
    ReportColumn("rounds", "rounds", "count"), ReportColumn("ms", "own rounds, ms", "ms"),
    ReportColumn("ms_per_token", "ms per token", "ms"), ReportColumn("same_text", "same text as plain decoding", "yes"),
)  # fmt: skip


def tables(events: Sequence[Event]) -> Mapping[str, ReportTable]:
    """The tables by their names; empty for any other log."""
    if (evaluated := _last_evaluated(events)) is not None:
        return {"systems": ReportTable("Systems", _SYSTEMS, _system_rows(evaluated))}
    if any(isinstance(event, RaceStarted) for event in events):
        return {"lanes": ReportTable("Lanes", _LANES, _lane_rows(events))}
    if (swept := sweep_table(events)) is not None:
        return {"combinations": swept}
    rows = tuple((event.name, event.value) for event in events if isinstance(event, Measured))
    return {"figures": ReportTable("Figures", _FIGURES, rows)} if rows and _work(events) is not None else {}


def document(events: Sequence[Event]) -> ReportDocument | None:
    """The report; None for any other log, and for work that has no figure yet."""
    contents = tables(events)
    if not contents:
        return None
    ((_, table),) = contents.items()
    race = next((event for event in events if isinstance(event, RaceStarted)), None)
    if race is not None:
        subtitle = f"{race.device} {race.dtype}" + (f" · {words.utc(race.started_utc)}" if race.started_utc else "")
        note = "A race shows how lanes feel side by side; compare lanes over several prompts to measure a speedup."
        opening = (Paragraph(race.prompt, "lead"), Paragraph(note, "note"))
        return ReportDocument("A race over one prompt", subtitle, opening, _sections(table, race.settings))
    work = _work(events)
    title, settings = _title(work), () if work is None else work.settings
    subtitle = "" if work is None else f"{work.device} {work.dtype} · {words.utc(work.started_utc)}"
    return ReportDocument(title, subtitle, _opening(events), _sections(table, settings))


def _sections(table: ReportTable, settings: Sequence[tuple[str, Setting]]) -> tuple[ReportSection, ...]:
    facts = FactList(tuple((name.replace("_", " "), str(value)) for name, value in settings))
    figures = ReportSection(table.title, (TableBlock(table._replace(title="")),))
    return (figures, ReportSection("Settings", (facts,))) if settings else (figures,)


def _title(work: WorkStarted | None) -> str:
    if work is None or work.kind == "evaluation":
        asked = "" if work is None else f": {words.model(work.subject, 'questions')}"
        return f"Answers from documents, judged{asked}"
    return f"{work.method.capitalize()}: {words.model(work.target, 'target')}"


def _opening(events: Sequence[Event]) -> tuple[Paragraph, ...]:
    evaluated = _last_evaluated(events)
    if evaluated is None:
        return ()
    figures = evaluated.figures
    answered = Paragraph(f"{figures.n_answered:,} of {figures.n_questions:,} questions answered", "headline")
    if evaluated.complete:
        return (answered,)
    return answered, Paragraph("The log ends before the evaluation does.", "bad")


def _last_evaluated(events: Sequence[Event]) -> EvaluationMeasured | None:
    return next((event for event in reversed(events) if isinstance(event, EvaluationMeasured)), None)


def _work(events: Sequence[Event]) -> WorkStarted | None:
    return next((event for event in events if isinstance(event, WorkStarted)), None)


def _system_rows(evaluated: EvaluationMeasured) -> tuple[tuple[str | float | None, ...], ...]:
    return tuple(
        (
            name.replace("_", " "), figures.accuracy, *interval_cells(figures.accuracy_ci), figures.latency_ms,
            *interval_cells(figures.latency_ci), figures.latency_cut,
            *interval_cells(figures.latency_cut_ci or figures.latency_cut_range), figures.target_tokens,
            figures.drafter_tokens,
        )
        for name, figures in evaluated.figures.systems.items()
    )  # fmt: skip


def _lane_rows(events: Sequence[Event]) -> tuple[tuple[str | int | float | bool | None, ...], ...]:
    started = next(event for event in events if isinstance(event, RaceStarted))
    finished = next((event for event in events if isinstance(event, RaceFinished)), None)
    same = {} if finished is None else dict(finished.same_text)
    rows = []
    for lane in started.lanes:
        rounds = [event for event in events if isinstance(event, RoundFinished) and event.lane == lane.name]
        n, ms = sum(len(each.emitted) for each in rounds), sum(e.draft_ms + e.verify_ms + e.other_ms for e in rounds)
        rows.append((lane.name, n, len(rounds), ms, ms / n if n else None, same.get(lane.name)))
    return tuple(rows)
