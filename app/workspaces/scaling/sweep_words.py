"""Describes a sweep and a fit in words: progress, outcome, what they hold for, the recommended setting."""

from PySide6.QtCore import QCoreApplication

from app.text.plain_text import one_line
from app.words import pace, quantities
from app.words.counts import count
from app.words.model_names import full_name
from app.workspaces.scaling import words
from engine.events import (
    AllocationFitted,
    AllocationForm,
    AnswerMetric,
    PredictedCell,
    Progressed,
    SweepEstimated,
    SweepMeasured,
    SweepStarted,
)
from engine.events.allocation import FittedTerm


def tr(text: str) -> str:
    """Translate a text about a sweep."""
    return QCoreApplication.translate("scaling_sweep", text)


def metric_name(metric: AnswerMetric) -> str:
    """Return the name of a metric."""
    names: dict[AnswerMetric, str] = {
        "accuracy": tr("accuracy"), "exact_match": tr("exact match"), "f1": tr("F1")
    }  # fmt: skip
    return names[metric]


def form_name(form: AllocationForm) -> str:
    """Return the name of the form of a fit."""
    names: dict[AllocationForm, str] = {"paper": tr("the paper's form"), "logit": tr("plain logit")}
    return names[form]


def term_name(term: FittedTerm) -> str:
    """Return what a coefficient belongs to."""
    return {
        "a_doc": tr("a, documents"), "a_shot": tr("a, demonstrations"), "a_iter": tr("a, iterations"),
        "b_doc": tr("b, documents"), "b_shot": tr("b, demonstrations"), "c": tr("c, constant"),
    }[term.name]  # fmt: skip


def progress(
    started: SweepStarted | None, estimated: SweepEstimated | None, n_answered: int, at: Progressed | None
) -> str:
    """Describe how far a sweep under way is, and what the rest will take."""
    if indexing := pace.indexing(at):
        return indexing
    if started is None or not n_answered:
        return tr("preparing the questions")
    n_all = started.n_questions * len(started.cells)
    parts = [tr("{0:,} of {1}").format(n_answered, count(n_all, "answer"))]
    if estimated is not None and estimated.fits is False:
        reachable = count(estimated.n_reachable, "question")
        parts.append(tr("{0} within the time, the rest when it is started again").format(reachable))
    elif estimated is not None and (at is None or at.left_s is None):
        parts.append(tr("about {0} in all").format(quantities.duration(estimated.seconds)))
    return ", ".join(parts)


def outcome(measured: SweepMeasured) -> str:
    """Describe how a sweep ended."""
    answers = count(measured.n_answered, "answer")
    if measured.stopped_by == "time":
        return tr("{0} when the time was up; start the sweep again to continue").format(answers)
    if measured.stopped_by == "user":
        return tr("stopped after {0}; start the sweep again to continue").format(answers)
    return tr("done: {0} in {1}").format(answers, count(len(measured.cells), "cell"))


def scope(started: SweepStarted | None, measured: SweepMeasured | None, n_answered: int) -> str:
    """Say what a sweep holds for: questions, model, cells, and where it was cut short; empty without one."""
    if started is None or measured is None:
        return ""
    is_whole = measured.complete and not measured.stopped_by
    parts = (
        full_name(started.target, "target", longest=40), one_line(started.dataset, longest=40),
        count(measured.n_questions, "question"), count(len(measured.cells), "cell"),
        "" if is_whole else tr("not complete: {0:,} answered").format(n_answered),
    )  # fmt: skip
    return " · ".join(filter(None, parts))


def fit_quality(fitted: AllocationFitted) -> str:
    """Say how well a fit describes its sweep, in the cells and in those left out."""
    parts = [tr("{0} of {1}: R² {2:.2f}, MSE {3:.3f}").format(
        form_name(fitted.form), metric_name(fitted.metric), fitted.r2, fitted.mse
    )]  # fmt: skip
    if fitted.held_out_r2 is not None:
        held_out = tr("cells left out one by one: R² {0:.2f}, MSE {1:.3f}")
        parts.append(held_out.format(fitted.held_out_r2, fitted.held_out_mse or 0.0))
    if fitted.accuracy_r2 is not None:
        parts.append(tr("in points of {0}: R² {1:.2f}").format(metric_name(fitted.metric), fitted.accuracy_r2))
    return " · ".join(parts)


def recommendation(cell: PredictedCell, metric: AnswerMetric) -> str:
    """Describe a recommended setting with its prediction, and where that is an extrapolation."""
    predicted = words.share(cell.predicted)
    if cell.ci is not None:
        predicted = f"{predicted} [{words.share(cell.ci.low)}, {words.share(cell.ci.high)}]"
    text = tr("{0} (predicted {1} {2})").format(words.allocation(cell.allocation), metric_name(metric), predicted)
    if cell.extrapolates:
        return tr("{0} ⚠ beyond what was measured: {1}").format(text, one_line(cell.extrapolates))
    return text
