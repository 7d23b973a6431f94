"""Explains what the window shows with the numbers of the run on show; pure: values in, sections of plain text out."""

from typing import NamedTuple

from PySide6.QtCore import QCoreApplication

from app.text.shown_text import visible
from app.theme import StreamFate
from app.words import quantities, runs, speedups
from app.words.counts import count
from app.words.model_names import full_name
from engine import speed_model
from engine.events import Event, ProposedToken, Role, RoundFinished, RunStarted
from engine.runs.summary import Summary

_LONGEST_TOKEN = 60


class Explanation(NamedTuple):
    """One thing on the screen and what it means. mark: the fate whose visual cue is shown beside it."""

    name: str
    words: str
    mark: StreamFate | None = None


class Section(NamedTuple):
    """A heading and the entries under it. Sections and entries are the same for every run."""

    title: str
    entries: tuple[Explanation, ...]


def tr(text: str) -> str:
    """Translate an explanation."""
    return QCoreApplication.translate("explanations", text)


def explain(summary: Summary, started: RunStarted | None, selected: Event | None) -> tuple[Section, ...]:
    """Explain everything on the screen. selected: the event of the selected round, if any."""
    return (
        Section(tr("What happens"), (_idea(summary, started), _selected_round(selected))),
        Section(tr("Marks in the text"), (*_fates(summary), *_marks())),
        Section(tr("Does it pay?"), (_speed(summary, started), _cost(summary), _same_text(summary), _forward(started))),
        Section(tr("Figures"), _figures(summary)),
        Section(tr("Plots"), _plots(summary, started)),
    )


def _token(text: str) -> str:
    return f"“{visible(text, longest=_LONGEST_TOKEN)}”"


def _model(spec: str, role: Role) -> str:
    return full_name(spec, role, longest=_LONGEST_TOKEN)


# What happens


def _idea(summary: Summary, started: RunStarted | None) -> Explanation:
    name = tr("Draft and verify")
    if started is None:
        return Explanation(name, tr(
            "A small model, the drafter, proposes a few tokens; a large one, the target, checks them all at once. "
            "Press Run and this page explains itself with the numbers of your run."
        ))  # fmt: skip
    if summary.method == "plain":
        return Explanation(name, tr(
            "This run is plain decoding: the target {0} made one token a step, {1} in {2}. "
            "Nothing was proposed; choose a drafter to see proposals."
        ).format(_model(started.target, "target"), count(summary.n_emitted, "token"),
                 count(summary.n_rounds, "step")))  # fmt: skip
    drafter, target = _model(started.drafter, "drafter"), _model(started.target, "target")
    return Explanation(name, tr(
        "The drafter {0} proposes up to {1} a round (γ), and the target {2} checks them all in one step. "
        "So far {3} made {4}."
    ).format(
        drafter, count(summary.gamma, "token"), target, count(summary.n_rounds, "round"),
        count(summary.n_emitted, "token"),
    ))  # fmt: skip


def _selected_round(event: Event | None) -> Explanation:
    name = tr("The selected round")
    if not isinstance(event, RoundFinished):
        return Explanation(name, tr("Click a token, a row or a plot: what happened in that round is told here."))
    if not event.proposed:
        return Explanation(
            name, tr("In round {0} nothing was proposed; the target made its own token.").format(event.round + 1)
        )
    n_accepted = sum(token.fate == "accepted" for token in event.proposed)
    counts = tr("Round {0} proposed {1} and accepted {2}.").format(event.round + 1, len(event.proposed), n_accepted)
    return Explanation(name, f"{counts} {_outcome(event)}".rstrip())


def _outcome(event: RoundFinished) -> str:
    rejected = next((token for token in event.proposed if token.fate == "rejected"), None)
    last = "" if event.last is None else _token(event.last.text)
    if rejected is None:
        return tr("Nothing was rejected, so the target added {0} as a bonus.").format(last) if last else ""
    reason = _reason(rejected)
    rejection = tr("{0} was rejected: the target gave it p = {1:.2f}, the drafter q = {2:.2f}, and {3}.").format(
        _token(rejected.text), rejected.p, rejected.q, reason
    )
    return f"{rejection} {tr('The correction is {0}.').format(last)}" if last else rejection


def _reason(rejected: ProposedToken) -> str:
    """Why a token was not kept."""
    if rejected.u is None:
        return tr("greedy decoding keeps only the target's own first choice")
    if rejected.prefix_prob is None:
        return tr("the draw was {0:.2f} and would have had to be below {1:.2f}").format(
            rejected.u, rejected.accept_prob
        )
    return tr(
        "its draw was {0:.2f}, not below {1:.2f}, and no later draw of the block was below what it is compared with"
    ).format(rejected.u, rejected.accept_prob)


# Marks


def _fates(summary: Summary) -> tuple[Explanation, ...]:
    n_untested = summary.n_proposed - summary.n_tested - summary.n_unverified
    together = summary.judged_together
    return (
        Explanation(tr("prompt"), tr(
            "Paler than the rest and without a mark: what you gave, cut into tokens; {0:,} of them."
        ).format(summary.n_prompt), "prompt"),
        Explanation(tr("accepted"), tr(
            "Proposed by the drafter and kept by the target, underlined: {0:,} of {1:,} proposed tokens so far."
        ).format(summary.n_accepted, summary.n_proposed) if together else tr(
            "Proposed by the drafter and kept by the target, underlined: {0:,} of {1:,} tested tokens so far."
        ).format(summary.n_accepted, summary.n_tested), "accepted"),
        *_unverified(summary.n_unverified),
        Explanation(tr("correction"), tr(
            "In bold: the target's own token in place of a rejected one; it keeps the text what the target would write."
        ), "correction"),
        Explanation(tr("bonus"), tr(
            "With a dot above: a token the target adds for free when every proposed one was accepted."
        ), "bonus"),
        Explanation(tr("undrafted"), tr(
            "With a small tick below its start: the target's own token in a round where nothing was proposed, "
            "as in plain decoding."
        ), "plain"),
        Explanation(tr("rejected"), tr(
            "Struck through: proposed, tested and not kept, so not part of the text. {0:,} so far, one a round at most."
        ).format(summary.n_rejected), "rejected"),
        Explanation(tr("untested"), tr(
            "With a dotted line: proposed behind a rejected token of a block and given up with it. {0:,} so far."
        ).format(n_untested) if together else tr(
            "With a dotted line: proposed behind a rejected token, so never looked at. {0:,} so far, work in vain."
        ).format(n_untested), "untested"),
    )  # fmt: skip


def _unverified(n: int) -> tuple[Explanation, ...]:
    """What a wavy line means, where a gate kept tokens."""
    if not n:
        return ()
    text = tr("With a wavy line: proposed by the drafter and let through by a gate, without the target. {0:,} so far.")
    return (Explanation(tr("unverified"), text.format(n), "unverified"),)


def _marks() -> tuple[Explanation, ...]:
    return (
        Explanation(tr("X-ray bars (X)"), tr(
            "Under each proposed token a thin rule, and on it a bar: the longer and stronger, the likelier it was "
            "to be accepted. When sampling that is min(1, p/q); greedy bars are full or missing."
        )),
        Explanation(tr("Tinted ground and frame"), tr(
            "A tint lies under all tokens of the selected round; the thin rounded frame is around the selected token."
        )),
        Explanation(tr("Search frame"), tr(
            "A square frame is around each place that holds what you search for; the thick one is where you are."
        )),
    )  # fmt: skip


# Does it pay?


def _speed(summary: Summary, started: RunStarted | None) -> Explanation:
    name = tr("Measured speedup")
    drafting_ms, plain_ms = summary.ms_per_token, summary.baseline_ms_per_token
    if summary.method == "plain":
        return Explanation(name, tr("Plain decoding is the yardstick, so it has no speedup of its own."))
    if drafting_ms is None:
        return Explanation(
            name, tr("Once the text is done, plain decoding is timed in turn with it, and the factor stands here.")
        )
    if plain_ms is None or summary.speedup is None:
        own_time = tr("This run takes {0} per token.").format(quantities.milliseconds(drafting_ms))
        return Explanation(name, f"{own_time} {quantities.no_baseline(summary, started)}")
    verdict = speedups.slower(summary) or tr("drafting pays")
    return Explanation(name, tr(
        "{0}: {1} per token of plain decoding over {2} with drafting, medians of {3}; {4}. {5}"
    ).format(
        speedups.figure(summary.measured_speedup),
        quantities.milliseconds(plain_ms), quantities.milliseconds(drafting_ms),
        speedups.counted(summary.n_repeats, "repeats"), verdict, _uncertainty(summary),
    ).rstrip())  # fmt: skip


def _uncertainty(summary: Summary) -> str:
    """What stands beside the speedup."""
    if summary.speedup_ci is not None:
        return tr("The brackets hold the true value with 95 % confidence, for this prompt on this machine.")
    if summary.speedup_range is not None:
        return tr("The smallest and the largest repeat stand next to it; an interval needs ten.")
    return ""


def _cost(summary: Summary) -> Explanation:
    name = tr("Why")
    c, ratio = summary.c, summary.verify_ratio
    if summary.method == "plain" or c is None or ratio is None:
        return Explanation(name, tr(
            "Drafting pays where the drafter is much faster than the target and is often right; "
            "how much is known once plain decoding was timed."
        ))  # fmt: skip
    costs = tr(
        "A drafter step costs {0:.2f} of a target step, and checking {1} tokens at once costs {2:.2f} of checking one."
    ).format(c, summary.gamma + 1, ratio)
    break_even = speed_model.break_even_alpha(summary.gamma, c, verify_ratio=ratio)
    if break_even is None:
        return Explanation(name, f"{costs} {tr('At these costs no acceptance rate would pay.')}")
    template = tr("At these costs drafting {0} pays from α = {1:.2f} on; this run has {2}.")
    alpha = quantities.number(summary.alpha)
    return Explanation(name, f"{costs} {template.format(count(summary.gamma, 'token'), break_even, alpha)}")


def _same_text(summary: Summary) -> Explanation:
    name = tr("Is the text the same?")
    if summary.same is None:
        return Explanation(name, tr(
            "Drafting must not change the text. In greedy mode every token is compared with plain decoding at the end; "
            "when sampling, only the odds are the same, not the tokens."
        ))  # fmt: skip
    if summary.same:
        return Explanation(name, tr("Yes: every token equals that of plain decoding, which was timed in the same run."))
    return Explanation(name, tr(
        "No: token {0} is the first that differs. Where the target's two best tokens lie close together, "
        "rounding alone can turn them round."
    ).format(summary.first_divergence))  # fmt: skip


def _forward(started: RunStarted | None) -> Explanation:
    return Explanation(tr("What computes a step"), runs.forward(started))


# Figures


def _figures(summary: Summary) -> tuple[Explanation, ...]:
    number, ms = quantities.number, quantities.milliseconds
    return (
        Explanation(tr("α, acceptance rate"), tr(
            "{0}, the overlap estimate: the tokens of a block are judged together, and none is tested on its own."
        ).format(number(summary.alpha)) if summary.judged_together else tr(
            "{0}: of {1:,} tested tokens {2:,} were accepted. 1 would mean that the drafter is always right."
        ).format(quantities.with_interval(summary.alpha, summary.alpha_ci), summary.n_tested, summary.n_accepted)),
        Explanation(tr("α, overlap estimate"), tr(
            "{0}: the same rate, estimated from how far the probabilities of both models overlap; it wobbles less."
        ).format(number(summary.alpha_overlap))),
        Explanation(tr("Draft efficiency"), tr(
            "{0}: accepted tokens among all {1:,} proposed, the untested too. Other tools call this acceptance."
        ).format(number(summary.efficiency), summary.n_proposed)),
        Explanation(tr("τ, tokens per round"), tr(
            "{0} tokens for each step of the target, where plain decoding has 1; α and γ predict {1}."
        ).format(number(summary.tau), number(summary.predicted_tau))),
        Explanation(tr("c, cost of drafting"), tr(
            "{0}: time of one drafter step over one target step; small is good."
        ).format(number(summary.c, 3))),
        Explanation(tr("Predicted speedup"), tr(
            "{0}: what τ and the measured parts of a round promise. A measured value far below it points at overhead."
        ).format(quantities.times(summary.predicted_speedup))),
        Explanation(tr("Plain, per token"), tr(
            "{0}: what a token of plain decoding takes, timed in the same run; with drafting it takes {1}."
        ).format(ms(summary.baseline_ms_per_token), ms(summary.ms_per_token))),
        Explanation(tr("tokens/s"), tr(
            "{0} new tokens a second with drafting, prefill apart: one second over the time per token."
        ).format(number(1e3 / summary.ms_per_token if summary.ms_per_token else None, 0))),
        Explanation(tr("Prefill and time to first token (TTFT)"), tr(
            "Reading the prompt of {0} took {1}; the first token was there after {2}. "
            "Neither counts as decoding."
        ).format(count(summary.n_prompt, "token"), ms(summary.prefill_ms), ms(summary.ttft_ms))),
    )  # fmt: skip


# Plots


def _plots(summary: Summary, started: RunStarted | None) -> tuple[Explanation, ...]:
    n = max(summary.n_rounds, 1)
    first_position = summary.positions[0] if summary.positions else None
    share = (
        None
        if first_position is None or not first_position.n_tested
        else first_position.n_accepted / first_position.n_tested
    )
    phase_times = [quantities.milliseconds(total / n if summary.n_rounds else None) for total in (
        summary.draft_ms, summary.verify_ms, summary.other_ms
    )]  # fmt: skip
    return (
        Explanation(tr("Acceptance rate"), tr(
            "α so far after each round, now {0}; from ten rounds on the band is its 95 % interval, which narrows."
        ).format(quantities.number(summary.alpha))),
        Explanation(tr("Tokens per round"), tr(
            "τ so far, now {0}, beside the {1} that α predicts. The lines part where positions of the draft differ."
        ).format(quantities.number(summary.tau), quantities.number(summary.predicted_tau))),
        Explanation(tr("Time per round"), tr(
            "Where each round's time goes: on average {0} drafting, {1} verifying, {2} anything else."
        ).format(*phase_times)),
        Explanation(tr("Speed"), _speed_plot(summary, started)),
        Explanation(tr("Acceptance by position"), tr(
            "How often the 1st, 2nd, … token of a draft is accepted when it is tested; the first: {0}. "
            "Falling bars say that a shorter draft might do; hatched ones rest on fewer than ten tokens."
        ).format(quantities.number(share))),
        *_draft_length(summary),
    )  # fmt: skip


def _draft_length(summary: Summary) -> tuple[Explanation, ...]:
    """The plot of draft lengths, which is there for runs with a policy."""
    if not summary.policy:
        return ()
    return (
        Explanation(tr("Draft length"), tr(
            "How many tokens each round drafted, and how many of them were accepted. A triangle, here and in the other "
            "plots, marks a round from which on the policy drafts another number; pointing at it says why. Changes so "
            "far: {0:,}."
        ).format(summary.n_decisions)),
    )  # fmt: skip


def _speed_plot(summary: Summary, started: RunStarted | None) -> str:
    first_pass = None if not summary.decode_ms else 1e3 * summary.n_emitted / summary.decode_ms
    solid_line = tr("Solid: tokens a second of the first pass, which wrote the text, now {0}.").format(
        quantities.number(first_pass, 0)
    )
    drafting_ms, plain_ms = summary.ms_per_token, summary.baseline_ms_per_token
    if not drafting_ms or not plain_ms:
        return f"{solid_line} {quantities.no_baseline(summary, started)}" if summary.method != "plain" else solid_line
    return solid_line + tr(
        " Dashed: the median of the timed blocks with drafting, {0}; dotted: of plain decoding, {1}. The speedup "
        "is their quotient; the first pass counts for nothing, since drawing and a cold start slow it down."
    ).format(quantities.number(1e3 / drafting_ms, 0), quantities.number(1e3 / plain_ms, 0))
