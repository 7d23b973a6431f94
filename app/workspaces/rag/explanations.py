"""Explanations of what the RAG tab shows."""

from PySide6.QtCore import QCoreApplication

from app.words.explanations import Explanation, Section


def tr(text: str) -> str:
    """Translate an explanation."""
    return QCoreApplication.translate("answer_explanations", text)


def explain_answers() -> Section:
    """Explain everything that only an answer from documents has."""
    return Section(tr("Answers from documents"), (*_retrieval(), *_drafting(), *_scoring()))


def _retrieval() -> tuple[Explanation, ...]:
    return (
        Explanation(tr("Chunk, passage"), tr(
            "Documents are cut at sentences into chunks that fit the models. The chunks found for a question are its "
            "passages, numbered from the nearest."
        )),
        Explanation(tr("Hybrid retrieval"), tr(
            "Passages are looked for twice: by meaning, as vectors that lie near the question's, and by its words. "
            "Both lists are joined by rank: what stands high in either comes first."
        )),
        Explanation(tr("Cluster"), tr(
            "Passages that say much the same about the question, found by K-means. Each has a symbol and a colour, the "
            "same in map, table and drafts."
        )),
        Explanation(tr("Map"), tr(
            "Passages, question (✚) and some other chunks (grey), flattened to two axes: near means alike, but a flat "
            "picture shows only a part. Lines join the passages of the draft that is pointed at."
        )),
    )  # fmt: skip


def _drafting() -> tuple[Explanation, ...]:
    return (
        Explanation(tr("Subset"), tr(
            "The few passages one draft is written from. The paper takes one from each cluster, so that every draft "
            "sees each view of the matter and none twice."
        )),
        Explanation(tr("Draft"), tr(
            "The small model reads one subset and writes a rationale, then a response. All drafts are written side by "
            "side. One that never comes to a response is incomplete and is not chosen."
        )),
        Explanation(tr("Cited passages"), tr(
            "In bold and brackets: those whose words the rationale shares most. The same words are underlined in the "
            "text of the passage."
        )),
    )  # fmt: skip


def _scoring() -> tuple[Explanation, ...]:
    return (
        Explanation(tr("Score: draft"), tr(
            "How sure the drafter was: its probability of the rationale plus that of the response, so 2 at most."
        )),
        Explanation(tr("Score: contained"), tr(
            "Self-containment: how likely the target, which sees no document, finds response and rationale given the "
            "question. Long texts are less likely, so short rationales win here."
        )),
        Explanation(tr("Score: reflection"), tr(
            "Self-reflection: the probability with which the target says Yes when asked whether the rationale supports "
            "the response."
        )),
        Explanation(tr("Product and margin"), tr(
            "The three scores are multiplied and the largest product wins (★). The margin says how many times the "
            "product of the next draft it is: near 1 it was a close call."
        )),
        Explanation(tr("Standard RAG"), tr(
            "The target reads all passages at once and answers: measured in the same run. No answer here is exact in "
            "the sense of speculative decoding: drafts are chosen, not corrected."
        )),
        Explanation(tr("Calibration"), tr(
            "Whether a stated probability holds: of the verdicts with 0.8, 8 in 10 should be right. Dividing the "
            "logits by a temperature fitted on known answers brings the two together."
        )),
    )  # fmt: skip
