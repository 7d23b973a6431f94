"""Chooses among the lanes of a comparison, and says why and why not in words.

* imports neither Qt nor torch."""

from collections.abc import Sequence
from typing import NamedTuple

from engine import drafters
from engine.events import PLAIN_LANE, LaneFigures, Recommendation
from engine.statistics import RatioEstimate

# Two lanes whose speedups differ by less than this are equally good; the one that takes less memory is preferred.
_EQUALLY_GOOD = 0.01
_DIGITS = 2


class Term(NamedTuple):
    """A term of a round's cost, in plain steps, and how it is called."""

    cost: float
    words: str


def recommendation(lanes: Sequence[LaneFigures], workload: str, changes: tuple[str, ...] = ()) -> Recommendation:
    """What to ship: the lane with the largest speedup whose text is the target's, plain decoding among them."""
    measured = [lane for lane in lanes if lane.speedup is not None and lane.lane != PLAIN_LANE]
    sound = [lane for lane in measured if lane.same_text is not False]
    best = _best(sound)
    if best is None or best.speedup is None or best.speedup.value <= 1.0:
        return Recommendation(drafters.NONE, PLAIN_LANE, 0, _why_off(best, lanes), workload, changes)
    others = [lane for lane in sound if lane.drafter != best.drafter or lane.gamma != best.gamma]
    because = f"ship {best.drafter} at γ {best.gamma}: {of_speedup(best.speedup)}{_doubt(best.speedup)}"
    rival = _best([lane for lane in others if lane.drafter != best.drafter]) or _best(others)
    if rival is not None:
        because += f"; {_against(rival, best)}"
    return Recommendation(best.drafter, best.lane, best.gamma, because, workload, changes)


def why_not(lane: LaneFigures, chosen: Recommendation, lanes: Sequence[LaneFigures]) -> str:
    """Why a lane is not the recommended one, in words; empty for that one itself."""
    if lane.lane == chosen.lane or lane.why_not:
        return lane.why_not
    best = next(other for other in lanes if other.lane == chosen.lane)
    if lane.lane == PLAIN_LANE:
        return f"slower: {chosen.drafter} at γ {chosen.gamma} is {_of_value(best)}" if best.speedup is not None else ""
    if lane.same_text is False:
        return f"its text differs from plain decoding on {lane.n_differing} of {lane.n_prompts} prompts"
    if lane.speedup is None:
        return "not measured"
    if lane.speedup.value < 1.0:
        return f"slower than plain decoding: {slow_term(lane)}"
    if best.lane == PLAIN_LANE:
        return "no faster than plain decoding"
    return _against(lane, best)


def of_speedup(estimate: RatioEstimate) -> str:
    """A speedup with its interval, or with the range of fewer than ten units."""
    value = f"{estimate.value:.{_DIGITS}f}×"
    if estimate.ci is not None:
        return f"{value} [{estimate.ci.low:.{_DIGITS}f}, {estimate.ci.high:.{_DIGITS}f}]"
    if estimate.range is None:
        return value
    return f"{value} ({estimate.range.low:.{_DIGITS}f} to {estimate.range.high:.{_DIGITS}f} over {estimate.n})"


def slow_term(lane: LaneFigures) -> str:
    """The term of the cost of a round that weighs most against what the drafter brings."""
    if lane.c is None or lane.verify_per_token is None or lane.tau is None or lane.alpha is None:
        return "it proposes nothing that is accepted"
    drafting = Term(lane.gamma * lane.c, f"drafting costs {lane.gamma * lane.c:.2f} steps a round (c {lane.c:.2f})")
    extra = lane.gamma * lane.verify_per_token
    verifying = Term(extra, f"verifying {lane.gamma + 1} tokens costs {extra:.2f} steps more than one")
    heaviest = max(drafting, verifying)
    return f"{lane.tau:.2f} tokens a round do not pay for it, {heaviest.words}"


def _best(lanes: Sequence[LaneFigures]) -> LaneFigures | None:
    """The fastest lane; of equally good ones the smallest in memory."""
    speeds = {lane.lane: lane.speedup.value for lane in lanes if lane.speedup is not None}
    if not speeds:
        return None
    near = [lane for lane in lanes if speeds.get(lane.lane, 0.0) >= max(speeds.values()) * (1 - _EQUALLY_GOOD)]
    return min(near, key=lambda lane: (lane.memory_bytes or 0, -speeds[lane.lane]))


def _why_off(best: LaneFigures | None, lanes: Sequence[LaneFigures]) -> str:
    if best is None or best.speedup is None:
        refused = sum(bool(lane.why_not) for lane in lanes)
        return f"leave drafting off: none of the {refused} lanes could be measured"
    measured = f"the best, {best.drafter} at γ {best.gamma}, is {of_speedup(best.speedup)}"
    return f"leave drafting off: {measured}: {slow_term(best)}"


def _doubt(estimate: RatioEstimate) -> str:
    spread = estimate.ci or estimate.range
    return ", which may be no gain" if spread is not None and spread.low <= 1.0 else ""


def _of_value(lane: LaneFigures) -> str:
    return "" if lane.speedup is None else f"{lane.speedup.value:.{_DIGITS}f}×"


def _against(lane: LaneFigures, best: LaneFigures) -> str:
    """Why a lane is behind the best, by the term that differs most."""
    name = lane.lane
    if lane.alpha is None or best.alpha is None or lane.c is None or best.c is None:
        return f"{name} is {_of_value(lane)}"
    if lane.drafter == best.drafter:
        return _other_length(lane, best)
    if lane.alpha >= best.alpha and lane.c > best.c:
        times = f"{lane.c / best.c:.1f}×" if best.c > 0.001 else f"{lane.c:.2f} steps,"
        return f"{name} accepts more ({lane.alpha:.2f}) but costs {times} as much a step: {_of_value(lane)}"
    if lane.c <= best.c:
        cheap = " though it costs less a step" if lane.c < best.c else ""
        return f"{name} accepts less ({lane.alpha:.2f} against {best.alpha:.2f}){cheap}: {_of_value(lane)}"
    return f"{name} accepts less ({lane.alpha:.2f} against {best.alpha:.2f}) and costs more a step: {_of_value(lane)}"


def _other_length(lane: LaneFigures, best: LaneFigures) -> str:
    if lane.gamma > best.gamma:
        return f"{lane.lane} drafts further than acceptance {lane.alpha:.2f} pays for: {_of_value(lane)}"
    return f"{lane.lane} leaves accepted tokens undrafted: {_of_value(lane)}"
