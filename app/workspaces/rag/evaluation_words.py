"""An evaluation in words: what it is at, how it ended, with what it is made; knows no widget."""

from collections.abc import Mapping

from PySide6.QtCore import QCoreApplication

from app.text.plain_text import one_line
from app.words.model_names import builtin_name
from app.workspaces.rag.evaluation_record import Evaluation, Interval
from engine.commands import Load
from engine.events import Progressed, Role, Setting


def tr(text: str) -> str:
    """The translation of what is said of an evaluation."""
    return QCoreApplication.translate("evaluation", text)


def state(at: Progressed | None) -> str:
    """What the evaluation under way is at."""
    if at is not None and at.phase == "measuring":
        return tr("asked {0:,.0f} of {1:,.0f} questions").format(at.done, at.total)
    if at is not None and at.phase in ("reading", "embedding", "writing", "indexing") and at.done < at.total:
        text = tr("indexing the documents, {0}: {1:,.0f} of {2:,.0f}")
        return text.format(one_line(at.phase), at.done, at.total)
    return tr("preparing the questions")


def nothing_made() -> str:
    """What an evaluation would do."""
    return tr("Each question is asked of every way to answer, in turn and timed.")


def never_begun() -> str:
    """How an evaluation ended that answered nothing."""
    return tr("ended before its first question; what is shown is the evaluation before")


def ending(found: Evaluation, *, early: bool) -> str:
    """How the evaluation made here ended; early: it can be continued."""
    if early:
        text = tr("stopped after {0:,} of {1:,} questions; evaluate again to go on there")
        return text.format(found.n_asked, found.n_questions)
    return tr("done; every answer is kept in {0}").format(one_line(found.name))


def title(found: Evaluation | None) -> str:
    """Which evaluation is on show, in a line."""
    if found is None:
        return tr("No evaluation yet: run one, or open what draftscope rag eval wrote")
    if found.n_lines and not found.systems and found.n_answered is None:
        text = tr("{0} has not ended: {1:,} lines so far; run the same command again to go on")
        return text.format(one_line(found.name), found.n_lines)
    questions = ""
    if found.n_questions:
        n = found.n_questions if found.n_answered is None else found.n_answered
        part = "" if n == found.n_questions else tr("{0:,} of ").format(n)
        questions = part + tr("{0:,} questions").format(found.n_questions)
    return " · ".join(filter(None, (one_line(found.name), one_line(found.dataset), questions, _failures(found))))


def _failures(found: Evaluation) -> str:
    """How many questions have no answer, and why the first has none; nothing where all have one."""
    if not found.failed:
        return ""
    name, why = next(iter(found.failed.items()))
    return tr("{0:,} not answered, first {1}: {2}").format(len(found.failed), one_line(name), one_line(why))


def made_with(pair: Load, settings: Mapping[str, Setting]) -> str:
    """The models and settings an evaluation takes from the setup of the answer."""
    models = " + ".join((_name(pair.target, "target"), _name(pair.drafter, "drafter")))
    sampling = str(settings["sampling"]).replace("_", " ")
    return tr("{0}; n {1}, m {2}, k {3}, {4}: as in the setup of the answer").format(
        models, settings["n"], settings["m"], settings["k"], sampling
    )


def with_interval(value: float, interval: Interval | None, *, times: int = 1, signed: bool = False) -> str:
    """A share and its interval, or both in percent."""
    digits = 2 if times == 1 else 0
    text = f"{times * value:{'+' if signed else ''}.{digits}f}"
    return text if interval is None else f"{text} [{times * interval[0]:.{digits}f}, {times * interval[1]:.{digits}f}]"


def _name(spec: str, role: Role) -> str:
    return builtin_name(spec, role) or one_line(spec)
