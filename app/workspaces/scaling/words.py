"""Describes an answer by DRAG or IterDRAG in words: its systems, steps, calls and ending."""

from collections.abc import Iterable, Sequence
from typing import get_args

from PySide6.QtCore import QCoreApplication

from app.state.run_record import RunRecord
from app.text.plain_text import one_line
from app.words import quantities
from app.words.choice_names import choice_name
from app.words.counts import count
from app.words.same_answer import agrees
from engine.events import (
    Allocation,
    DemonstrationsChosen,
    Event,
    IterationFinished,
    ModelCalled,
    PresetName,
    PromptRead,
    QualityJudged,
    Retrieved,
    RunFinished,
    RunStarted,
    ScalingAnswered,
)
from engine.events.iterations import CallPurpose, ContextRole, ScalingSystem

_LONGEST_ANSWER = 60


def tr(text: str) -> str:
    """Translate a text about scaling."""
    return QCoreApplication.translate("scaling", text)


def system_name(system: ScalingSystem) -> str:
    """Return the name of a way to answer."""
    names: dict[ScalingSystem, str] = {
        "zero_shot": tr("zero-shot"),
        "many_shot": tr("many-shot"),
        "drag": tr("DRAG"),
        "iterdrag": tr("IterDRAG"),
        "iterdrag_popular": tr("IterDRAG, popular variant"),
    }
    return names[system]


def system_meaning(system: ScalingSystem) -> str:
    """Explain what a way to answer does."""
    meanings: dict[ScalingSystem, str] = {
        "zero_shot": tr("The question alone: no documents, no demonstrations."),
        "many_shot": tr("Demonstrations and the question, without documents."),
        "drag": tr("k documents and m demonstrations with documents of their own, then the answer in one call."),
        "iterdrag": tr("Follow-up questions, each with documents of its own and an answer, then the final answer."),
        "iterdrag_popular": tr("Sub-questions first, answered apart from each other and then merged; not the paper's."),
    }
    return meanings[system]


def purpose(name: str) -> str:
    """Return what a call was made for."""
    names: dict[CallPurpose, str] = {
        "answer": tr("answer"),
        "step": tr("next step"),
        "intermediate": tr("intermediate answer"),
        "final": tr("final answer"),
        "decompose": tr("sub-questions"),
    }
    return next((names[each] for each in get_args(CallPurpose) if each == name), one_line(name, longest=30))


def role(name: ContextRole) -> str:
    """Return what a part of the context is."""
    names: dict[ContextRole, str] = {
        "task": tr("task"),
        "demonstrations": tr("demonstrations"),
        "documents": tr("documents"),
        "question": tr("question"),
        "steps": tr("steps"),
        "free": tr("free"),
    }
    return names[name]


def allocation(theta: Allocation) -> str:
    """Format a setting of documents, demonstrations and iterations."""
    return f"k {theta.k:,} m {theta.m:,} n {theta.n:,}"


def share(value: float | None, *, signed: bool = False) -> str:
    """Format a share or probability as papers do, without the zero before the point."""
    if value is None:
        return quantities.UNKNOWN
    text = f"{value:{'+' if signed else ''}.2f}"
    return text.replace("0.", ".", 1) if abs(value) < 1 and not text.endswith("1.00") else text


def state(event: Event | None) -> str:
    """Describe the step that follows the newest event of an answer under way."""
    match event:
        case None | RunStarted():
            return tr("looking for documents")
        case Retrieved() | DemonstrationsChosen() | PromptRead():
            return tr("reading")
        case ModelCalled(purpose="step", iteration=iteration):
            return tr("follow-up {0}: looking for documents").format(iteration + 1)
        case ModelCalled(iteration=iteration):
            return tr("step {0}").format(iteration + 1)
        case IterationFinished(end="follow_up", iteration=iteration):
            return tr("step {0}: follow-up or final answer").format(iteration + 2)
    return tr("measuring the other ways to answer")


def ending(record: RunRecord) -> str:
    """Describe how an answer ended, for the status line."""
    last = record.events[-1] if record.events else None
    if isinstance(last, RunFinished) and last.reason == "cancelled":
        return tr("stopped by you; the steps so far are kept")
    answered = next((event for event in record.events if isinstance(event, ScalingAnswered)), None)
    if answered is None or not answered.answer:
        return no_answer()
    return tr("answered after {0}, {1} read: {2}").format(
        count(answered.n_iterations, "step") if answered.n_iterations else count(answered.n_calls, "call"),
        count(answered.effective_context, "token"),
        one_line(answered.answer, longest=_LONGEST_ANSWER),
    )


def no_answer() -> str:
    """Say that there is no answer."""
    return tr("no answer")


def is_right(answer: str | None, gold: Iterable[str]) -> bool:
    """Return whether an answer has one of the known ones in it."""
    return any(agrees(answer, known) for known in gold)


def drafting(answered: ScalingAnswered) -> str:
    """Say what a drafter brought to the decoding of an answer; empty where nothing was drafted."""
    if not answered.gamma or not answered.n_rounds:
        return ""
    if not answered.plain_decode_ms or answered.decode_ms <= 0:
        return tr("drafted: {0:,} of {1:,} accepted").format(answered.n_accepted, answered.n_proposed)
    times = quantities.times(answered.plain_decode_ms / answered.decode_ms)
    same = {True: tr("same text ✓"), False: tr("another text ✗"), None: ""}[answered.same_as_plain]
    return ", ".join(filter(None, (tr("decoding {0} by drafts").format(times), same)))


def preset_name(name: PresetName) -> str:
    """Return the name of a preset."""
    names: dict[PresetName, str] = {"small": tr("small"), "medium": tr("medium"), "large": tr("large")}
    return names[name]


def judgement(judged: QualityJudged) -> str:
    """Say how good an answer looked, and what followed."""
    score = one_line(choice_name("quality", judged.score))
    follows = tr("asked again with more") if judged.escalates else tr("taken")
    side = tr("below") if judged.value < judged.threshold else tr("not below")
    return tr("{0}: {1} {2}, {3} {4}: {5}").format(
        preset_name(judged.preset), score, share(judged.value), side, share(judged.threshold), follows
    )


def escalated(judged: Sequence[QualityJudged]) -> str:
    """Say with which presets a question was asked, and how the last answer looked; empty where nothing was judged."""
    if not judged:
        return ""
    return " → ".join((*(preset_name(each.preset) for each in judged[:-1]), judgement(judged[-1])))
