"""The headline of a run in words: what its speedup is, what it holds for, and what the next run would measure."""

from PySide6.QtCore import QCoreApplication

from app.state.requests import NO_DRAFTER, Setup
from app.text.plain_text import one_line
from app.words import quantities, runs, speedups
from app.words.choice_names import choice_name
from app.words.counts import count
from app.words.model_names import full_name
from engine.events import RunStarted
from engine.runs.summary import Summary
from engine.settings import policy_of


def tr(text: str) -> str:
    """Translate a headline."""
    return QCoreApplication.translate("headlines", text)


def meaning() -> str:
    """What the figure is."""
    return tr("Measured speedup: plain time per token / speculative time per token, prefill apart.")


def is_loss(summary: Summary) -> bool:
    """Whether the method was slower than plain decoding."""
    return summary.speedup is not None and summary.speedup < 1


def verdict(summary: Summary, started: RunStarted) -> str:
    """What the figure says, with its interval or range; or why there is none."""
    if summary.method == "plain":
        return tr("Plain decoding: the yardstick. Choose a drafter to see a speedup.")
    estimate = summary.measured_speedup
    if estimate is None:
        if summary.paired("plain"):
            return tr("Speedup over plain decoding: {0}").format(quantities.no_baseline(summary, started))
        if quantities.baseline_to_come(summary, started):
            return tr("Speedup over plain decoding: measured in the same run, after the text is done.")
        return tr("Speedup over plain decoding: not measured in this run.")
    spread = speedups.in_brackets(estimate).removeprefix("(").removesuffix(")")
    parts = (spread, speedups.slower(summary) or tr("the speed of plain decoding"))
    return ", ".join(part for part in parts if part)


def scope(summary: Summary, started: RunStarted) -> str:
    """What the figure holds for: what disturbed it, pair, workload, and how much of the text is reasoning."""
    cautions = (tr("⚠ {0}").format(why) for why in summary.disturbances)
    forked = () if started.forked_at is None else (tr("forked at token {0}").format(started.forked_at),)
    chat = (tr("as chat"),) if summary.chat else ()
    share = tr("reasoning: {0:,} of {1}").format(summary.n_reasoning, count(summary.n_emitted, "new token"))
    reasoning = (share,) if summary.n_reasoning else ()
    device = runs.short(f"{started.device} {started.dtype}")
    sampling = runs.sampling(started)
    sampling = (
        sampling if dict(started.settings).get("temperature") else sampling[:-1]
    )  # greedy runs draw nothing from their seed
    parts = (runs.pair(started), *sampling, tr("this prompt"), device, *forked, *chat)
    return " · ".join((*cautions, *parts, *_rules(summary), *reasoning))


def _rules(summary: Summary) -> tuple[str, ...]:
    """The first of the model's own rules, and how many more there are."""
    first = tuple(map(one_line, summary.rules[:1]))
    if len(summary.rules) > 1:
        return (tr("{0} and {1} more").format(first[0], len(summary.rules) - 1),)
    return first


def in_full(started: RunStarted) -> str:
    """The names of the models as the user gave them, and every setting."""
    settings = ", ".join(f"{one_line(name)} {one_line(str(value))}" for name, value in started.settings)
    made_with = tr("target: {0}\ndrafter: {1}\n{2}")
    lines = [made_with.format(one_line(started.target), one_line(started.drafter), settings)]
    if started.rules:
        lines.append(tr("applied to every token: {0}").format(", ".join(map(one_line, started.rules))))
    return "\n".join(lines)


def plan(setup: Setup) -> str:
    """What Run will measure."""
    if setup.pair.drafter == NO_DRAFTER:
        return tr("Run will time plain decoding: the yardstick. Choose a drafter to see a speedup.")
    if setup.settings.get("baseline") is False:
        return tr("Run will show the text and its acceptance; it measures no speedup (More: Measure plain too).")
    repeats = setup.settings.get("repeats")
    n = repeats if isinstance(repeats, int) else 1
    return tr("Run will measure the speedup over plain decoding, in {0}.").format(speedups.counted(n, "repeats"))


def plan_scope(setup: Setup) -> str:
    """What that would hold for."""
    target, drafter = full_name(setup.pair.target, "target"), full_name(setup.pair.drafter, "drafter")
    pair = target if setup.pair.drafter == NO_DRAFTER else tr("{0} + {1}").format(target, drafter)
    temperature = setup.settings.get("temperature")
    how = tr("temperature {0:g}").format(temperature) if temperature else tr("greedy")
    gamma = setup.settings.get("gamma")
    policy, length = policy_of(setup.settings), setup.settings.get("max_new_tokens")
    parts = (
        pair,
        tr("draft length γ {0}").format(gamma) if gamma is not None else "",
        tr("policy {0}").format(choice_name("policy", policy)) if policy else "",
        how,
        count(length, "token") if isinstance(length, int) else "",
    )
    return " · ".join(part for part in parts if part)
