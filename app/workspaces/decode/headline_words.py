"""The headline of a run in words: what its speedup is, what it holds for, and what the next run would measure.

Each sentence comes with shorter versions for a narrow window, the longest first."""

import re
from collections.abc import Mapping

from PySide6.QtCore import QCoreApplication

from app.state.requests import NO_DRAFTER, Setup
from app.text.plain_text import one_line
from app.words import quantities, runs, speedups
from app.words.choice_names import choice_name
from app.words.counts import count
from app.words.model_names import full_name
from engine.events import RunStarted, Setting
from engine.runs.summary import Summary
from engine.settings import policy_of

_SIZE = re.compile(r" \([\d.]+ [MB]\)")
_LONGEST_TREE = 20


def tr(text: str) -> str:
    """Translate a headline."""
    return QCoreApplication.translate("headlines", text)


def meaning() -> str:
    """What the figure is."""
    return tr("Measured speedup: plain time per token / speculative time per token, prefill apart.")


def is_loss(summary: Summary) -> bool:
    """Whether the method was slower than plain decoding."""
    return summary.speedup is not None and summary.speedup < 1


def verdict(summary: Summary, started: RunStarted) -> tuple[str, ...]:
    """What the figure says, with its interval or range; or why there is none."""
    if summary.method == "plain":
        return tr("Plain decoding: the yardstick. Choose a drafter to see a speedup."), tr("plain decoding")
    estimate = summary.measured_speedup
    if estimate is None:
        if summary.paired("plain"):
            why = quantities.no_baseline(summary, started)
            return tr("Speedup over plain decoding: {0}").format(why), why
        if quantities.baseline_to_come(summary, started):
            when = tr("measured after the text is done")
            return tr("Speedup over plain decoding: measured in the same run, after the text is done."), when
        return tr("Speedup over plain decoding: not measured in this run."), tr("speedup not measured")
    spread = speedups.in_brackets(estimate).removeprefix("(").removesuffix(")")
    ends = spread if estimate.ci or not estimate.range else tr("{0:.2f} to {1:.2f}").format(*estimate.range)
    loss = speedups.slower(summary)
    short_loss = tr("slower here") if loss else ""
    in_full = (spread, loss or tr("the speed of plain decoding"))
    texts = in_full, (ends, loss) if loss else (spread, ""), (ends, short_loss)
    return tuple(", ".join(filter(None, parts)) for parts in texts if any(parts))


def scope(summary: Summary, started: RunStarted) -> tuple[str, ...]:
    """What the figure holds for: what disturbed it, pair, workload, and how much of the text is reasoning."""
    cautions = tuple(tr("⚠ {0}").format(why) for why in summary.disturbances)
    forked = () if started.forked_at is None else (tr("forked at token {0}").format(started.forked_at),)
    chat = (tr("as chat"),) if summary.chat else ()
    share = tr("reasoning: {0:,} of {1}").format(summary.n_reasoning, count(summary.n_emitted, "new token"))
    reasoning = (share,) if summary.n_reasoning else ()
    device = runs.short(f"{started.device} {started.dtype}")
    sampling = runs.sampling(started)
    sampling = (
        sampling if dict(started.settings).get("temperature") else sampling[:-1]
    )  # greedy runs draw nothing from their seed
    pair, others = runs.pair(started), (*forked, *chat, *_rules(summary), *reasoning)
    full = (*cautions, pair, *sampling, tr("this prompt"), device, *others)
    short_pair, disturbed = without_sizes(pair), (tr("⚠ measuring was disturbed"),) if cautions else ()
    warnings = (cautions, disturbed) if cautions else ((),)
    shorter = [(*warning, name, *sampling, *others) for warning in warnings for name in (pair, short_pair)]
    return tuple(" · ".join(parts) for parts in (full, *shorter, (*disturbed, short_pair)))


def without_sizes(pair: str) -> str:
    """The names of built-in models without the numbers of their parameters."""
    return _SIZE.sub("", pair)


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


def plan(setup: Setup) -> tuple[str, ...]:
    """What Run will measure."""
    if setup.pair.drafter == NO_DRAFTER:
        full = tr("Run will time plain decoding: the yardstick. Choose a drafter to see a speedup.")
        return full, tr("Run will time plain decoding")
    if setup.settings.get("baseline") is False:
        full = tr("Run will show the text and its acceptance; it measures no speedup (More: Measure plain too).")
        return full, tr("Run will measure no speedup")
    repeats = setup.settings.get("repeats")
    n = speedups.counted(repeats if isinstance(repeats, int) else 1, "repeats")
    full = tr("Run will measure the speedup over plain decoding, in {0}.").format(n)
    return full, tr("Run will measure the speedup, in {0}").format(n), tr("Run will measure the speedup")


def plan_scope(setup: Setup) -> tuple[str, ...]:
    """What that would hold for."""
    target, drafter = full_name(setup.pair.target, "target"), full_name(setup.pair.drafter, "drafter")
    pair = target if setup.pair.drafter == NO_DRAFTER else tr("{0} + {1}").format(target, drafter)
    temperature = setup.settings.get("temperature")
    how = tr("temperature {0:g}").format(temperature) if temperature else tr("greedy")
    policy, length = policy_of(setup.settings), setup.settings.get("max_new_tokens")
    parts = (
        pair,
        _drafts(setup.settings),
        tr("policy {0}").format(choice_name("policy", policy)) if policy else "",
        how,
        count(length, "token") if isinstance(length, int) else "",
    )
    texts = parts, (without_sizes(pair), *parts[1:]), (without_sizes(pair),)
    return tuple(" · ".join(filter(None, text)) for text in texts)


def _drafts(settings: Mapping[str, Setting]) -> str:
    """How much a round drafts: a tree, or so many tokens in a row."""
    if tree := settings.get("tree"):
        return tr("draft tree {0}").format(one_line(str(tree), longest=_LONGEST_TREE))
    gamma = settings.get("gamma")
    return "" if gamma is None else tr("draft length γ {0}").format(gamma)
