"""Sentences about a gate: where it comes from, why there is none, and what a threshold does."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from app.text.plain_text import one_line
from app.words import quantities
from app.words.counts import count
from app.words.hints import hint_line
from app.workspaces.approximate.gate.figures import Figure, FigureName, WhyNotMeasured
from app.workspaces.approximate.gate.known import KnownGate
from engine.events import GateConfusion

if TYPE_CHECKING:
    from engine.sprinter.cards import GateCard


def tr(text: str) -> str:
    """Translate a sentence about a gate."""
    return QCoreApplication.translate("approximate_gate", text)


def auc(card: "GateCard") -> str:
    """How well a gate tells tokens apart, and the drafter's own probability."""
    value = quantities.with_interval(card.auc, card.auc_ci, 3)
    return tr("AUC {0}, q alone {1}").format(value, quantities.number(card.q_auc, 3))


def held_out(card: "GateCard") -> str:
    """On what the figures of a card were measured."""
    return tr("held out: {0} of {1}").format(count(card.n_rows, "token"), count(card.n_documents, "document"))


def held_out_short(card: "GateCard") -> str:
    """The same where there is little room."""
    return tr("{0} held out").format(count(card.n_rows, "token"))


def of_card(card: "GateCard") -> str:
    """Both."""
    return f"{auc(card)} · {held_out(card)}"


def why_none(gate: KnownGate) -> str:
    """Why there is nothing to show, and how to get a gate; empty where one is known."""
    train = tr("Collect and train, on the page Train, makes one; a few minutes for a small pair.")
    match gate.state:
        case "known":
            return ""
        case "looking":
            return tr("Looking for the gate of this pair…")
        case "none":
            return tr("A gate needs a drafter that is a model: choose one under Models.")
        case "own":
            return tr(
                "The gate is the drafter's own probability of its token. It needs no training, so nothing is known of"
                " it beforehand: Sweep measures its thresholds. {0}"
            ).format(train)
        case "missing":
            return tr("No gate is known for this pair, so the drafter's own probability decides. {0}").format(train)
        case "refused":
            reason = one_line(gate.reason, longest=400)
            return tr("This gate cannot be used: {0}. Next: {1}.").format(reason, hint_line(gate.hint).rstrip("."))


def figure_name(name: FigureName) -> str:
    """A figure in words, with its symbol."""
    return {
        "eta_fp": tr("accepted wrongly, η_FP"),
        "eta_fn": tr("stopped wrongly, η_FN"),
        "rho": tr("let through, ρ"),
        "drafts": tr("drafts per call"),
        "tv": tr("total variation"),
        "ms": tr("time per token"),
    }[name]


def figure_meaning(name: FigureName) -> str:
    """What a figure is, and of what the prediction is made."""
    return {
        "eta_fp": tr(
            "Of the tokens that the target rejects, the share that the gate accepts. Measured: of those, the ones that"
            " no target tested afterwards."
        ),
        "eta_fn": tr("Of the tokens that the target accepts, the share that the gate stops: they cost a call each."),
        "rho": tr("Share of the drafted tokens that the gate accepts: α (1 − η_FN) + (1 − α) η_FP, α of the target."),
        "drafts": tr("Drafted tokens of a run: (1 − ρ^N) / (1 − ρ), N the longest run."),
        "tv": tr("How far a token's distribution is from the target's: η_FP (1 − α), by the theorem."),
        "ms": tr("From the time of a drafter's step and of the target's, which the sweep on show has measured."),
    }[name]


def figure_value(name: FigureName, value: float | None) -> str:
    """A value of a figure."""
    if name == "ms":
        return quantities.milliseconds(value)
    return quantities.number(value, 3 if name == "tv" else 2)


def measured_value(name: FigureName, figure: Figure) -> str:
    """A measured value with its 95 % interval, where it has one."""
    if figure.reach is None or figure.measured is None or name == "ms":
        return figure_value(name, figure.measured)
    return quantities.with_interval(figure.measured, figure.reach, 3 if name == "tv" else 2)


def kinds(at: GateConfusion) -> tuple[tuple[str, str, float], ...]:
    """The four kinds of tokens: name, meaning, share of all tokens."""
    return (
        (tr("accepted rightly"), tr("the gate accepts the token, and so would the target"), at.true_pass),
        (tr("accepted wrongly"), tr("the gate accepts the token, and the target would reject it: it stays in the text"),
         at.false_pass),
        (tr("stopped rightly"), tr("the gate stops the token, and the target rejects it"), at.true_stop),
        (tr("stopped wrongly"), tr("the gate stops the token, and the target accepts it: a call for nothing"),
         at.false_stop),
    )  # fmt: skip


def measured_note(why_not: WhyNotMeasured, threshold: float, *, tests_all: bool) -> str:
    """Where measured figures come from, or why there are none."""
    if tests_all:
        return tr("The whole run is tested: nothing is lost. Predicted: the last alone.")
    return {
        "": tr("Measured on new prompts, at {0:g}; [ ]: 95 % intervals."),
        "none": tr("{0:g} has not been measured: let go of the point, or Measure."),
        "gate": tr("What was measured at {0:g} was another gate, or an earlier one."),
        "cap": tr("What was measured at {0:g} had another longest run."),
    }[why_not].format(threshold)
