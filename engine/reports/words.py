"""Words and formatted figures of reports.

* imports neither Qt nor torch."""

from engine.reports.shown_text import one_line
from engine.statistics import Interval, RatioEstimate

UNKNOWN = "–"
# Of plain decoding, and of drafting lanes in their order; the same in the window.
PLAIN_SYMBOL, LANE_SYMBOLS = "●", "▲■◆▼▶⬢◀✚⬟"


def symbol(lane: int) -> str:
    """The symbol of a lane: 0 is plain decoding, drafting lanes are counted from 1."""
    return LANE_SYMBOLS[(lane - 1) % len(LANE_SYMBOLS)] if lane > 0 else PLAIN_SYMBOL


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


def size(n_bytes: float) -> str:
    """The size of files, with two or three significant digits."""
    for unit in ("B", "kB", "MB", "GB"):
        if n_bytes < 1000:
            return f"{n_bytes:,.{0 if unit in ('B', 'kB') or n_bytes >= 100 else 1}f} {unit}"
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


def sentence(text: str, names: frozenset[str] = frozenset()) -> str:
    """The text with a capital letter first, unless it begins with one of these names, which have none."""
    return text if any(text.startswith(name) for name in names) else text[:1].upper() + text[1:]


def extent(estimate: RatioEstimate) -> Interval | None:
    """The interval of a figure, or else its range."""
    return estimate.ci or estimate.range


def verdict(estimate: RatioEstimate) -> str:
    """A speedup, where a loss and a tie are called what they are."""
    ends = extent(estimate)
    if ends is not None and ends.low <= 1 <= ends.high:
        return f"{times(estimate.value)} no clear difference"
    return f"{times(estimate.value)} slower here" if estimate.value < 1 else times(estimate.value)


def setting(name: str) -> str:
    """The name of a setting, as it is read."""
    names = {"max_new_tokens": "length, tokens", "stop_at_end": "stop at end of text", "gamma": "draft length γ"}
    return names.get(name, one_line(name.replace("_", " ")))


def utc(stamp: str) -> str:
    """A date and time of day as files contain it, to read."""
    return one_line(stamp.replace("T", " ").replace("Z", " UTC"), longest=40)
