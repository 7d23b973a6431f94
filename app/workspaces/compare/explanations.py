"""Explanations of what the Compare tab shows."""

from PySide6.QtCore import QCoreApplication

from app.words.explanations import Explanation, Section


def tr(text: str) -> str:
    """Translate an explanation."""
    return QCoreApplication.translate("compare_explanations", text)


def explain_comparison() -> Section:
    """Explain everything that only a comparison has."""
    return Section(tr("Comparing drafters"), (*_measuring(), *_figures(), *_reasons()))


def _measuring() -> tuple[Explanation, ...]:
    return (
        Explanation(tr("Lane"), tr(
            "A drafter at a draft length. Plain decoding is always one. Each lane keeps its symbol and colour in every"
            " panel."
        )),
        Explanation(tr("Order of measuring"), tr(
            "Every lane continues every prompt, one at a time and in shuffled order, so that a machine that slows down"
            " slows all lanes alike. Nothing is measured at the same time as anything else."
        )),
        Explanation(tr("Tune γ"), tr(
            "From a few timings and two short runs of each drafter, every draft length is predicted; the best three are"
            " then confirmed by measurement."
        )),
    )  # fmt: skip


def _figures() -> tuple[Explanation, ...]:
    return (
        Explanation(tr("Speedup"), tr(
            "Decoding time a token of plain decoding ÷ that of the lane, totals over all prompts: tokens a second side"
            " by side divide to it. [ ] is a 95 % interval over prompts, from ten prompts on; with fewer, ( ) shows the"
            " smallest and the largest, and no 95 % is claimed."
        )),
        Explanation(tr("One more token"), tr(
            "What a target forward costs more for each further token to verify, in steps of plain decoding. Where it is"
            " high, short drafts win."
        )),
        Explanation(tr("Predicted"), tr(
            "The speedup that acceptance rate, drafter step and verification should give. A lane far below its"
            " prediction loses time to something else."
        )),
        Explanation(tr("Energy"), tr(
            "Read from the counter of the GPU or the processor around each lane. Where neither can be read it is not"
            " estimated."
        )),
    )  # fmt: skip


def _reasons() -> tuple[Explanation, ...]:
    return (
        Explanation(tr("Shape of acceptance"), tr(
            "Flat: as good everywhere. Falling: later tokens are harder. Rising: only easy continuations survive. A"
            " cliff: wrong window or positions. Zero from the first: wrong tokenizer or layers."
        )),
        Explanation(tr("Wanted instead"), tr(
            "Where the drafter had ranked the token that the target wanted when it rejected. Much at second place means"
            " that a tree of drafts would catch it."
        )),
        Explanation(tr("Same text"), tr(
            "With greedy decoding every lane must write what plain decoding writes. Rounding can decide near ties,"
            " where the two best tokens are close (top-2 margin); it counts only beyond what two plain runs differ by."
        )),
        Explanation(tr("Recommendation"), tr(
            "The fastest lane whose advantage is sure, for these prompts on this machine. Leaving it off is an answer:"
            " where drafting costs more than it saves, plain decoding wins."
        )),
    )  # fmt: skip
