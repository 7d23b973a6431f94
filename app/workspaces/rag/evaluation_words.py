"""Describes an evaluation in words: its progress, how it ended, what it is made with."""

from collections.abc import Mapping

from PySide6.QtCore import QCoreApplication

from app.text.plain_text import one_line
from app.words import pace
from app.words.counts import count
from app.words.model_names import builtin_name
from app.workspaces.rag.evaluation_record import Evaluation, Interval, SystemResult
from engine.commands import Load
from engine.events import Progressed, Role, Setting


def tr(text: str) -> str:
    """Translate a text about an evaluation."""
    return QCoreApplication.translate("evaluation", text)


def state(at: Progressed | None) -> str:
    """Describe the progress of the evaluation under way."""
    if at is not None and at.phase == "measuring":
        return tr("asked {0:,.0f} of {1}").format(at.done, count(at.total, "question"))
    return pace.indexing(at) or tr("preparing the questions")


def nothing_made() -> str:
    """Say what an evaluation does, where none was made yet."""
    return tr("Each question is asked of every way to answer, in turn and timed.")


def never_begun() -> str:
    """Say that an evaluation ended before its first answer."""
    return tr("ended before its first question; what is shown is the evaluation before")


def ending(evaluation: Evaluation, *, early: bool) -> str:
    """Describe how the evaluation made here ended; early: it can be continued."""
    if early:
        text = tr("stopped after {0:,} of {1}; evaluate again to continue there")
        return text.format(evaluation.n_asked, count(evaluation.n_questions, "question"))
    return tr("done; every answer is kept in {0}").format(one_line(evaluation.name))


def title(evaluation: Evaluation | None) -> str:
    """Describe the evaluation on show in one line."""
    if evaluation is None:
        return tr("No evaluation yet: run one, or open what draftscope rag eval wrote")
    if evaluation.n_lines and not evaluation.systems and evaluation.n_answered is None:
        text = tr("{0} has not ended: {1} so far; run the same command again to continue")
        return text.format(one_line(evaluation.name), count(evaluation.n_lines, "line"))
    questions = ""
    if evaluation.n_questions:
        n = evaluation.n_questions if evaluation.n_answered is None else evaluation.n_answered
        part = "" if n == evaluation.n_questions else tr("{0:,} of ").format(n)
        questions = part + count(evaluation.n_questions, "question")
        if evaluation.n_scored is not None and (n_bare := n - evaluation.n_scored) > 0:
            questions += tr(", {0:,} not scored: no known answer").format(n_bare)
    return " · ".join(
        filter(None, (one_line(evaluation.name), one_line(evaluation.dataset), questions, _failures(evaluation)))
    )


def _failures(evaluation: Evaluation) -> str:
    """How many questions have no answer, and why the first has none; empty where all have one."""
    if not evaluation.failed:
        return ""
    name, why = next(iter(evaluation.failed.items()))
    return tr("{0:,} not answered, first {1}: {2}").format(len(evaluation.failed), one_line(name), one_line(why))


def made_with(pair: Load, settings: Mapping[str, Setting]) -> str:
    """Describe the models and settings that an evaluation takes from the setup of the answer."""
    models = " + ".join((_name(pair.target, "target"), _name(pair.drafter, "drafter")))
    sampling = str(settings["sampling"]).replace("_", " ")
    return tr("{0}; n {1}, m {2}, k {3}, {4}: as in the setup of the answer").format(
        models, settings["n"], settings["m"], settings["k"], sampling
    )


def with_interval(value: float, interval: Interval | None, *, times: int = 1, signed: bool = False) -> str:
    """Format a share and its interval, times 1 or 100 (percent)."""
    digits = 2 if times == 1 else 0
    text = f"{times * value:{'+' if signed else ''}.{digits}f}"
    return text if interval is None else f"{text} [{times * interval[0]:.{digits}f}, {times * interval[1]:.{digits}f}]"


def accuracy(result: SystemResult) -> str:
    """Format the share of right answers, and how many questions were left without one."""
    text = tr("not scored") if result.accuracy is None else with_interval(result.accuracy, result.accuracy_ci)
    return tr("{0}, no answer {1}").format(text, result.n_no_answer) if result.n_no_answer else text


def latency_cut(cut: float, result: SystemResult) -> str:
    """Format a share of latency in percent, with its interval, or below ten questions its range."""
    if result.latency_cut_ci is None and result.latency_cut_range is not None:
        low, high = result.latency_cut_range
        return tr("{0:.0f} ({1:.0f} to {2:.0f}) %").format(100 * cut, 100 * low, 100 * high)
    return tr("{0} %").format(with_interval(cut, result.latency_cut_ci, times=100))


def _name(spec: str, role: Role) -> str:
    return builtin_name(spec, role) or one_line(spec)
