"""Sentences of the Compare tab: what it will measure, how far it is, what came out, and what a figure means."""

from PySide6.QtCore import QCoreApplication

from app.text.plain_text import one_line, path_line
from app.words import pace, quantities
from app.words.counts import count
from app.workspaces.compare.record import ComparisonRecord
from engine.events import PLAIN_LANE, ComparisonMeasured, LaneFigures, Progressed, RunFailed
from engine.experiments.lane_specs import is_approximate
from engine.statistics import RatioEstimate

LONGEST_NAME = 60
# Below, measured and plain speed are called the same.
_NEARLY_EQUAL = 0.005


def tr(text: str) -> str:
    """Translate a sentence of the tab."""
    return QCoreApplication.translate("compare", text)


def lane_name(name: str) -> str:
    """The name of a lane, safe to show."""
    return tr("plain decoding") if name == PLAIN_LANE else path_line(name, longest=LONGEST_NAME)


def spread(speedup: RatioEstimate) -> str:
    """The interval of a speedup in brackets, or its range in words; empty for a single measurement."""
    if speedup.ci is not None:
        return f"[{speedup.ci.low:.2f}, {speedup.ci.high:.2f}]"
    if speedup.range is not None:
        return tr("({0:.2f} to {1:.2f})").format(speedup.range.low, speedup.range.high)
    return ""


def ratio(speedup: RatioEstimate | None) -> str:
    """A speedup with its interval or range; — if it is unknown."""
    return quantities.UNKNOWN if speedup is None else f"{speedup.value:.2f}× {spread(speedup)}".rstrip()


def ratio_meaning(speedup: RatioEstimate | None) -> str:
    """What a speedup and its spread say, in words."""
    if speedup is None:
        return tr("not measured")
    what = _faster_or_slower(speedup.value)
    if speedup.ci is not None:
        return tr("{0}; [ ]: 95 % interval over {1:,}").format(what, speedup.n)
    if speedup.range is not None:
        return tr("{0}; ( ): smallest and largest of {1:,}, too few for an interval").format(what, speedup.n)
    return tr("{0}; measured once, so no interval").format(what)


def _faster_or_slower(value: float) -> str:
    if abs(value - 1) < _NEARLY_EQUAL:
        return tr("as fast as plain decoding")
    if value > 1:
        return tr("{0:.2f} times as fast as plain decoding").format(value)
    return tr("slower than plain decoding: a loss of {0:.0%}").format(1 - value)


# The top of the tab


def headline(record: ComparisonRecord) -> str:
    """What to do, in one line; empty while there is nothing to say."""
    measured = record.measured
    if measured is None or measured.recommendation is None or not measured.complete:
        return _leader(record)
    lane = record.recommended
    if measured.recommendation.disturbed:
        return tr("Nothing can be recommended: measure again")
    if lane == PLAIN_LANE or measured.recommendation.drafter == "none":
        return tr("Leave it off: plain decoding is fastest here")
    figures = next((figures for figures in record.figures if figures.lane == lane), None)
    name = f"{record.mark(lane).glyph} {lane_name(lane)}"
    if figures is None or figures.speedup is None:
        return tr("Ship {0}").format(name)
    return tr("Ship {0}: {1}").format(name, ratio(figures.speedup))


def _leader(record: ComparisonRecord) -> str:
    """The fastest lane so far."""
    timed = [(lane.speedup.value, lane) for lane in record.figures if lane.speedup is not None]
    if not timed:
        return ""
    _, best = max(timed, key=lambda entry: entry[0])
    if best.lane == PLAIN_LANE:
        return tr("So far nothing is faster than plain decoding")
    name = f"{record.mark(best.lane).glyph} {lane_name(best.lane)}"
    return tr("So far {0} leads: {1}").format(name, ratio(best.speedup))


def same_text(record: ComparisonRecord) -> tuple[str, bool]:
    """Whether every exact lane wrote the text of plain decoding, and whether that is good; empty while unknown.

    A lane that is approximate makes no such promise: its row says whether its texts differ."""
    compared = [lane for lane in record.figures if is_compared(lane) and not is_approximate(lane.method)]
    if not compared:
        return "", True
    if differing := [lane for lane in compared if lane.same_text is False]:
        words = quantities.counted(len(differing), tr("{0} lane"), tr("{0} lanes")).format(len(differing))
        return tr("✗ text differs in {0}").format(words), False
    if any(lane.same_text is None for lane in compared):
        return tr("≠ too few texts to tell whether they are the same"), False
    if any(lane.n_differing for lane in compared):
        return tr("✓ no more differences than between two plain runs"), True
    return tr("✓ same text in every lane"), True


def is_compared(lane: LaneFigures) -> bool:
    """Whether a lane's texts were compared with the plain ones: without a verdict, too few of those that differ."""
    return lane.lane != PLAIN_LANE and (lane.same_text is not None or lane.n_differing > 0)


def same_text_details(record: ComparisonRecord) -> str:
    """Every lane's check, a line each, and what two plain runs gave."""
    lines = [
        f"{record.mark(lane.lane).glyph} {lane_name(lane.lane)}: {lane_check(lane)}"
        for lane in record.figures
        if is_compared(lane)
    ]
    plain = None if record.measured is None else record.measured.n_plain_differing
    if plain is not None:
        differed = quantities.counted(
            plain, tr("Two plain runs differed in {0:,} prompt."), tr("Two plain runs differed in {0:,} prompts.")
        )
        lines.append(differed.format(plain))
    return "\n".join(lines)


def lane_check(lane: LaneFigures) -> str:
    """Whether a lane wrote the plain text, and where it first did not."""
    if lane.lane == PLAIN_LANE:
        return tr("what the others are compared with")
    if not is_compared(lane):
        return tr("not compared")
    if not lane.n_differing and lane.same_text:
        return tr("same text as plain decoding")
    verdict = {
        True: tr(", no more than rounding explains"),
        False: "",
        None: tr(", too few texts to tell this from rounding"),
    }[lane.same_text]
    where = "" if lane.first_divergence is None else tr(", first at token {0:,}").format(lane.first_divergence + 1)
    margin = "" if lane.margin is None else tr(", top-2 margin {0:.3f}").format(lane.margin)
    differs = quantities.counted(lane.n_differing, tr("differs in {0:,} prompt"), tr("differs in {0:,} prompts"))
    return differs.format(lane.n_differing) + verdict + where + margin


def because(record: ComparisonRecord) -> str:
    """The reason for the recommendation."""
    measured = record.measured
    if measured is None or measured.recommendation is None:
        return ""
    return one_line(measured.recommendation.because, longest=600)


def workload(record: ComparisonRecord) -> str:
    """What the recommendation holds for; before there is one, what is compared over."""
    measured = record.measured
    if measured is None or measured.recommendation is None:
        return _prompts_of(record)
    return tr("Holds for {0}.").format(one_line(measured.recommendation.workload, longest=600))


def changes(record: ComparisonRecord) -> str:
    """What would change the recommendation; empty while that is unknown."""
    measured = record.measured
    if measured is None or measured.recommendation is None:
        return ""
    return " ".join(one_line(change, longest=300) for change in measured.recommendation.changes)


def _prompts_of(record: ComparisonRecord) -> str:
    started = record.started
    if started is None:
        return ""
    return tr("{0} of {1} on {2} in {3}").format(
        count(len(started.prompts), "prompt"),
        one_line(started.prompt_set),
        one_line(started.device),
        one_line(started.dtype),
    )


def progress(record: ComparisonRecord, at: Progressed | None) -> str:
    """How far the comparison is: what is done, rate, time left."""
    if record.started is None:
        return _before_the_start(at)
    if at is not None and at.phase == "checking":
        text = tr("measuring what would change the advice: step {0:,.0f} of {1:,.0f}").format(at.done, at.total)
    else:
        n_done = 0 if record.measured is None else record.measured.n_measured
        text = tr("comparing: {0:,} of {1}").format(n_done, count(len(record.started.prompts), "prompt"))
    remaining = None if at is None or at.phase == "loading" else pace.pace(at)
    if remaining is None or at is None:
        return text
    per_minute = tr("{0:,.1f} {1} a minute").format(60 * remaining.per_s, one_line(at.unit))
    return tr("{0}, {1}, {2} left").format(text, per_minute, quantities.duration(remaining.left_s))


def _before_the_start(at: Progressed | None) -> str:
    if at is None:
        return tr("waiting for the engine")
    if at.phase == "tuning":
        return tr("trying two draft lengths of each drafter: {0:,.0f} of {1:,.0f} {2}").format(
            at.done, at.total, one_line(at.unit)
        )
    if at.phase == "checking":
        return tr("warming up lane {0:,.0f} of {1:,.0f}").format(at.done + 1, at.total)
    return tr("loading the models")


def outcome(measured: ComparisonMeasured) -> str:
    """A comparison that has ended, in a line for the status and the log."""
    compared = tr("compared over {0:,} of {1}").format(measured.n_measured, count(measured.n_prompts, "prompt"))
    because = "" if measured.recommendation is None else one_line(measured.recommendation.because, longest=200)
    return tr("{0}: {1}").format(compared, because) if because else compared


def ending(record: ComparisonRecord) -> str:
    """How the comparison on show ended, where that was not at its end; empty otherwise."""
    if record.state == "torn":
        return tr("The file ends before the comparison did; what was measured is shown.")
    measured = record.measured
    kept = ""
    if measured is not None and measured.n_measured < measured.n_prompts:
        kept = tr("Ended after {0:,} of {1}; what was measured is kept.").format(
            measured.n_measured, count(measured.n_prompts, "prompt")
        )
    if record.state != "refused" or record.failure is None:
        return kept if record.state == "finished" else ""
    what = record.failure.message if isinstance(record.failure, RunFailed) else record.failure.reason
    return kept or tr("Not completed: {0}").format(one_line(what))


def warnings(record: ComparisonRecord) -> tuple[str, ...]:
    """What a reader should know before believing the figures, a sentence each."""
    cautions = () if record.measured is None else record.measured.cautions
    skipped = () if record.started is None else record.started.skipped
    notes = () if record.started is None else record.started.prompt_notes
    lines = [one_line(line, longest=600) for line in (*cautions, *notes)]
    if skipped:
        words = quantities.counted(len(skipped), tr("{0:,} prompt was left out"), tr("{0:,} prompts were left out"))
        lines.append(tr("{0}: {1}").format(words.format(len(skipped)), one_line(skipped[0])))
    return tuple(lines)


# Acceptance by position


def shape_meaning(lane: LaneFigures) -> str:
    """What the shape of acceptance by position says of the drafter, in a line."""
    match lane.shape:
        case "flat":
            return tr("flat: longer drafts may pay")
        case "falling":
            return tr("falling: shorter drafts may pay")
        case "rising":
            return tr("rising: only easy texts survive that far")
        case "cliff":
            return tr("cliff after {0}: wrong window or positions?").format(lane.shape_at)
        case "zero":
            return tr("zero at once: wrong tokenizer or layers?")
        case _:
            return tr("unclear: too few tokens were tested")


def shape_details(lane: LaneFigures) -> str:
    """The same in full."""
    match lane.shape:
        case "flat":
            return tr("It guesses as well at every position, so a longer draft pays as far as its cost allows.")
        case "falling":
            return tr("Each further token is harder to guess, so a shorter draft may be faster.")
        case "rising":
            return tr(
                "Later positions are reached only where the text is easy: the survivors, not the drafter, improve."
            )
        case "cliff":
            return tr(
                "From there on hardly anything is accepted, which no text explains: look for a drafter whose window is"
                " shorter than the text, or whose positions are counted wrongly."
            )
        case "zero":
            return tr("Nothing is accepted even at the first position: look for another tokenizer, or wrong layers.")
        case _:
            return tr("Measure more prompts, or longer texts.")
