"""What is said below the top bar of the Compare tab, and which comparison is on show."""

from collections.abc import Sequence
from datetime import UTC, datetime

from app.text.plain_text import one_line
from app.words import quantities
from app.words.model_names import builtin_name
from app.words.runs import runtime, short
from app.workspaces.compare.record import ComparisonRecord
from app.workspaces.compare.words import tr
from engine.events import ComparisonStarted
from engine.experiments.prompt_sets import PromptSet

_N_REASONS, _LONGEST_REASON = 5, 120


def why_grey(measure: str, tune: str) -> str:
    """Why Measure and Tune γ are not possible, each a reason or empty; one that is common to both is said once."""
    if measure == tune:
        return tr("Measure and Tune γ wait: {0}").format(measure) if measure else ""
    parts = [tr("Measure waits: {0}").format(measure)] if measure else []
    parts += [tr("Tune γ waits: {0}").format(tune)] if tune else []
    return " · ".join(parts)


def prompt_file(name: str, read: PromptSet | None) -> str:
    """What a file of prompts holds, and the first reasons why lines of it cannot be used; while it is read, that."""
    if read is None:
        return tr("reading {0}…").format(one_line(name))
    n = len(read.prompts)
    text = quantities.counted(n, tr("{0}: {1:,} prompt read"), tr("{0}: {1:,} prompts read")).format(one_line(name), n)
    return ", ".join(filter(None, (text, skipped(read.skipped, read.n_skipped))))


def skipped(reasons: Sequence[str], n_skipped: int) -> str:
    """How many entries of a file cannot be used, with the first reasons; empty where all can."""
    n = max(n_skipped, len(reasons))
    if not n:
        return ""
    counted = quantities.counted(n, tr("{0:,} entry skipped"), tr("{0:,} entries skipped")).format(n)
    first = "; ".join(one_line(reason, longest=_LONGEST_REASON) for reason in reasons[:_N_REASONS])
    more = tr("; …") if n > _N_REASONS else ""
    return tr("{0} ({1}{2})").format(counted, first, more)


def whose_setup(*, from_file: bool) -> str:
    """That the settings above are not those of the comparison on show."""
    if from_file:
        return tr("The setup above belongs to another comparison than the opened one below")
    return tr("The setup above has changed since the comparison below")


def identity(record: ComparisonRecord) -> str:
    """Which comparison is on show: date, prompt set, target, machine, and the file it was opened from."""
    started = record.started
    if started is None:
        return ""
    n = len(started.prompts)
    prompts = quantities.counted(n, tr("{0:,} prompt of {1}"), tr("{0:,} prompts of {1}"))
    machine = " ".join(filter(None, (one_line(started.device), one_line(started.dtype), runtime(started.runtime))))
    source = "" if record.source is None else tr("file {0}").format(short(str(record.source)))
    parts = (
        tr("Compared {0}").format(_when(started)),
        prompts.format(n, one_line(started.prompt_set)),
        tr("target {0}").format(builtin_name(started.target, "target") or short(started.target)),
        one_line(started.processor),
        machine,
        source,
    )
    return " · ".join(filter(None, parts))


def _when(started: ComparisonStarted) -> str:
    """The date and time of its start where the window is; as written where that is no time."""
    try:
        at = datetime.strptime(started.started_utc, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).astimezone()
    except (ValueError, OverflowError, OSError):
        return one_line(started.started_utc, longest=40)
    return at.strftime("%Y-%m-%d %H:%M")
