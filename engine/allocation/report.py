"""Fits a sweep's file and states the fit as an event.

* imports neither Qt nor torch."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from engine.allocation import sweep_file
from engine.allocation.answer_table import arranged
from engine.allocation.context_lengths import ContextModel
from engine.allocation.escalation import ladder_of, usual_steps
from engine.allocation.fitting import fit, predictions
from engine.allocation.sweep_file import SweepHead
from engine.errors import InputError
from engine.events import AllocationFitted, AllocationForm, AnswerMetric, CellAnswered, QualityScore
from engine.events.allocation import EscalationLadder


def fitted_sweep(
    path: Path, form: AllocationForm, metric: AnswerMetric, current: Mapping[str, str] | None = None
) -> AllocationFitted:
    """Fit a file. current: fingerprints of what is loaded now, by role, None if nothing is.

    Raises InputError: no sweep, nothing to fit."""
    head, answers = sweep_file.read(path)[1:]
    table = arranged(answers, metric)
    model = fit(table, form)
    return AllocationFitted(
        str(path),
        form,
        metric,
        len(table.questions),
        len(table.cells),
        model.r2,
        model.mse,
        model.terms,
        model.tasks,
        predictions(model, ContextModel(table)),
        model.held_out.r2,
        model.held_out.mse,
        model.held_out.accuracy_r2,
        model.n_clipped,
        model.cautions,
        tuple(head.models.items()),
        head.documents,
        _why_stale(head, current or {}),
        model.own_terms,
        *_escalation(head, answers),
    )


def _escalation(head: SweepHead, answers: Sequence[CellAnswered]) -> tuple[EscalationLadder | None, str]:
    """The sweep's answers as a ladder, or why it cannot tell what escalating brings."""
    score = head.settings.get("quality", "none")
    try:
        return ladder_of(answers, usual_steps(answers), msgspec.convert(score, QualityScore)), ""
    except InputError as err:
        return None, err.message


def _why_stale(head: SweepHead, current: Mapping[str, str]) -> str:
    """What was loaded when the sweep was made and is not now, in words; empty if nothing."""
    changed = [f"the {role}" for role, of_sweep in head.models.items() if current.get(role, of_sweep) != of_sweep]
    if current.get("documents", head.documents) != head.documents:
        changed.append("the documents")
    if not changed:
        return ""
    return f"{' and '.join(changed)} changed since this sweep ({head.target}): sweep again, so that it can be refitted"
