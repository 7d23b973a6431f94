"""Describes an answer from documents in words: its progress, how it ended, times and probabilities."""

import re
from collections.abc import Sequence
from math import exp, floor, log
from typing import get_args

from PySide6.QtCore import QCoreApplication

from app.state.run_record import RunRecord
from app.text.plain_text import one_line
from app.words import quantities, same_answer
from app.words.model_names import builtin_name
from app.workspaces.rag.answer import AnswerRecord
from engine.events import (
    CandidateScored,
    DraftFinished,
    Event,
    FileSkipped,
    Indexed,
    Mapped,
    Partitioned,
    PhaseFinished,
    PromptRead,
    QuestionAnswered,
    Retrieved,
    Role,
    RunFinished,
    RunStarted,
    TokensEmitted,
    VerifierTested,
)
from engine.events.answers import System

_LONGEST_ANSWER = 60
# Numbers beyond these come from a broken file, or say nothing.
_HIGHEST_LOG, _LOWEST_LOG = 5.0, -1e5
# Below these, two scores or two times are the same to the digits that are shown.
_TIE, _SAME_TIME = 0.005, 0.5
_SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def tr(text: str) -> str:
    """Translate a text about answers."""
    return QCoreApplication.translate("answer_words", text)


def system_name(system: System) -> str:
    """Return the name of a way to answer."""
    return {
        "speculative_rag": tr("Speculative RAG"),
        "speculative_rag_stored": tr("index vectors"),
        "standard_rag": tr("standard RAG"),
        "standard_rag_speculative": tr("standard, drafted"),
        "drafter_alone": tr("drafter alone"),
        "random_choice": tr("random draft"),
        "zero_shot": tr("zero-shot"),
        "many_shot": tr("many-shot"),
        "drag": tr("DRAG"),
        "iterdrag": tr("IterDRAG"),
        "iterdrag_popular": tr("IterDRAG, popular"),
    }[system]


def purpose(name: str) -> str:
    """Return what a prompt was read for, in words."""
    systems: tuple[System, ...] = get_args(System)
    return next((system_name(system) for system in systems if system == name), one_line(name, longest=_LONGEST_ANSWER))


def system_meaning(system: System) -> str:
    """Explain what a way to answer does."""
    return {
        "speculative_rag": tr("The drafter answers from each subset; the target scores the drafts and chooses one."),
        "speculative_rag_stored": tr(
            "Speculative RAG with passages clustered by the vectors of the index: not encoded anew with the question."
        ),
        "standard_rag": tr("The target reads all passages and answers, one token at a time."),
        "standard_rag_speculative": tr("The same, with the drafter proposing tokens: the fair comparison."),
        "drafter_alone": tr("The draft of which the drafter itself is surest; the target is not asked."),
        "random_choice": tr("Any complete draft: what choosing by the scores must beat."),
        "zero_shot": tr("The target answers by itself, without documents."),
        "many_shot": tr("The target answers after answered questions, without documents."),
        "drag": tr("The target answers over all documents, after answered questions with documents of their own."),
        "iterdrag": tr("The target asks itself follow-up questions, and each brings documents of its own."),
        "iterdrag_popular": tr("Sub-questions first, answered apart from each other and merged; not the paper's."),
    }[system]


def state(event: Event | None) -> str:
    """Describe the step that follows the newest event of an answer under way."""
    match event:
        case None | RunStarted() | Indexed() | FileSkipped() | VerifierTested():
            return tr("looking for passages")
        case Retrieved() | PhaseFinished(phase="retrieving"):
            return tr("grouping the passages")
        case PhaseFinished(phase="drafting") | DraftFinished() | CandidateScored() | PromptRead(purpose="scores"):
            return tr("scoring the drafts")
        case Partitioned() | Mapped() | PhaseFinished(phase="partitioning") | PromptRead(reader="drafter"):
            return tr("drafting")
        case TokensEmitted(lane=lane) if lane.startswith("draft "):
            return tr("drafting")
    return tr("measuring the other ways to answer")


def ending(record: RunRecord) -> str:
    """Describe how an answer ended, for the status line."""
    answers = [event for event in record.events if isinstance(event, QuestionAnswered)]
    last = record.events[-1]
    if isinstance(last, RunFinished) and last.reason == "cancelled":
        return tr("stopped by you; what was drafted is kept")
    if not answers:
        return no_answer()
    first = answers[0]
    if not first.answer:
        return no_answer()
    return tr("answered in {0}: {1}").format(
        quantities.milliseconds(first.latency_ms), one_line(first.answer, longest=_LONGEST_ANSWER)
    )


def no_answer() -> str:
    """Say that there is no answer."""
    return tr("no answer")


def answer_text(answered: QuestionAnswered, *, longest: int) -> str:
    """Return an answer as one line, or that there is none."""
    return one_line(answered.answer or "", longest=longest) or no_answer()


def cut_against(answered: QuestionAnswered, baseline: QuestionAnswered) -> str:
    """Format the change in time against a baseline; empty where one of the two has no answer."""
    return cut(answered.latency_ms, baseline.latency_ms) if answered.answered and baseline.answered else ""


def models(started: RunStarted, prompts: Sequence[PromptRead] = ()) -> str:
    """Name the models that answered, by what they did, and those that were asked through their chat templates."""
    names = (model_name(started.drafter, "drafter"), model_name(started.target, "target"))
    words = tr("drafts by {0}, chosen by {1}").format(*names)
    readers = {prompt.reader for prompt in prompts if prompt.chat}
    if not readers:
        return words
    if {prompt.reader for prompt in prompts} == readers:
        return tr("{0} · asked as chat").format(words)
    asked = tr("the target asked as chat") if "target" in readers else tr("the drafter asked as chat")
    return tr("{0} · {1}").format(words, asked)


def model_name(spec: str, role: Role) -> str:
    """Return the name of a built-in model, or the last part of the path of another."""
    name = builtin_name(spec, role) or re.split(r"[/\\]", spec.rstrip("/\\"))[-1] or spec
    return one_line(name, longest=_LONGEST_ANSWER)


def verifier(tested: VerifierTested) -> str:
    """Describe whether the target can verify, from cases whose responses are known."""
    right = tr("{0} of {1} test cases right").format(tested.n_right, tested.n_cases)
    if tested.can_judge:
        return tr("verifier: {0}").format(right)
    mass = tr("Yes and No have {0:.0%} of its probability").format(tested.mass)
    return tr("✗ this verifier cannot judge: {0}, {1}; the choice is chance").format(right, mass)


def forced(finished: DraftFinished) -> str:
    """Say why the response was begun for the drafter; empty where it began it itself."""
    why = {
        "end": tr("its rationale came to its end"),
        "line": tr("its rationale ended with its line"),
        "length": tr("its rationale had used its share of tokens"),
    }.get(finished.forced_by)
    return "" if why is None else tr("response begun for the drafter: {0}").format(why)


def probability(log_p: float) -> str:
    """Format a probability given as its natural logarithm, readable however small it is."""
    if log_p >= log(0.0095):
        return f"{exp(min(log_p, _HIGHEST_LOG)):.2f}"
    if log_p < _LOWEST_LOG:
        return "0"
    return power_of_ten(log_p)


def probability_in_full(log_p: float) -> str:
    """Format a probability for a tooltip, with the logarithm to base ten of a small one."""
    shown = probability(log_p)
    if log_p >= log(0.0095) or shown == "0":
        return shown
    return tr("{0} (log₁₀ {1})").format(shown, f"{log_p / log(10):.1f}".replace("-", "−"))


def power_of_ten(log_p: float) -> str:
    """Format a probability, given as its natural logarithm, as the nearest power of ten."""
    return f"10{str(round(log_p / log(10))).translate(_SUPERSCRIPTS)}" if log_p else "1"


def factor(log_ratio: float) -> str:
    """Format how many times as likely, from a difference of natural logarithms."""
    if is_tie(log_ratio):
        return tr("as likely")
    if log_ratio < log(1000):
        return f"{exp(log_ratio):.{2 if log_ratio < log(10) else 0}f}×"
    return tr("10{0}×").format(str(floor(min(log_ratio, -_LOWEST_LOG) / log(10))).translate(_SUPERSCRIPTS))


def is_tie(log_ratio: float) -> bool:
    """Whether two scores are the same to the digits that are shown."""
    return abs(log_ratio) < _TIE


def cut(ms: float, baseline_ms: float) -> str:
    """Format the change in time against a baseline in percent; minus means less time."""
    if baseline_ms <= 0:
        return quantities.UNKNOWN
    share = 100 * (ms / baseline_ms - 1)
    if abs(share) < _SAME_TIME:
        return tr("the same")
    return f"{'−' if share < 0 else '+'}{abs(share):.0f} %"


def against(answer: str | None, baseline: str | None) -> str:
    """Say how an answer compares with standard RAG's, which need not be right itself; empty where one is missing."""
    if not answer or not baseline:
        return ""
    return tr("= standard RAG") if same_answer.same(answer, baseline) else tr("≠ standard RAG")


def why_incomplete(answer: AnswerRecord, number: int) -> str:
    """Return why a draft cannot be chosen; empty where it can, or is still being written."""
    finished = answer.drafts[number].finished
    if finished is None or finished.complete:
        return ""
    return one_line(finished.why) or tr("it did not come to a response")
