"""Sentences of the Approximate tab: what was gained and lost, how far a sweep is, and the figures of one threshold."""

from PySide6.QtCore import QCoreApplication

from app.text.plain_text import one_line, path_line
from app.widgets.lane_marks import PLAIN_MARK, LaneMark
from app.words import pace, quantities, runs
from app.words.counts import count
from app.workspaces.approximate.record import ThresholdRecord
from engine.events import Progressed, RunFailed, SettingMeasured
from engine.statistics import Interval, RatioEstimate

# Losses up to this total variation are called small, as in the bar of quality.
SMALL_TV = 0.05
MARKS = {
    "plain": PLAIN_MARK,
    "exact": LaneMark("t1", "▲", "accepted"),
    "block": LaneMark("d", "◆", "accepted"),
    "sprinter": LaneMark("s", "■", "unverified"),
    "ensemble": LaneMark("t", "▼", "bonus"),
    "lenience": LaneMark("p", "⬟", "rejected"),
}


def tr(text: str) -> str:
    """Translate a sentence of the tab."""
    return QCoreApplication.translate("approximate", text)


def name(row: SettingMeasured) -> str:
    """A way of decoding in words, with its setting."""
    named = {
        "plain": tr("plain decoding"),
        "exact": tr("exact, γ {0:g}"),
        "block": tr("block verification, γ {0:g}"),
        "sprinter": tr("gate from {0:g}"),
        "ensemble": tr("ensemble, target's share {0:g}"),
        "lenience": tr("lenience {0:g}"),
    }
    return named[row.verification].format(row.setting)


def short_name(row: SettingMeasured) -> str:
    """The same for a point of the plot."""
    named = {"plain": tr("plain"), "exact": tr("exact"), "block": tr("block")}
    return named.get(row.verification, f"{row.setting:g}")


def against_exact(record: ThresholdRecord, row: SettingMeasured) -> RatioEstimate | None:
    """Its speed as a multiple of that of exact speculation at its best γ, which itself has 1.

    That of plain decoding is the reciprocal of the speedup of exact speculation, and so are its ends."""
    if row.verification == "exact":
        return RatioEstimate(1.0, None, None, row.n_prompts)
    exact = next((each for each in record.rows.values() if each.verification == "exact"), None)
    if row.verification != "plain" or exact is None or exact.speedup.value <= 0:
        return row.speedup_vs_exact
    own = exact.speedup
    return RatioEstimate(1 / own.value, _reciprocal(own.ci), _reciprocal(own.range), own.n)


def _reciprocal(reach: Interval | None) -> Interval | None:
    return None if reach is None or reach[0] <= 0 else Interval(1 / reach[1], 1 / reach[0])


def ratio(estimate: RatioEstimate | None) -> str:
    """A factor with its interval, or else its range; — where it is unknown."""
    if estimate is None:
        return quantities.UNKNOWN
    if estimate.ci is not None:
        return tr("{0:.2f}× [{1:.2f}, {2:.2f}]").format(estimate.value, *estimate.ci)
    if estimate.range is not None:
        return tr("{0:.2f}× ({1:.2f} to {2:.2f})").format(estimate.value, *estimate.range)
    return quantities.times(estimate.value)


def best(record: ThresholdRecord) -> SettingMeasured | None:
    """The fastest threshold of a small loss; where there is none, that of the smallest loss."""
    small = [row for row in record.gated if row.quality.tv <= SMALL_TV]
    if small:
        return max(small, key=lambda row: 0.0 if row.speedup_vs_exact is None else row.speedup_vs_exact.value)
    return min(record.gated, key=lambda row: row.quality.tv, default=None)


def headline(record: ThresholdRecord) -> str:
    """The best threshold in one line; empty while nothing is measured."""
    return headlines(record)[0]


def headlines(record: ThresholdRecord) -> tuple[str, str]:
    """The same in full, and without the answers where there is less room."""
    row = best(record)
    if row is None:
        return "", ""
    loss = tr("total variation {0}").format(quantities.with_interval(row.quality.tv, row.quality.tv_ci, 3))
    speed = tr("{0} of exact speculation").format(ratio(row.speedup_vs_exact))
    if row.quality.tv > SMALL_TV:
        figures = tr("gate from {0:g}: {1}, {2}").format(row.setting, speed, loss)
        none = tr("No threshold keeps the total variation below {0:g}; {1}")
        return none.format(SMALL_TV, figures), tr("None below {0:g}; {1}").format(SMALL_TV, figures)
    short = tr("Gate from {0:g}: {1}, {2}").format(row.setting, speed, loss)
    return f"{short}{_answers(record, row)}", short


def _answers(record: ThresholdRecord, row: SettingMeasured) -> str:
    plain = next((each for each in record.rows.values() if each.verification == "plain"), None)
    own = row.quality
    if own.accuracy is None or plain is None or plain.quality.accuracy is None:
        return ""
    return tr(", right answers: {0} of {1} (the target: {2})").format(
        round(own.accuracy * own.n_questions),
        own.n_questions,
        round(plain.quality.accuracy * plain.quality.n_questions),
    )


def progress(record: ThresholdRecord, at: Progressed | None) -> str:
    """How far the sweep is, and the time left."""
    if record.started is None or at is None:
        return tr("loading the pair") if record.started is None else tr("preparing the sweep")
    stages = {
        "tuning": tr("finding the best γ of exact speculation"),
        "measuring": tr("writing with every setting in turn"),
        "checking": tr("asking questions"),
    }
    left = pace.left(at)
    stage = stages.get(at.phase, tr("measuring"))
    text = tr("{0}: {1:,} of {2:,}").format(stage, at.done, at.total) if at.total else stage
    return f"{text}, {left}" if left else text


def scope(record: ThresholdRecord) -> str:
    """What the figures hold for."""
    return scopes(record)[0]


def scopes(record: ThresholdRecord) -> tuple[str, ...]:
    """The same in full, then without the machine, without the gate, and at last the best γ alone."""
    started, ended = record.started, record.ended
    if started is None:
        return ("",)
    machine = runs.short(f"{started.device} {started.dtype}")
    if ended is None:
        return runs.short(f"{started.target} · {started.drafter} · {started.device} {started.dtype}"), machine
    name = dict(ended.settings).get("gate", "")
    gate = tr("gate: {0}").format(path_line(runs.short(str(name)), longest=40)) if name else ""
    workload = one_line(ended.workload, longest=200)
    best_gamma = tr("exact speculation is fastest at γ {0}").format(ended.best_gamma)
    versions = (
        (gate, workload, best_gamma, machine),
        (gate, workload, best_gamma),
        (workload, best_gamma),
        (best_gamma,),
    )
    return tuple(" · ".join(filter(None, parts)) for parts in versions)


def ending(record: ThresholdRecord) -> str:
    """How the sweep on show ended, where that was not at its end; empty otherwise."""
    if record.state == "torn":
        return tr("The file ends before the sweep did; what was measured is shown.")
    if record.state == "stopped":
        n = 0 if record.ended is None else record.ended.n_prompts
        return tr("Stopped; the figures are over {0}.").format(count(n, "prompt"))
    if record.state != "refused" or record.failure is None:
        return ""
    what = record.failure.message if isinstance(record.failure, RunFailed) else record.failure.reason
    return tr("Not completed: {0}").format(one_line(what))


def notes(record: ThresholdRecord) -> str:
    """Where the theorem's assumptions do not hold, and what disturbed the measurement; a line each."""
    if record.ended is None:
        return ""
    agree, told = agreement(record)
    first = (
        (tr("Thresholds at which predicted and measured total variation agree within the interval: {0} of {1}.").format(
            agree, told),) if told else ()
    )  # fmt: skip
    return "\n".join(one_line(line, longest=400) for line in (*first, *record.ended.notes, *record.ended.cautions))


def agreement(record: ThresholdRecord) -> tuple[int, int]:
    """At how many thresholds the predicted total variation lies in the measured interval, of those that have one."""
    told = [(row.predicted.tv, row.quality.tv_ci) for row in record.gated if row.predicted and row.quality.tv_ci]
    within = [reach[0] <= tv <= reach[1] for tv, reach in told]
    return sum(within), len(told)


def details(record: ThresholdRecord, row: SettingMeasured) -> str:
    """All figures of a way of decoding, a line each."""
    quality, gate, told = row.quality, row.gate, row.predicted
    lines = [
        tr("{0} {1}").format(MARKS[row.verification].glyph, name(row)),
        tr("{0} a token · {1} of plain · τ {2:.2f}").format(
            quantities.milliseconds(row.ms_per_token.value), ratio(row.speedup), row.tau
        ),
        tr("of exact speculation: {0}").format(ratio(against_exact(record, row))),
        tr("total variation {0}, over whole texts {1:.3f}").format(
            quantities.with_interval(quality.tv, quality.tv_ci, 3), quality.tv_text
        ),
    ]
    if told is not None:
        lines.append(
            tr("predicted: total variation {0:.3f}, η_FP {1:.2f}, {2:.2f} drafts a call, {3} a token").format(
                told.tv, told.eta_fp, told.drafts_per_call, quantities.milliseconds(told.ms_per_token)
            )
        )
    if gate is not None:
        lines += [
            tr("measured: η_FP {0}, η_FN {1:.2f}, let through {2:.2f}, {3:.2f} drafts a call").format(
                quantities.with_interval(gate.eta_fp, gate.eta_fp_ci), gate.eta_fn, gate.rho, gate.drafts_per_call
            ),
            tr("{0} unverified, {1} of these audited; η_FP (1 − α) is off by {2:.4f}").format(
                count(gate.n_gated, "token"), f"{gate.n_audited:,}", gate.assumption
            ),
        ]
    lines.append(
        tr(
            "the target's text in {0:.0%} · ROUGE-L {1:.2f} · perplexity {2:.2f} · repeated {3:.2f}"
            " · to the limit {4:.0%}"
        ).format(quality.exact_match, quality.rouge_l, quality.perplexity, quality.repeated, quality.capped)
    )  # fmt: skip
    if quality.accuracy is not None:
        lines.append(
            tr("answers right {0} of {1}").format(
                quantities.with_interval(quality.accuracy, quality.accuracy_ci), count(quality.n_questions, "question")
            )
        )
    lines.append(
        tr("work a token {0:.1f} MFLOP, counted as the paper does {1:.1f}").format(
            row.work.flops / 1e6, row.work.paper_flops / 1e6
        )
    )
    return "\n".join(lines)
