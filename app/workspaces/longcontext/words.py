"""Sentences of the Long context tab: what length did, what will be measured, how far it is, and what a figure means."""

import re
from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication

from app.text.plain_text import one_line, path_line
from app.words import model_names, pace, quantities, runs, speedups
from app.words.counts import count
from app.words.model_names import builtin_name
from app.workspaces.longcontext.record import LengthPick, LengthRecord, is_plain
from engine.events import LengthMeasured, Progressed, RunFailed
from engine.statistics import RatioEstimate

LONGEST_NAME = 40
_MOST_NAMED = 3
# Below, measured and plain speed are called the same.
_NEARLY_EQUAL = 0.005


def tr(text: str) -> str:
    """Translate a sentence of the tab."""
    return QCoreApplication.translate("longcontext", text)


def drafter_name(spec: str) -> str:
    """The name of a drafter in few words, safe to show."""
    if is_plain(spec):
        return tr("plain decoding")
    if named := model_names.drafter_name(spec):
        return re.sub(r" \([^()]* M\)", "", named)
    kind, _, option = spec.partition(":")
    if kind == "lookup":
        return tr("prompt lookup of {0}").format(one_line(option, longest=12)) if option else tr("prompt lookup")
    return path_line(runs.short(spec), longest=LONGEST_NAME)


def estimate(point: LengthMeasured) -> RatioEstimate | None:
    """The speedup of a combination with its interval or range."""
    if point.speedup is None:
        return None
    return RatioEstimate(point.speedup, point.speedup_ci, point.speedup_range, max(1, point.n))


def ratio(speedup: RatioEstimate | None) -> str:
    """A speedup with its interval or range; — if it is unknown."""
    if speedup is None:
        return quantities.UNKNOWN
    if speedup.ci is None and speedup.range is not None:
        spread = tr("({0:.2f} to {1:.2f})").format(*speedup.range)
    else:
        spread = speedups.in_brackets(speedup)
    return f"{speedup.value:.2f}× {spread}".rstrip()


# The top of the tab


def headline(record: LengthRecord, most_named: int = _MOST_NAMED) -> str:
    """What the longest length measured so far does, in one line; empty while nothing is measured."""
    points = ranked(record.longest)
    if not points:
        return ""
    at = tr("At {0}").format(count(max(point.n_prompt for point in points), "token"))
    named = [
        f"{record.mark(point.drafter).glyph} {drafter_name(point.drafter)} {_figure(point, in_full=place == 0)}"
        for place, point in enumerate(points)
    ]
    figures = ", ".join(named[:most_named])
    more = tr(" and {0} more").format(len(named) - most_named) if len(named) > most_named else ""
    if is_loss(record):
        return tr("{0} drafting does not pay: {1}{2}").format(at, figures, more)
    return tr("{0}: {1}{2}").format(at, figures, more)


def _figure(point: LengthMeasured, *, in_full: bool) -> str:
    """A speedup, in full with its interval or range; one below 1 says that it is a loss."""
    speedup = estimate(point)
    text = ratio(speedup) if in_full or speedup is None else quantities.times(speedup.value)
    is_slower = speedup is not None and speedup.value < 1 - _NEARLY_EQUAL
    return tr("{0} (slower)").format(text) if is_slower else text


def is_loss(record: LengthRecord) -> bool:
    """Whether no drafter is faster than plain decoding at the longest length."""
    values = [point.speedup for point in record.longest if point.speedup is not None]
    return bool(values) and max(values) < 1


def ranked(points: Sequence[LengthMeasured]) -> list[LengthMeasured]:
    """The fastest first."""
    return sorted(points, key=lambda point: -(point.speedup or 0.0))


def course(record: LengthRecord, *, named: bool = True, with_memory: bool = True) -> str:
    """What length changes, from the shortest to the longest: tokens per round and memory of each drafter.

    named: drafters have names beside the marks that they have in plots and table."""
    sentences = []
    for drafter in record.drafters:
        points = [point for point in record.points(drafter) if point.tau is not None]
        if is_plain(drafter) or len(points) < 2:
            continue
        first, last = points[0], points[-1]
        mark = record.mark(drafter).glyph
        name = tr("{0} {1}:").format(mark, drafter_name(drafter)) if named else mark
        text = tr("{0} τ {1:.2f} → {2:.2f}").format(name, first.tau, last.tau)
        sentences.append(text + (_memory_course(first, last) if with_memory else ""))
    return "  ·  ".join(sentences)


def shorter_courses(record: LengthRecord) -> tuple[str, ...]:
    """The same for narrower windows, the longest first."""
    return (
        course(record, with_memory=False),
        course(record, named=False),
        course(record, named=False, with_memory=False),
    )


def _memory_course(first: LengthMeasured, last: LengthMeasured) -> str:
    low, high = first.kv_bytes_drafter, last.kv_bytes_drafter
    if low is None or high is None:
        return ""
    if low == high:
        return tr(", K/V {0} at any length").format(quantities.memory(high)) if high else tr(", no K/V")
    return tr(", K/V {0} → {1}").format(quantities.memory(low), quantities.memory(high))


def scope(record: LengthRecord) -> str:
    """What the figures hold for; before there are any, what is read."""
    if record.started is None:
        return ""
    if record.ended is not None and record.ended.workload:
        return tr("Holds for {0}.").format(one_line(record.ended.workload, longest=600))
    started = record.started
    parts = (
        builtin_name(started.target, "target") or runs.short(started.target),
        one_line(started.text, longest=80),
        tr("γ {0}").format(started.gamma),
        *([tr("tree {0}").format(started.tree)] if started.tree else []),
        tr("{0} each").format(count(started.max_new_tokens, "new token")),
        count(started.repeats, "repeat"),
        runs.short(f"{started.device} {started.dtype}"),
    )
    return " · ".join(parts)


def progress(record: LengthRecord, at: Progressed | None) -> str:
    """How far the measurement is: what is done, and the time left."""
    if record.started is None:
        return tr("waiting for the engine") if at is None else tr("loading the models, reading the text")
    n_all = len(record.rows)
    n_done = sum(row.measured is not None for row in record.rows)
    text = tr("measuring: {0:,} of {1} of length and drafter").format(n_done, count(n_all, "combination"))
    left = pace.left(at)
    return f"{text}, {left}" if left else text


def ending(record: LengthRecord) -> str:
    """How the measurement on show ended, where that was not at its end; empty otherwise."""
    n = len(record.figures)
    if record.state == "torn":
        return tr("The file ends before the measurement did; what was measured is shown.")
    if record.state == "stopped":
        return tr("Stopped; kept: {0} measured before.").format(count(n, "combination"))
    if record.state != "refused" or record.failure is None:
        return ""
    what = record.failure.message if isinstance(record.failure, RunFailed) else record.failure.reason
    return tr("Not completed: {0}").format(one_line(what))


def warnings(record: LengthRecord) -> tuple[str, ...]:
    """What a reader should know before believing the figures, a sentence each."""
    cautions = () if record.ended is None else record.ended.cautions
    cut = () if record.started is None or not record.started.cut else (record.started.cut,)
    unequal = sum(point.same_text is False for point in record.figures.values())
    differing = (tr("{0} not as plain decoding writes").format(count(unequal, "text")),) if unequal else ()
    return tuple(map(one_line, (*cautions, *cut, *differing)))


def outcome(record: LengthRecord) -> str:
    """A measurement that has ended, in a line for the status and the log."""
    n = 0 if record.ended is None else record.ended.n_measured
    return tr("measured {0} of length and drafter. {1}").format(count(n, "combination"), headline(record)).rstrip()


def pick_name(record: LengthRecord, pick: LengthPick) -> str:
    """A combination in words."""
    at = count(pick.length, "token")
    return tr("{0} {1} at {2}").format(record.mark(pick.drafter).glyph, drafter_name(pick.drafter), at)
