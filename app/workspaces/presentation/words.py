"""Texts of presentation mode: the verdict, the counters, what a race is of, and the keys."""

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication

from app.text.plain_text import one_line, path_line
from app.widgets.lane_marks import LaneMark
from app.words import quantities
from app.words.counts import count
from app.words.model_names import builtin_name
from app.words.runs import short
from app.workspaces.presentation.player import RacePlayer
from app.workspaces.presentation.race import LaneProgress, RaceRun
from app.workspaces.presentation.script import RaceFacts, RaceLane, RaceScript, TextCheck
from engine.statistics import Interval, RatioEstimate

_LONGEST_NAME, _LONGEST_PROMPT = 60, 400
# Below, a speedup is a loss.
_LOSS = 0.995
# Seconds above this are not a time that anybody waits for, and would not fit.
_LONGEST_S = 99_999


def tr(text: str) -> str:
    """Translate a text of presentation mode."""
    return QCoreApplication.translate("presentation", text)


def lane_name(lane: RaceLane) -> str:
    """The name of a lane, safe to show."""
    return tr("plain decoding") if lane.is_plain else path_line(lane.spec.name, longest=_LONGEST_NAME)


# The verdict


def verdict(value: float | None, interval: Interval | None = None) -> str:
    """A speedup in a word or two; a loss is called one, and an interval that holds 1 leaves it open."""
    if value is None:
        return ""
    if interval is not None and interval.low <= 1 <= interval.high:
        return tr("{0:.2f}×: no clear difference").format(value)
    if value < _LOSS:
        return tr("{0:.2f}×: slower here").format(value)
    return tr("{0:.2f}×").format(value) if value >= 1.005 else tr("{0:.2f}×: as fast").format(value)


def is_loss(lane: RaceLane) -> bool:
    """Whether a lane is slower than plain decoding."""
    value = lane.measured.value if lane.measured is not None else lane.here
    return value is not None and value < _LOSS


def speedup_unknown(lane: RaceLane) -> bool:
    """Whether there is no speedup of a lane (yet)."""
    return lane.measured is None and lane.here is None


def lane_verdict(lane: RaceLane) -> str:
    """The speedup of a lane over everything measured, else in this race."""
    if lane.is_plain:
        return tr("the baseline")
    return verdict(lane.here) if lane.measured is None else verdict(lane.measured.value, lane.measured.ci)


def race_verdict(lane: RaceLane) -> str:
    """The speedup of a lane in this race, which the rates beside it divide to; overall where that is unknown."""
    return lane_verdict(lane) if lane.is_plain or lane.here is None else verdict(lane.here)


def overall(lane: RaceLane) -> str:
    """The speedup over everything measured, where that is more than this race."""
    if lane.is_plain or lane.here is None or lane.measured is None:
        return ""
    return tr("overall {0:.2f}×").format(lane.measured.value)


def loses_here(lane: RaceLane) -> bool:
    """Whether a lane is slower than plain decoding in this race, or overall where that is unknown."""
    return is_loss(lane) if lane.here is None else lane.here < _LOSS


def against_plain() -> str:
    """What a speedup is over."""
    return tr("against plain decoding")


def spread(estimate: RatioEstimate | None, facts: RaceFacts) -> str:
    """The interval of a speedup, or its range where that is all there is, and over how many units."""
    if estimate is None or estimate.n < 2:
        return tr("a single race: no interval")
    units = tr("prompts") if facts.unit == "prompts" else tr("repeats")
    if estimate.ci is not None:
        bounds = estimate.ci
        return tr("95 % interval {0:.2f} to {1:.2f} over {2:,} {3}").format(bounds.low, bounds.high, estimate.n, units)
    if estimate.range is None:
        return tr("over {0:,} {1}").format(estimate.n, units)
    return tr("range {0:.2f} to {1:.2f} over {2:,} {3}").format(*estimate.range, estimate.n, units)


def short_spread(estimate: RatioEstimate | None, facts: RaceFacts) -> str:
    """The same for a narrow column."""
    if estimate is None or estimate.ci is None:
        return spread(estimate, facts)
    units = tr("prompts") if facts.unit == "prompts" else tr("repeats")
    return tr("{0:.2f} to {1:.2f}, 95 % over {2:,} {3}").format(*estimate.ci, estimate.n, units)


def here(lane: RaceLane) -> str:
    """The speedup in this race, where the headline is about more than it."""
    if lane.is_plain or lane.here is None or lane.measured is None:
        return ""
    return tr("in this race {0}").format(verdict(lane.here) if lane.here < _LOSS else f"{lane.here:.2f}×")


def headline(lane: RaceLane | None, mark: LaneMark, *, live: bool) -> tuple[str, ...]:
    """What the eye meets first: the speedup of the leading lane, then its name."""
    if lane is None or live:
        return (tr("Racing live…") if live else "",)
    return lane_verdict(lane), f"{mark.glyph} {lane_name(lane)}"


def same_text(check: TextCheck) -> tuple[str, ...]:
    """Whether a lane wrote the plain text, or where it first did not and how close the two best tokens were there."""
    if check.same is None:
        return ()
    if check.same:
        return (tr("same text ✓"),)
    if check.first_divergence is None:
        return (tr("≠ text differs"),)
    margin = "" if check.margin is None else tr("top-2 margin {0:.3f}").format(check.margin)
    return tr("≠ from token {0:,}").format(check.first_divergence + 1), margin


def all_texts(script: RaceScript) -> tuple[str, bool]:
    """The check over all lanes of a race, and whether it is good; empty where nothing was compared."""
    checks = [lane.check for lane in script.lanes if not lane.is_plain]
    if not script.greedy:
        return tr("sampled: texts not compared"), True
    if not checks or any(check.same is None for check in checks):
        return "", True
    differing = [check for check in checks if not check.same]
    if not differing:
        return tr("same text ✓"), True
    if all(check.as_plain_runs for check in differing):
        return tr("differs as two plain runs do ✓"), True
    words = quantities.counted(len(differing), tr("≠ text differs in {0} lane"), tr("≠ text differs in {0} lanes"))
    return words.format(len(differing)), False


# The counters


def place(number: int | None) -> str:
    """A place at the end of a race."""
    if number is None:
        return ""
    return {1: tr("1st"), 2: tr("2nd"), 3: tr("3rd")}.get(number, tr("{0}th").format(number))


def tokens_per_s(lane: LaneProgress) -> str:
    """The rate of decoding so far."""
    rate = lane.tokens_per_s
    if rate is None:
        return tr("reading the prompt")
    return tr("{0:,.0f} tokens/s").format(rate) if rate >= 20 else tr("{0:.1f} tokens/s").format(rate)


def n_tokens(lane: LaneProgress) -> str:
    """How many tokens a lane has."""
    return count(lane.n_tokens, "token")


def seconds(value: float) -> str:
    """A time of the race."""
    if value > _LONGEST_S:
        return tr("> {0:,} s").format(_LONGEST_S)
    return tr("{0:.2f} s").format(value) if value < 100 else tr("{0:,.0f} s").format(value)


def prefill(lane: LaneProgress) -> str:
    """The time before the first round, which is reported apart; empty if it is not known."""
    return tr("prefill {0}").format(quantities.milliseconds(1e3 * s)) if (s := lane.recording.prefill_s) else ""


def spoken_lane(lane: RaceLane, progress: LaneProgress, run: RaceRun) -> str:
    """The state of a lane as a sentence for a screen reader."""
    at = (
        place(run.place(progress)),
        n_tokens(progress),
        seconds(run.seconds(progress)),
        tokens_per_s(progress),
        lane_verdict(lane),
        *same_text(lane.check),
    )
    return ", ".join(filter(None, at))


def spoken(lanes: Sequence[RaceLane], run: RaceRun) -> str:
    """The state of a race for a screen reader."""
    pairs = zip(lanes, run.lanes, strict=False)
    return "; ".join(f"{lane_name(lane)}: {spoken_lane(lane, progress, run)}" for lane, progress in pairs)


# What it is of


def of_what(script: RaceScript) -> tuple[str, ...]:
    """Pair and workload, the most important first."""
    return tuple(filter(None, (_models(script), *_workload(script.facts))))


def measured_where(script: RaceScript) -> tuple[str, ...]:
    """How it was measured, where and when."""
    return tuple(filter(None, (how(script), _machine(script.facts), _date(script.facts))))


def _models(script: RaceScript) -> str:
    facts = script.facts
    target = builtin_name(facts.target, "target") or short(facts.target)
    drafters = {lane.spec.drafter for lane in script.lanes if not lane.is_plain}
    if len(drafters) != 1:
        return target
    drafter = drafters.pop()
    return f"{target} + {builtin_name(drafter, 'drafter') or short(drafter)}"


def _workload(facts: RaceFacts) -> tuple[str, ...]:
    temperature = facts.settings.get("temperature", 0)
    sampling = tr("temperature {0}").format(short(str(temperature))) if temperature else tr("greedy")
    length = facts.settings.get("max_new_tokens")
    tokens = count(length, "new token") if isinstance(length, int) else ""
    prompts = tr("prompt set {0}").format(short(facts.prompt_set)) if facts.prompt_set else ""
    return prompts, tokens, sampling


def _machine(facts: RaceFacts) -> str:
    processor = one_line(facts.processor, longest=_LONGEST_NAME) if facts.processor else short(facts.device)
    return ", ".join(filter(None, (processor, short(facts.dtype))))


def _date(facts: RaceFacts) -> str:
    return short(facts.started_utc.partition("T")[0])


def how(script: RaceScript) -> str:
    """How the times were measured."""
    if script.facts.origin == "live":
        return tr("live, a round of each in turn, each on its own clock")
    return tr("measured one at a time, played back together")


def note(lane: RaceLane) -> str:
    """What is special about the times of a lane; empty if nothing is."""
    if lane.watched:
        return tr("timed while shown, which slows it")
    return tr("shown at its measured mean pace") if lane.paced else ""


def prompt_line(facts: RaceFacts) -> str:
    """Which prompt is raced over, and its text."""
    text = one_line(facts.prompt, longest=_LONGEST_PROMPT)
    if facts.n_races < 2:
        return tr("Prompt: {0}").format(text)
    category = f" ({one_line(facts.category, longest=_LONGEST_NAME)})" if facts.category else ""
    return tr("Prompt {0:,} of {1:,}{2}: {3}").format(facts.number, facts.n_races, category, text)


# Keys


def lanes_shown(n: int, n_lanes: int) -> str:
    """How many of the lanes are on show; empty where all are."""
    return tr("{0} of {1} lanes shown").format(n, n_lanes) if n < n_lanes else ""


def keys(*, has_race: bool, several: bool, pages: int, live: bool = False, has_report: bool = True) -> tuple[str, ...]:
    """The keys that do something now, the most important first. several: other prompts to show; live: it races now."""
    if not has_race:
        return tr("Enter  race on the built-in pair"), tr("P  type a prompt"), tr("Esc  leave")
    others = tr("L  other lanes") if pages > 1 else ""
    if live:
        return tuple(filter(None, (tr("S  stop"), others, tr("H  ghosts"), tr("Esc  leave"))))
    return tuple(
        filter(
            None,
            (
                tr("Space  pause"),
                tr("R  restart"),
                tr("← →  prompt") if several else "",
                tr("+ −  speed"),
                tr("H  ghosts"),
                tr("P  type a prompt"),
                others,
                tr("E  export report") if has_report else "",
                tr("Esc  leave"),
            ),
        )
    )


def speed(value: float) -> str:
    """A speed of playing back."""
    fractions = {1 / 16: "1/16", 0.125: "⅛", 0.25: "¼", 0.5: "½"}
    return tr("{0}× measured speed").format(fractions.get(value, f"{value:g}"))


def playback(player: RacePlayer, *, live: bool, ghosts: bool) -> tuple[str, ...]:
    """Whether it plays, and how fast."""
    hidden = "" if ghosts else tr("ghosts hidden")
    if live:
        return tr("live"), hidden
    over = player.run is not None and player.run.finished
    state = "" if player.run is None else tr("finished") if over else tr("playing") if player.playing else tr("paused")
    return (state, speed(player.speed) if player.run is not None else "", hidden)


def nothing() -> str:
    """What to do where there is nothing to show."""
    return tr(
        "Nothing to race yet. Press Enter to race the built-in pair, run a prompt in Decode, measure in Compare, "
        "or open a trace with Ctrl+O."
    )
