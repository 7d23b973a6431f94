"""Figures of a run with a gate in words: what it kept without asking, what it cost, and whether the text differs."""

from PySide6.QtCore import QCoreApplication

from app.words import quantities, speedups
from app.words.counts import count
from engine.events import RunStarted
from engine.runs.summary import Summary


def tr(text: str) -> str:
    """Translate a figure of a run with a gate."""
    return QCoreApplication.translate("gated_run", text)


def figures(summary: Summary, started: RunStarted | None) -> str:
    """The figures of the run on show, a line each; what Run will do where there is none."""
    if started is None:
        return tr(
            "Run writes on from the prompt. Orange tokens were kept on the gate's word alone: accepted, unverified."
            " Afterwards it is timed against plain decoding, and its text is compared with the target's."
        )
    if started.method != "sprinter":
        return tr("The run on show was made without a gate. Run writes on from the prompt with one.")
    lines = (_gate(started), _unverified(summary), _calls(summary), *_times(summary, started))
    return "\n".join(filter(None, (*lines, same_text(summary, started), _alpha(summary))))


def _gate(started: RunStarted) -> str:
    settings = dict(started.settings)
    threshold = settings.get("threshold")
    return tr("Approximate: gate from {0:g}").format(threshold) if isinstance(threshold, int | float) else ""


def _unverified(summary: Summary) -> str:
    share = summary.n_unverified / summary.n_emitted if summary.n_emitted else 0.0
    return tr("accepted, unverified: {0:,} of {1} ({2:.0%})").format(
        summary.n_unverified, count(summary.n_emitted, "new token"), share
    )


def _calls(summary: Summary) -> str:
    if not summary.n_rounds:
        return ""
    return tr("target calls: {0:,}, {1:.2f} drafts and {2:.2f} tokens each").format(
        summary.n_rounds, summary.n_proposed / summary.n_rounds, summary.tau or 0.0
    )


def _alpha(summary: Summary) -> str:
    if summary.alpha is None:
        return ""
    return tr("α {0} over the {1} that the target tested").format(
        quantities.number(summary.alpha), count(summary.n_tested, "token")
    )


def _times(summary: Summary, started: RunStarted) -> tuple[str, ...]:
    estimate = summary.measured_speedup
    if estimate is None:
        if quantities.baseline_to_come(summary, started):
            return (tr("speed against plain decoding: measured after the text is done"),)
        return (tr("speed against plain decoding: {0}").format(quantities.no_baseline(summary, started)),)
    own, plain = summary.ms_per_token, summary.baseline_ms_per_token
    return (
        tr("speed against plain decoding: {0}").format(speedups.figure(estimate)),
        tr("{0} a token, plain {1}").format(quantities.milliseconds(own), quantities.milliseconds(plain)),
    )


def same_text(summary: Summary, started: RunStarted) -> str:
    """Whether the text is the target's own greedy text; why that is not known, where it is not."""
    settings = dict(started.settings)
    if settings.get("temperature"):
        return tr("sampled: not comparable with the target's text token by token")
    if summary.same:
        return tr("✓ the same as the target's greedy text")
    if summary.first_divergence is not None:
        return tr("≠ differs from the target's greedy text from new token {0:,} on").format(
            summary.first_divergence + 1
        )
    if settings.get("baseline") is False:
        return tr("not compared: plain decoding is not measured in this run")
    if summary.state == "running":
        return tr("compared with the target's greedy text after the last round")
    return tr("not compared: stopped before")
