"""Chooses among the lanes of a comparison, and says why and why not in words.

* imports neither Qt nor torch."""

from collections.abc import Sequence
from typing import NamedTuple

from engine import drafters
from engine.events import PLAIN_LANE, LaneFigures, Recommendation
from engine.experiments.lane_specs import is_approximate
from engine.statistics import RatioEstimate

# Two lanes whose speedups differ by less than this are equally good: the one that takes less memory is preferred, and
# plain decoding, which takes the least, to all.
_EQUALLY_GOOD = 0.01
_LENGTH_MARK = " γ "
_DIGITS = 2
_NEGLIGIBLE_C = 0.005
# A round costs at least a plain step, so that a speedup beyond its tokens was measured on a disturbed machine.
_BEYOND_TAU = 1.1


class Term(NamedTuple):
    """A term of a round's cost, in plain steps, and how it is called."""

    cost: float
    words: str


def recommendation(lanes: Sequence[LaneFigures], workload: str, changes: tuple[str, ...] = ()) -> Recommendation:
    """What to ship: the lane with the largest speedup whose text is the target's, plain decoding among them."""
    sound = [lane for lane in _drafted(lanes) if lane.same_text is not False and not _impossible(lane)]
    best = _best([lane for lane in sound if _value(lane) * (1 - _EQUALLY_GOOD) > 1.0])
    if best is None or best.speedup is None:
        is_disturbed = _all_impossible(lanes)
        return Recommendation(drafters.NONE, PLAIN_LANE, 0, _why_off(lanes), workload, changes, disturbed=is_disturbed)
    because = f"ship {_named(best)}: {of_speedup(best.speedup)}{_doubt(best.speedup)}"
    others = [lane for lane in sound if lane.lane != best.lane]
    rival = _best([lane for lane in others if lane.drafter != best.drafter]) or _best(others)
    if rival is not None:
        because += f"; {_against(rival, best)}"
    if best.same_text is None and best.n_differing:
        because += f"; {_unsure_text(best)}"
    return Recommendation(best.drafter, best.lane, best.gamma, because, workload, changes)


def why_not(lane: LaneFigures, chosen: Recommendation, lanes: Sequence[LaneFigures]) -> str:
    """Why a lane is not the recommended one, in words; empty for that one itself."""
    if lane.lane == chosen.lane or lane.why_not:
        return lane.why_not
    best = next(other for other in lanes if other.lane == chosen.lane)
    if lane.lane == PLAIN_LANE:
        return f"slower: {_named(best)} is {_times(best)}" if best.speedup is not None else ""
    if lane.speedup is None:
        return "not measured"
    if is_approximate(lane.method):
        return _approximate(lane)
    if lane.alpha is None:
        return "it proposed nothing"
    if _impossible(lane):
        return f"disturbed: {lane.tau:.2f} tokens a round cannot make it {_times(lane)} as fast; measure again"
    if lane.same_text is False:
        return f"its text differs from plain decoding on {lane.n_differing} of {_prompts(lane)}"
    if lane.speedup.value < 1.0:
        return f"slower than plain decoding: {slow_term(lane)}"
    if best.lane == PLAIN_LANE:
        return f"no gain to speak of over plain decoding: {_times(lane)}"
    return _against(lane, best)


def _approximate(lane: LaneFigures) -> str:
    """Why a lane whose text may differ is never recommended."""
    differs = "its text may differ from the target's"
    if lane.same_text is False:
        differs = f"its text differs from plain decoding on {lane.n_differing} of {_prompts(lane)}"
    elif lane.same_text:
        differs = "here its text was that of plain decoding, which nothing ensures"
    return f"approximate, so never recommended: {_times(lane)}, {differs}"


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
    if lane.alpha is None:
        return "it proposed nothing"
    if not lane.alpha:
        return "nothing that it proposed was accepted"
    too_few = f"{lane.tau or 1.0:.2f} tokens a round do not pay for it"
    if lane.c is None or lane.verify_per_token is None:
        return too_few
    return f"{too_few}, {max(_terms(lane, lane.c, lane.verify_per_token)).words}"


def _terms(lane: LaneFigures, c: float, verify_per_token: float) -> list[Term]:
    """What a round costs beyond a plain step: drafting, verifying more than one token, and all that is neither."""
    drafting, extra = lane.gamma * c, lane.gamma * verify_per_token
    # A tree, which is not named after a draft length, has more tokens than it is deep.
    verified = f"{lane.gamma + 1} tokens" if _LENGTH_MARK in lane.lane else "a draft"
    terms = [
        Term(drafting, f"drafting costs {drafting:.2f} steps a round (c {c:.2f})"),
        Term(extra, f"verifying {verified} costs {extra:.2f} steps more than one token"),
    ]
    if lane.tau is not None and lane.speedup is not None:
        rest = lane.tau / lane.speedup.value - 1 - drafting - extra
        terms.append(Term(rest, f"what is neither drafting nor verifying costs {rest:.2f} steps a round"))
    return terms


def _drafted(lanes: Sequence[LaneFigures]) -> list[LaneFigures]:
    """The exact lanes that drafted something and were measured."""
    return [lane for lane in _exact(lanes) if lane.speedup is not None and lane.alpha is not None]


def _exact(lanes: Sequence[LaneFigures]) -> list[LaneFigures]:
    """The lanes with drafters whose text is the target's by their method; one that is approximate is never shipped."""
    return [lane for lane in lanes if lane.lane != PLAIN_LANE and not is_approximate(lane.method)]


def _impossible(lane: LaneFigures) -> bool:
    """Whether a lane is faster than its tokens a round allow: something held plain decoding up."""
    return lane.tau is not None and _value(lane) > _BEYOND_TAU * lane.tau


def _all_impossible(lanes: Sequence[LaneFigures]) -> bool:
    """Whether every measured lane with a drafter is faster than it can be."""
    measured = [lane for lane in _exact(lanes) if lane.speedup is not None]
    return bool(measured) and all(map(_impossible, measured))


def _best(lanes: Sequence[LaneFigures]) -> LaneFigures | None:
    """The fastest lane; of equally good ones the smallest in memory."""
    if not lanes:
        return None
    least = max(map(_value, lanes)) * (1 - _EQUALLY_GOOD)
    near = [lane for lane in lanes if _value(lane) >= least]
    return min(near, key=lambda lane: (lane.memory_bytes or 0, -_value(lane)))


def _why_off(lanes: Sequence[LaneFigures]) -> str:
    """Why plain decoding is recommended."""
    others = _exact(lanes)
    measured = [lane for lane in others if lane.speedup is not None]
    if not others and len(lanes) > 1:
        return "leave drafting off: only approximate lanes were compared, whose text may differ from the target's"
    if not measured:
        return f"nothing was measured: {_none_of(len(others))} could take part"
    if _all_impossible(lanes):
        return "nothing can be recommended: something disturbed plain decoding; measure again"
    sound = [lane for lane in measured if lane.same_text is not False and not _impossible(lane)]
    best = max(sound, key=_value, default=None)
    if best is None or best.speedup is None:
        return f"leave drafting off: {_none_of(len(measured))} writes the text of plain decoding"
    fastest = f"leave drafting off: the fastest, {_named(best)}, is {of_speedup(best.speedup)}"
    if best.speedup.value < 1.0 or best.alpha is None:
        return f"{fastest}: {slow_term(best)}"
    return f"{fastest}, which is no gain to speak of"


def _none_of(n: int) -> str:
    return "no lane with a drafter" if n < 2 else f"none of the {n} lanes with drafters"


def _doubt(estimate: RatioEstimate) -> str:
    """What the interval, or the range of the units, leaves open."""
    if estimate.ci is not None:
        return ", which may be no gain" if estimate.ci.low <= 1.0 else ""
    if estimate.range is None:
        return ", measured once"
    return ", with no gain in some of them" if estimate.range.low <= 1.0 else ""


def _prompts(lane: LaneFigures) -> str:
    return "1 prompt" if lane.n_prompts == 1 else f"{lane.n_prompts} prompts"


def _unsure_text(lane: LaneFigures) -> str:
    return (
        f"its text differs from plain decoding on {lane.n_differing} of {_prompts(lane)}, too few to tell this "
        "from rounding"
    )


def _named(lane: LaneFigures) -> str:
    title, mark, _ = lane.lane.rpartition(_LENGTH_MARK)
    policy = f" under the policy {lane.policy}" if lane.policy else ""
    return f"{title} at γ {lane.gamma}{policy}" if mark else lane.lane


def _value(lane: LaneFigures) -> float:
    return 0.0 if lane.speedup is None else lane.speedup.value


def _times(lane: LaneFigures) -> str:
    return "" if lane.speedup is None else f"{lane.speedup.value:.{_DIGITS}f}×"


def _against(lane: LaneFigures, best: LaneFigures) -> str:
    """Why a lane is behind the best, by what differs most; the end gives its speedup."""
    if _value(lane) >= _value(best) * (1 - _EQUALLY_GOOD):
        more = " but takes more memory" if (lane.memory_bytes or 0) > (best.memory_bytes or 0) else ""
        return f"{lane.lane} is as fast{more}: {_times(lane)}"
    if lane.alpha is None or best.alpha is None or lane.c is None or best.c is None:
        return f"{lane.lane} is {_times(lane)}"
    reason = _other_length(lane, best) if lane.drafter == best.drafter else _other_drafter(lane, best)
    return f"{lane.lane} {reason}{': ' * bool(reason) or 'is '}{_times(lane)}"


def _other_length(lane: LaneFigures, best: LaneFigures) -> str:
    """Behind the same drafter at another length; empty where the length is the same."""
    if lane.gamma > best.gamma:
        return f"drafts further than acceptance {lane.alpha:.2f} pays for"
    return "leaves accepted tokens undrafted" if lane.gamma < best.gamma else ""


def _other_drafter(lane: LaneFigures, best: LaneFigures) -> str:
    """Behind another drafter: by acceptance and the cost of a step, or by what a round brings and costs."""
    assert lane.alpha is not None and best.alpha is not None and lane.c is not None and best.c is not None
    ahead = round(lane.alpha - best.alpha, _DIGITS)
    dearer = lane.c - best.c
    dearer = 0.0 if abs(dearer) < _NEGLIGIBLE_C else dearer
    if ahead < 0:
        price = " and costs more a step" if dearer > 0 else " though it costs less a step" if dearer else ""
        return f"accepts less ({lane.alpha:.2f} against {best.alpha:.2f}){price}"
    accepts = f"accepts {'more' if ahead else 'as much'} ({lane.alpha:.2f})"
    if dearer > 0:
        times = f"{lane.c / best.c:.1f}× as much a step" if best.c > _NEGLIGIBLE_C else f"{lane.c:.2f} plain steps each"
        return f"{accepts} but costs {times}"
    if (lane.tau or 1.0) < (best.tau or 1.0):
        return f"{accepts} but brings {lane.tau or 1.0:.2f} tokens a round against {best.tau or 1.0:.2f}"
    return f"{accepts} but costs more a round"
