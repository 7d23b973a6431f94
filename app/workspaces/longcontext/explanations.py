"""Explanations of what the Long context tab shows."""

from PySide6.QtCore import QCoreApplication

from app.words.explanations import Explanation, Section


def tr(text: str) -> str:
    """Translate an explanation."""
    return QCoreApplication.translate("longcontext_explanations", text)


def explain_lengths() -> Section:
    """Explain everything that only this tab has."""
    return Section(tr("Long context"), (*_reading(), *_figures()))


def _reading() -> tuple[Explanation, ...]:
    return (
        Explanation(tr("The strip"), tr(
            "The document from left to right: hatched what is cut off, plain what is read, behind it what was written;"
            " the triangle is the position. A window keeps the last tokens, and a few first ones (sinks)."
        )),
        Explanation(tr("Length"), tr(
            "Tokens before the first new one. At each length plain decoding and every drafter continue the same text,"
            " in turn, so that a machine that slows down slows all alike."
        )),
        Explanation(tr("Prefill"), tr(
            "Reading the text, in chunks and apart from decoding. The dashed line is what its matrix products and"
            " attention take alone."
        )),
        Explanation(tr("Attention kernel"), tr(
            "What computes attention while the text is read. Each one is checked against the same attention in float64"
            " before it is used."
        )),
    )  # fmt: skip


def _figures() -> tuple[Explanation, ...]:
    return (
        Explanation(tr("K/V memory"), tr(
            "Keys and values, as they are allocated. The target's grow with the text; those of a drafter with a window"
            " or a ring do not. Lines were predicted before anything was measured, points are measured."
        )),
        Explanation(tr("Acceptance by position"), tr(
            "The acceptance rate along the text. A drafter that was trained on short texts falls off behind their"
            " length; one that reads the target's own keys and values need not."
        )),
        Explanation(tr("Draft tree"), tr(
            "Several alternatives at each step, verified at once. The text shows the path that was kept; the tree shows"
            " every node with the target's p and the drafter's q."
        )),
    )  # fmt: skip
