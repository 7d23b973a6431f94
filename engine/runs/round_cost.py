"""Says what a run's rounds spend time on beyond the target step that plain decoding takes anyway.

* imports neither Qt nor torch."""

from typing import Literal, NamedTuple, TypeAlias

from engine.runs.summary import Summary

RoundTerm: TypeAlias = Literal["drafting", "verifying", "fixed"]


class RoundCost(NamedTuple):
    """Shares of the time of a round. verifying: what the draft adds to a target step; fixed: all that is neither."""

    drafting: float
    verifying: float
    fixed: float

    @property
    def largest(self) -> RoundTerm:
        """The term that costs most."""
        return max(("drafting", "verifying", "fixed"), key=lambda term: float(getattr(self, term)))


def round_cost(summary: Summary) -> RoundCost | None:
    """What the rounds of a run cost; None before the first, and until the cost of verifying is measured."""
    whole, ratio = summary.decode_ms, summary.verify_ratio
    if whole <= 0 or ratio is None or ratio <= 0:
        return None
    widened = summary.verify_ms * max(0.0, 1 - 1 / ratio)
    return RoundCost(summary.draft_ms / whole, widened / whole, summary.other_ms / whole)


def verdict(summary: Summary) -> str:
    """Whether drafting pays, and the cost that is to blame where it does not; empty where that was not measured."""
    if summary.speedup is None:
        return ""
    if summary.speedup >= 1:
        return "drafting pays"
    cost = round_cost(summary)
    if cost is None:
        return "slower here"
    words = {
        "drafting": "drafting costs",
        "verifying": "verifying more than one token costs",
        "fixed": "what is neither drafting nor verifying costs",
    }[cost.largest]
    return f"slower here, {words} {getattr(cost, cost.largest):.0%} of the round"
