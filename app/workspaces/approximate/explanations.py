"""Explanations of what the Approximate tab shows."""

from PySide6.QtCore import QCoreApplication

from app.words.explanations import Explanation, Section


def tr(text: str) -> str:
    """Translate an explanation."""
    return QCoreApplication.translate("approximate_explanations", text)


def explain_thresholds() -> Section:
    """Explain everything that only this tab has."""
    return Section(tr("Approximate"), (
        Explanation(tr("Gate and threshold"), tr(
            "A gate beside the drafter says how probably the target would accept a drafted token. From the threshold on"
            " the token stays without asking the target. The text may differ from the target's."
        )),
        Explanation(tr("ROC curve and reliability"), tr(
            "Each threshold is a point: how many of the tokens that the target rejects the gate accepts, and of those"
            " that it accepts. AUC is the area below, 0.5 by chance. Reliability: of the tokens for which the gate"
            " states 0.8, do 8 of 10 pass the target? Both are of documents held out at the gate's training."
        )),
        Explanation(tr("Rows"), tr(
            "What a gate learns from: tokens drafted along texts, each with the drafter's state and what the target"
            " would do. Documents are held out whole: a gate is measured on texts of which it saw nothing."
        )),
        Explanation(tr("Accepted, unverified"), tr(
            "A token that is in the text on the gate's word alone. It never counts in the acceptance rate; some of them"
            " are audited: compared with the target afterwards, which changes nothing in the text."
        )),
        Explanation(tr("Total variation"), tr(
            "How far the distribution of a token is from the target's, 0 for the same. Measured at drafted positions of"
            " new prompts; predicted as η_FP (1 − α) from rows that were held out at the gate's training."
        )),
        Explanation(tr("η_FP"), tr(
            "Of the tokens that the target rejects, the share that the gate lets through: its mistakes that stay in"
            " the text."
        )),
        Explanation(tr("Speed of exact"), tr(
            "Time per token of exact speculation at its own best γ over that with the gate. Above 1 the loss buys"
            " something."
        )),
        Explanation(tr("Ensemble and lenience"), tr(
            "Other ways to trade exactness for speed whose loss is known exactly: verifying against a mixture of target"
            " and drafter, or with q made smaller."
        )),
    ))  # fmt: skip
