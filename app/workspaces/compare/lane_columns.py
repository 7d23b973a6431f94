"""Columns of the lane table: title, meaning, what a cell says, and the figure that sorts and exports it."""

from collections.abc import Callable
from typing import NamedTuple

from app.text.plain_text import one_line
from app.words import quantities
from app.workspaces.compare import words
from app.workspaces.compare.record import ComparisonRecord
from app.workspaces.compare.words import tr
from engine.events import PLAIN_LANE, LaneFigures

_LONGEST_REASON = 300


class LaneColumn(NamedTuple):
    """A column. write: text of a cell; value: its figure, None where it is unknown; rare: left out of a narrow window.

    widest: a text as wide as any usual cell; high_first: large figures are the good ones, so they come first."""

    title: str
    meaning: str
    write: Callable[[LaneFigures], str]
    value: Callable[[LaneFigures], float | None]
    widest: str
    rare: bool = False
    high_first: bool = False


# Places of the columns that need more than text.
LANE, SPEEDUP, SAME = 0, 7, 9


def lane_columns(record: Callable[[], ComparisonRecord]) -> tuple[LaneColumn, ...]:
    """All columns, of the comparison on show."""
    return (
        LaneColumn(
            tr("lane"), tr("A drafter at a draft length γ; plain decoding is always one. ★ is recommended."),
            lambda lane: _name(record(), lane), lambda lane: float(_place(record(), lane)), "",
        ),
        *_acceptance(),
        LaneColumn(
            tr("tokens/s"), tr("Tokens a second over all prompts, decoding only; high is good."),
            lambda lane: _number(lane.tokens_per_s, 0 if (lane.tokens_per_s or 0) >= 100 else 1),
            lambda lane: lane.tokens_per_s, "10,000", high_first=True,
        ),
        LaneColumn(
            tr("speedup"), tr(
                "Time a token of plain decoding ÷ that of the lane, over the same prompts. [ ] is the 95 % interval"
                " over prompts; ( ), with fewer than ten, the smallest and largest. The line draws the same, the"
                " upright is 1×: left of it is slower."
            ), _speedup, lambda lane: None if lane.speedup is None else lane.speedup.value,
            "0.00× (0.00 to 0.00)", high_first=True,
        ),
        LaneColumn(
            tr("predicted"), tr(
                "What the cost model expects of this acceptance rate and these step times; far from the measured one,"
                " something else costs time."
            ), lambda lane: _factor(lane.predicted_speedup), lambda lane: lane.predicted_speedup, "predicted",
            high_first=True,
        ),
        LaneColumn(
            tr("same text"), tr("Whether the lane wrote what plain decoding did, token by token; greedy only."),
            _same, lambda lane: None if lane.same_text is None else float(lane.same_text), "✗ 000 prompts",
            high_first=True,
        ),
        *_costs(),
        LaneColumn(
            tr("why not"), tr("Why a lane cannot take part, or why it is not recommended."),
            lambda lane: _why_not(record(), lane), lambda lane: None, "",
        ),
    )  # fmt: skip


def _acceptance() -> tuple[LaneColumn, ...]:
    return (
        LaneColumn(
            tr("acceptance α"), tr("Acceptance rate: accepted ÷ tested tokens, with its 95 % interval; high is good."),
            lambda lane: quantities.with_interval(lane.alpha, lane.alpha_ci), lambda lane: lane.alpha,
            "0.00 [0.00, 0.00]", high_first=True,
        ),
        LaneColumn(
            tr("tokens/round τ"),
            tr("Tokens per round: what one forward of the target yields; 1 without a draft, at most γ + 1."),
            lambda lane: _number(lane.tau), lambda lane: lane.tau, "0.00", high_first=True,
        ),
        LaneColumn(
            tr("efficiency"), tr(
                "Draft efficiency: accepted ÷ proposed, untested included. Other programs print it as acceptance."
            ), lambda lane: _number(lane.efficiency), lambda lane: lane.efficiency, "efficiency", rare=True,
            high_first=True,
        ),
        LaneColumn(
            tr("step cost c"), tr("Cost of a drafted token: one drafter step ÷ one target step; low is good."),
            lambda lane: _number(lane.c), lambda lane: lane.c, "0.00",
        ),
        LaneColumn(
            tr("one more"), tr("Cost of one more token to verify, in target steps; high asks for a small γ."),
            lambda lane: _number(lane.verify_per_token), lambda lane: lane.verify_per_token, "one more", rare=True,
        ),
    )  # fmt: skip


def _costs() -> tuple[LaneColumn, ...]:
    return (
        LaneColumn(
            "TTFT", tr("Time to the first token: prefill and first round, prompt by prompt the same for all lanes."),
            lambda lane: quantities.milliseconds(lane.ttft_ms), lambda lane: lane.ttft_ms, "000.0 ms", rare=True,
        ),
        LaneColumn(
            "TPOT", tr("Time per output token after the first; low is good."),
            lambda lane: quantities.milliseconds(lane.tpot_ms), lambda lane: lane.tpot_ms, "00.0 ms", rare=True,
        ),
        LaneColumn(
            tr("J/token"), tr("Energy a token, read from the machine's own counter. Without one it is not estimated."),
            _energy, lambda lane: lane.joules_per_token, "not measurable here", rare=True,
        ),
        LaneColumn(
            tr("memory"), tr("Weights and caches of target and drafter together."),
            lambda lane: quantities.UNKNOWN if lane.memory_bytes is None else quantities.memory(lane.memory_bytes),
            lambda lane: None if lane.memory_bytes is None else float(lane.memory_bytes), "000 MB",
        ),
    )  # fmt: skip


def _name(record: ComparisonRecord, lane: LaneFigures) -> str:
    return f"{record.mark(lane.lane).glyph} {words.lane_name(lane.lane)}"


def _place(record: ComparisonRecord, lane: LaneFigures) -> int:
    return next((place for place, spec in enumerate(record.lanes) if spec.name == lane.lane), 0)


def _number(value: float | None, digits: int = 2) -> str:
    return quantities.number(value, digits)


def _factor(value: float | None) -> str:
    return quantities.times(value)


def _speedup(lane: LaneFigures) -> str:
    return tr("1.00×") if lane.lane == PLAIN_LANE and lane.speedup is not None else words.ratio(lane.speedup)


def _same(lane: LaneFigures) -> str:
    if not words.is_compared(lane):
        return quantities.UNKNOWN
    if lane.same_text is None:
        return tr("≠ unclear")
    if lane.same_text:
        return "✓" if not lane.n_differing else tr("✓ as plain")
    return quantities.counted(lane.n_differing, tr("✗ {0:,} prompt"), tr("✗ {0:,} prompts")).format(lane.n_differing)


def _energy(lane: LaneFigures) -> str:
    if lane.joules_per_token is not None:
        return f"{lane.joules_per_token:,.3g} J"
    return tr("not measurable here") if lane.n_tokens else quantities.UNKNOWN


def _why_not(record: ComparisonRecord, lane: LaneFigures) -> str:
    if record.recommended == lane.lane:
        complete = record.measured is not None and record.measured.complete
        return tr("★ recommended") if complete else tr("★ leads so far")
    if lane.lane == PLAIN_LANE and lane.lane not in record.refused:
        return tr("the baseline")
    return one_line(lane.why_not.removeprefix(f"{lane.lane} "), longest=_LONGEST_REASON)
