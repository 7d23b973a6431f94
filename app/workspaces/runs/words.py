"""What the Runs tab says of a kept run: names, dates, states, particulars."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache

from PySide6.QtCore import QCoreApplication

from app.text.plain_text import one_line
from app.words import quantities, runs, settings, speedups
from app.words.model_names import is_builtin
from app.words.speedups import Units
from app.workspaces.runs.particulars import Fields
from engine import methods
from engine.errors import EngineError
from engine.events import WorkKind
from engine.store.rows import RunRow, RunState

KINDS: tuple[WorkKind, ...] = ("run", "comparison", "training", "evaluation", "measurement")
_UNITS: Mapping[WorkKind, Units] = {"comparison": "prompts", "training": "texts", "measurement": "blocks"}
STATES: tuple[RunState, ...] = ("running", "finished", "stopped", "failed")


def tr(text: str) -> str:
    """Translate a text of this module."""
    return QCoreApplication.translate("runs_words", text)


def kind(name: WorkKind) -> str:
    """A kind of work, in a word."""
    return {
        "run": tr("run"),
        "comparison": tr("comparison"),
        "training": tr("training"),
        "evaluation": tr("evaluation"),
        "measurement": tr("measurement"),
    }[name]


def kind_and_method(row: RunRow) -> str:
    """What it is in a word or two: a run of speculative decoding is just a run, others are named by their method."""
    if row.kind != "run" or row.method == "speculative":
        return kind(row.kind)
    return tr("plain run") if row.method == "plain" else method_title(row.method)


def kind_in_full(row: RunRow) -> str:
    """What it is, with the method, the objective or the measurement."""
    return method_title(row.method) if row.kind == "run" else f"{kind(row.kind)}: {row.method}".rstrip(": ")


@lru_cache(maxsize=64)
def method_title(name: str) -> str:
    """The title of a method, or its name as the file has it if this program has no such method."""
    try:
        return tr(methods.find(name).title)
    except EngineError:
        return one_line(name) or kind("run")


def state_word(name: RunState) -> str:
    """A state, in a word."""
    return {
        "running": tr("running"),
        "finished": tr("finished"),
        "stopped": tr("stopped"),
        "failed": tr("failed"),
    }[name]


def state(row: RunRow) -> str:
    """How it ended, with a mark where something is wrong."""
    mark = {"running": "▶ ", "finished": "", "stopped": "■ ", "failed": "✗ "}[row.state]
    return f"{mark}{state_word(row.state)}"


def started(row: RunRow) -> str:
    """When it began, in local time."""
    local = _local(row)
    return quantities.UNKNOWN if local is None else local.strftime("%Y-%m-%d %H:%M")


def started_short(row: RunRow) -> str:
    """When it began, without what goes without saying: the time of day of past years, the year of this one."""
    local = _local(row)
    if local is None:
        return quantities.UNKNOWN
    return local.strftime("%m-%d %H:%M" if local.year == datetime.now(UTC).astimezone().year else "%Y-%m-%d")


def _local(row: RunRow) -> datetime | None:
    try:
        return datetime.strptime(row.started_utc, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).astimezone()
    except (ValueError, OverflowError, OSError):
        return None


def title(row: RunRow) -> str:
    """The title that the user gave, or what tells the run from others."""
    return row.title or row.name or row.prompt or quantities.UNKNOWN


def tip(row: RunRow) -> str:
    """Title, name and prompt in full, each on a line of its own."""
    parts = (row.title, row.name, "" if row.prompt in row.name else row.prompt)
    return "\n".join(part for part in parts if part)


def spread(row: RunRow) -> str:
    """The interval of the speedup in brackets, or its range."""
    estimate = row.speedup_estimate
    if estimate is None:
        return quantities.UNKNOWN
    if estimate.ci is not None:
        return speedups.in_brackets(estimate)
    ends = estimate.range
    return quantities.UNKNOWN if ends is None else tr("{0:.2f} to {1:.2f}").format(*ends)


def spread_in_full(row: RunRow) -> str:
    """What stands beside the speedup, in words, with the number of prompts or repeats."""
    estimate = row.speedup_estimate
    return "" if estimate is None else speedups.spread(estimate, _UNITS.get(row.kind, "repeats"))


def speedup(row: RunRow) -> str:
    """The speedup with its interval or range."""
    return speedups.figure(row.speedup_estimate, _UNITS.get(row.kind, "repeats"))


def target(row: RunRow) -> str:
    """The target, short."""
    return model(row.target)


def drafter(row: RunRow) -> str:
    """The drafter, or those of a comparison, short."""
    return ", ".join(model(spec) for spec in row.drafter.split(", "))


def model(spec: str) -> str:
    """A model by its SPEC if it is built in, else by the last part of its path."""
    if not spec:
        return quantities.UNKNOWN
    return spec if is_builtin(spec) else runs.short(spec)


def n_tokens(row: RunRow) -> str:
    """Number of tokens, where there are any."""
    return f"{row.n_tokens:,}" if row.n_tokens else quantities.UNKNOWN


def rated(row: RunRow) -> str:
    """How often its texts were rated blind; empty where they were not."""
    return f"{row.n_rated:,}" if row.n_rated else ""


def tags(row: RunRow) -> str:
    """The tags in a line."""
    return ", ".join(row.tags)


def named(fields: Fields) -> Fields:
    """Settings under the names that the forms have for them; names of packages and models stay as they are."""
    return tuple((settings.title(name) if settings.is_known(name) else name, value) for name, value in fields)


def counted(n: int) -> str:
    """A number of runs."""
    return quantities.counted(n, tr("{0} run"), tr("{0} runs")).format(f"{n:,}")


def split_tags(text: str) -> tuple[str, ...]:
    """The tags that a line of text names, separated by commas."""
    return tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def shared_tags(rows: Sequence[RunRow]) -> tuple[str, ...]:
    """The tags that all of these have."""
    first, *others = rows
    return tuple(tag for tag in first.tags if all(tag in other.tags for other in others))
