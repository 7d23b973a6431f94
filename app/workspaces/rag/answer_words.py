"""An answer from documents in words: what is going on, how it ended, how likely; knows no widget."""

from math import exp, floor, log
from typing import get_args

from PySide6.QtCore import QCoreApplication

from app.state.run_record import RunRecord
from app.text.plain_text import one_line
from app.words import quantities
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
    RunFinished,
    RunStarted,
    TokensEmitted,
)
from engine.events.answers import System

_LONGEST_ANSWER = 60
# Beyond these a number is of a broken file, or says nothing.
_HIGHEST_LOG, _LOWEST_LOG = 5.0, -1e5
_SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def tr(text: str) -> str:
    """The translation of these words."""
    return QCoreApplication.translate("answer_words", text)


def system_name(system: System) -> str:
    """A way to answer, as people call it."""
    return {
        "speculative_rag": tr("Speculative RAG"),
        "speculative_rag_stored": tr("index vectors"),
        "standard_rag": tr("standard RAG"),
        "standard_rag_speculative": tr("standard, drafted"),
        "drafter_alone": tr("drafter alone"),
        "random_choice": tr("random draft"),
    }[system]


def purpose(name: str) -> str:
    """What a prompt was read for."""
    known: tuple[System, ...] = get_args(System)
    return next((system_name(system) for system in known if system == name), one_line(name, longest=_LONGEST_ANSWER))


def system_meaning(system: System) -> str:
    """What a way to answer does."""
    return {
        "speculative_rag": tr("The drafter answers from each subset; the target scores the drafts and chooses one."),
        "speculative_rag_stored": tr(
            "Speculative RAG with passages clustered by the vectors of the index: not encoded anew with the question."
        ),
        "standard_rag": tr("The target reads all passages and answers, one token at a time."),
        "standard_rag_speculative": tr("The same, with the drafter proposing tokens: the fair comparison."),
        "drafter_alone": tr("The draft of which the drafter itself is surest; the target is not asked."),
        "random_choice": tr("Any complete draft: what choosing by the scores must beat."),
    }[system]


def state(event: Event | None) -> str:
    """What comes after the newest event of an answer under way."""
    match event:
        case None | RunStarted() | Indexed() | FileSkipped():
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
    """How an answer ended, for the status line."""
    answered = [event for event in record.events if isinstance(event, QuestionAnswered)]
    last = record.events[-1]
    if isinstance(last, RunFinished) and last.reason == "cancelled":
        return tr("stopped by you; what was drafted is kept")
    if not answered:
        return tr("no answer")
    first = answered[0]
    return tr("answered in {0}: {1}").format(
        quantities.milliseconds(first.latency_ms), one_line(first.answer, longest=_LONGEST_ANSWER)
    )


def probability(log_p: float) -> str:
    """A probability of which the natural logarithm is known, readable however small."""
    if log_p >= log(0.0095):
        return f"{exp(min(log_p, _HIGHEST_LOG)):.2f}"
    if log_p < _LOWEST_LOG:
        return "0"
    tens = log_p / log(10)
    power = floor(tens)
    digit = round(10 ** (tens - power))
    power, digit = (power + 1, 1) if digit == 10 else (power, digit)
    return f"{digit}·10{str(power).translate(_SUPERSCRIPTS)}"


def power_of_ten(log_p: float) -> str:
    """A round probability as a power of ten."""
    return f"10{str(round(log_p / log(10))).translate(_SUPERSCRIPTS)}" if log_p else "1"


def factor(log_ratio: float) -> str:
    """How many times as likely, from a difference of natural logarithms."""
    if log_ratio < log(1000):
        return f"{exp(log_ratio):.{2 if log_ratio < log(10) else 0}f}×"
    return tr("10{0}×").format(str(floor(min(log_ratio, -_LOWEST_LOG) / log(10))).translate(_SUPERSCRIPTS))


def cut(ours_ms: float, theirs_ms: float) -> str:
    """How much less time it took, in percent; a plus says more."""
    if theirs_ms <= 0:
        return quantities.UNKNOWN
    share = 100 * (ours_ms / theirs_ms - 1)
    return f"{'−' if share < 0 else '+'}{abs(share):.0f} %"


def same(first: str, second: str) -> bool:
    """Whether two answers say the same, by the letters and figures in them."""
    return _bare(first) == _bare(second)


def _bare(text: str) -> str:
    return " ".join("".join(c if c.isalnum() else " " for c in text.casefold()).split())


def why_incomplete(answer: AnswerRecord, number: int) -> str:
    """Why a draft cannot be chosen; empty where it can, or is still being written."""
    finished = answer.drafts[number].finished
    if finished is None or finished.complete:
        return ""
    return one_line(finished.why) or tr("it did not come to a response")
