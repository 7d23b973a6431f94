"""Explanations of what the Scaling tab shows."""

from PySide6.QtCore import QCoreApplication

from app.words.explanations import Explanation, Section


def tr(text: str) -> str:
    """Translate an explanation."""
    return QCoreApplication.translate("scaling_explanations", text)


def explain_scaling() -> Section:
    """Explain everything that only this tab has."""
    return Section(tr("Scaling"), (*_answer(), *_allocation()))


def _answer() -> tuple[Explanation, ...]:
    return (
        Explanation(tr("DRAG"), tr(
            "The model reads m demonstrations, each with documents of its own, then k documents, the best next to the"
            " question, and answers in one call."
        )),
        Explanation(tr("IterDRAG"), tr(
            "Each line that the model writes begins as a follow-up question, an intermediate answer or the final"
            " answer. For a follow-up documents are retrieved and added; after n of them it has to answer."
        )),
        Explanation(tr("Effective context length"), tr(
            "Input tokens over all calls of a question. What was written and retrieval do not count; tokens that were"
            " not computed again do."
        )),
        Explanation(tr("Context"), tr(
            "What the model's window held in a call: demonstrations, documents, steps and the question, and what was"
            " left free. Demonstrations that do not fit are left out, which it says."
        )),
    )  # fmt: skip


def _allocation() -> tuple[Explanation, ...]:
    return (
        Explanation(tr("Sweep"), tr(
            "The same questions with every combination of documents, demonstrations and iterations. Every answer is"
            " kept: a stop loses nothing, and the same sweep continues where it was."
        )),
        Explanation(tr("Fit"), tr(
            "The paper's model: the score grows with the logarithms of k, m and n, weighted by what one document and"
            " one demonstration bring to this task. R² of cells that were left out says how far to trust it."
        )),
        Explanation(tr("Recommended setting"), tr(
            "The best predicted setting whose longest question stays within the budget. It is of this model and these"
            " documents; with others, sweep again."
        )),
    )  # fmt: skip
