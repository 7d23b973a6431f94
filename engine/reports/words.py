"""Words and formatted figures of reports.

* imports neither Qt nor torch."""

from engine.events import LaneFigures, Shape
from engine.reports.shown_text import one_line
from engine.statistics import Interval, RatioEstimate

UNKNOWN = "–"
# Of lanes, in their order; the same in the window.
LANE_SYMBOLS = "●▲■◆▼★▶◀"


def symbol(lane: int) -> str:
    """The symbol of the lane with this place in its comparison."""
    return LANE_SYMBOLS[lane % len(LANE_SYMBOLS)]


def times(value: float | None) -> str:
    """A factor."""
    return UNKNOWN if value is None else f"{value:.2f}×"


def seconds(value: float) -> str:
    """A duration in seconds, with more decimals if it is short."""
    return f"{value:.2f} s" if value < 10 else f"{value:.0f} s"


def memory(n_bytes: float) -> str:
    """An amount of memory in the unit that gives it one to three digits."""
    for unit in ("B", "kB", "MB", "GB"):
        if n_bytes < 1000:
            return f"{n_bytes:,.0f} {unit}"
        n_bytes /= 1000
    return f"{n_bytes:,.1f} TB"


def counted(n: int, singular: str, plural: str) -> str:
    """A number and what it counts."""
    return f"{n:,} {singular if n == 1 else plural}"


def model(spec: str, role: str) -> str:
    """A model as people call it: folders by their last part, so that a report tells nothing of the machine's user."""
    if spec == "builtin":
        return f"the built-in {role}"
    return one_line(spec.replace("\\", "/").rstrip("/").rpartition("/")[2] or spec)


def sentence(text: str) -> str:
    """The text with a capital letter first, unless it begins with a name that has none."""
    first = text.partition(" ")[0]
    return text[:1].upper() + text[1:] if first.isalpha() else text


def spread(estimate: RatioEstimate, unit: str = "prompts") -> str:
    """How far a figure may be off, in words: its 95 % interval, or the range of its units; empty for a single one."""
    if estimate.ci is not None:
        return f"95 % interval {estimate.ci.low:.2f} to {estimate.ci.high:.2f}"
    if estimate.range is not None:
        return f"{estimate.range.low:.2f} to {estimate.range.high:.2f} over {estimate.n} {unit}"
    return ""


def extent(estimate: RatioEstimate) -> Interval | None:
    """The interval of a figure, or else its range."""
    return estimate.ci or estimate.range


def speedup(estimate: RatioEstimate | None, unit: str = "prompts") -> str:
    """A speedup with its spread; a loss and a tie are called what they are."""
    if estimate is None:
        return UNKNOWN
    around = spread(estimate, unit)
    text = f"{times(estimate.value)} ({around})" if around else times(estimate.value)
    return f"{text}{_verdict(estimate)}"


def _verdict(estimate: RatioEstimate) -> str:
    ends = extent(estimate)
    if ends is not None and ends.low <= 1 <= ends.high:
        return ": no clear difference from plain decoding"
    return ": slower here" if estimate.value < 1 else ""


def shape(lane: LaneFigures) -> str:
    """What the acceptance by position of a lane looks like, and what that means."""
    first = f"after position {lane.shape_at}"
    words: dict[Shape, str] = {
        "flat": "flat: later positions are accepted as often as the first, so a longer draft may pay",
        "falling": "falling: the further the drafter looks ahead, the less of it is accepted, as is usual",
        "rising": "rising: later positions are reached only where the text is easy to predict",
        "cliff": f"a cliff {first}: the drafter sees too small a window or wrong positions from there on",
        "zero": "zero from the first position on: a wrong tokenizer, or wrong layers of the target",
        "unclear": "unclear: too few tokens were tested",
    }
    return words[lane.shape]


def setting(name: str) -> str:
    """The name of a setting, as it is read."""
    known = {"max_new_tokens": "length, tokens", "stop_at_end": "stop at end of text", "gamma": "draft length γ"}
    return known.get(name, one_line(name.replace("_", " ")))


def utc(stamp: str) -> str:
    """A date and time of day as files contain it, to read."""
    return one_line(stamp.replace("T", " ").replace("Z", " UTC"), longest=40)
