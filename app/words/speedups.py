"""Says a speedup with its interval or range, and why a loss is one."""

from typing import Literal, TypeAlias

from PySide6.QtCore import QCoreApplication

from app.words import quantities
from engine.runs.round_cost import round_cost
from engine.runs.summary import Summary
from engine.statistics import FEWEST_FOR_INTERVAL, Interval, RatioEstimate

Units: TypeAlias = Literal["repeats", "prompts", "texts", "blocks"]


def tr(text: str) -> str:
    """Translate a text about a speedup."""
    return QCoreApplication.translate("speedups", text)


def figure(estimate: RatioEstimate | None, units: Units = "repeats") -> str:
    """A factor with its interval in brackets, or below ten units with its range in words."""
    if estimate is None:
        return quantities.UNKNOWN
    return " ".join(filter(None, (quantities.times(estimate.value), in_brackets(estimate, units))))


def in_brackets(estimate: RatioEstimate, units: Units = "repeats") -> str:
    """The interval, or the range and what it is over; empty for a single unit."""
    if estimate.ci is not None:
        return f"[{estimate.ci.low:.2f}, {estimate.ci.high:.2f}]"
    return "" if estimate.range is None else f"({spread(estimate, units)})"


def spread(estimate: RatioEstimate, units: Units = "repeats") -> str:
    """The interval or the range in words, with the number of units."""
    over = counted(estimate.n, units)
    if estimate.ci is not None:
        return tr("95 % in [{0:.2f}, {1:.2f}], {2}").format(*estimate.ci, over)
    return over if estimate.range is None else tr("{0:.2f} to {1:.2f} over {2}").format(*estimate.range, over)


def counted(n: int, units: Units) -> str:
    """So many repeats, prompts, texts or blocks."""
    one, several = {
        "repeats": (tr("one repeat"), tr("{0:,} repeats")),
        "prompts": (tr("one prompt"), tr("{0:,} prompts")),
        "texts": (tr("one text"), tr("{0:,} texts")),
        "blocks": (tr("one block"), tr("{0:,} blocks")),
    }[units]
    return quantities.counted(n, one, several).format(n)


def bars(n: int) -> str:
    """What the bars of a plot show that has n units at each point."""
    if n >= FEWEST_FOR_INTERVAL:
        return tr("bars: 95 %")
    return tr("bars: smallest and largest of {0}").format(n) if n > 1 else ""


def ends(estimate: RatioEstimate) -> Interval | None:
    """What a bar of a plot reaches between: the interval, or the range."""
    return estimate.ci or estimate.range


def slower(summary: Summary) -> str:
    """Where drafting does not pay: that it is slower, and the cost that is to blame; empty where it pays."""
    if summary.speedup is None or summary.speedup >= 1:
        return ""
    cost = round_cost(summary)
    if cost is None:
        return tr("slower here")
    template = {
        "drafting": tr("slower here, drafting costs {0:.0f} % of the round"),
        "verifying": tr("slower here, verifying more than one token costs {0:.0f} % of the round"),
        "fixed": tr("slower here, what is neither drafting nor verifying costs {0:.0f} % of the round"),
    }[cost.largest]
    return template.format(100 * getattr(cost, cost.largest))


def best_gamma(best: int | None) -> str:
    """The draft length that the measured costs and acceptance ask for; drafting nothing is one of the answers."""
    if best is None:
        return quantities.UNKNOWN
    return str(best) if best else tr("leave it off")
