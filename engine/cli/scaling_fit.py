"""`draftscope scaling fit`, `allocate` and `check`: the allocation model of a sweep, and what its choices are worth."""

from pathlib import Path
from typing import Annotated, get_args

import msgspec
import typer

from engine.allocation import sweep_file
from engine.allocation.answer_table import arranged
from engine.allocation.checking import BudgetCheck, check, usual_budgets
from engine.allocation.optimum import ChosenCell, best_under, cheapest_for
from engine.allocation.report import fitted_sweep
from engine.cli.exit_status import OK
from engine.cli.options import Json, decimal
from engine.cli.output import Output, Value
from engine.cli.scaling_routing import routing_fields, routing_lines
from engine.errors import InputError
from engine.events import AllocationFitted, AllocationForm, AnswerMetric, PredictedCell

_Sweep = Annotated[Path | None, typer.Option("--sweep", help="the file of a sweep; the newest one unless given")]
_Target = Annotated[str, typer.Option(help="take the newest sweep of this target")]
_Form = Annotated[
    str, typer.Option("--form", help="paper: z-scores through its own sigmoid; logit: shares through the logistic one")
]
_Metric = Annotated[str, typer.Option(help=f"{', '.join(get_args(AnswerMetric))}")]


def scaling_fit(
    *,
    sweep: _Sweep = None,
    target: _Target = "",
    form: _Form = "paper",
    metric: _Metric = "accuracy",
    json: Json = False,
) -> int:
    """Fit the allocation model of the paper, or a plain logit one, to a sweep."""
    fitted = _fitted(sweep, target, form, metric)
    output = Output(json=json)
    if json:
        fields: dict[str, Value] = msgspec.to_builtins(fitted)
        output.summary({name: value for name, value in fields.items() if name != "event"})
        return OK
    _say_cautions(fitted, output)
    write = output.console.print
    write(f"{fitted.n_cells} combinations, {fitted.n_questions} questions, form {fitted.form}: {fitted.file}")
    scale = "z-scores" if fitted.form == "paper" else fitted.metric.replace("_", " ")
    write(
        f"R² {fitted.r2:.3f}, mean squared error {fitted.mse:.3f} ({scale}); held out R² {_number(fitted.held_out_r2)};"
        f" of cells over all questions {_number(fitted.accuracy_r2)}"
    )
    output.table([_TERM_HEADER, *map(_term_row, (*fitted.terms, *fitted.own_terms))])
    write("")
    output.table([_CELL_HEADER, *(_cell_row(cell) for cell in fitted.predictions if cell.measured is not None)])
    return OK


# The paper's R² and coefficients are of another model: they stand beside the fit, and predict nothing.
_TERM_HEADER = ("term", "value", "95 %", "Gemini 1.5 Flash", "")


def _term_row(term: msgspec.Struct) -> tuple[str, ...]:
    fields = msgspec.structs.asdict(term)
    paper = f"{fields['paper']:.3f}" if "paper" in fields else "not in the paper"
    return fields["name"], _number(fields["value"]), _interval(fields["ci"]), paper, fields["why_not"]


_CELL_HEADER = ("k", "m", "n", "measured", "predicted", "95 %", "held out", "residual", "context", "longest")


def _cell_row(cell: PredictedCell) -> tuple[str, ...]:
    theta = cell.allocation
    residual = "-" if cell.measured is None else f"{cell.measured - cell.predicted:+.2f}"
    return (
        str(theta.k), str(theta.m), str(theta.n), _number(cell.measured), _number(cell.predicted), _interval(cell.ci),
        _number(cell.held_out), residual, f"{cell.mean_context:,.0f}", f"{cell.max_context:,.0f}",
    )  # fmt: skip


def scaling_allocate(
    *,
    budget: Annotated[int | None, typer.Option(help="input tokens that no question may go beyond")] = None,
    accuracy: Annotated[float | None, decimal("the cheapest combination that reaches this, such as 0.7")] = None,
    sweep: _Sweep = None,
    target: _Target = "",
    form: _Form = "paper",
    metric: _Metric = "accuracy",
    json: Json = False,
) -> int:
    """Choose documents, demonstrations and iterations for a budget, or for a wanted accuracy."""
    if budget is None and accuracy is None:
        raise InputError("neither a budget nor an accuracy is given", "write for instance --budget 4000")
    if budget is not None and budget < 1:
        raise InputError(f"budget = {budget}: must be >= 1", "write for instance --budget 4000")
    if accuracy is not None and not 0 < accuracy <= 1:
        raise InputError(f"accuracy = {accuracy:g}: must be > 0, at most 1", "write for instance --accuracy 0.7")
    fitted = _fitted(sweep, target, form, metric)
    if accuracy is not None:
        choice = cheapest_for(fitted.predictions, accuracy, budget)
    else:
        assert budget is not None
        choice = best_under(fitted.predictions, budget)
    output = Output(json=json)
    _say_cautions(fitted, output)
    output.summary(_choice_fields(choice, fitted, budget) if json else _choice_lines(choice, fitted, budget))
    if not json:
        output.note(f"fitted to {fitted.file}")
    return OK


def _choice_fields(choice: ChosenCell, fitted: AllocationFitted, budget: int | None) -> dict[str, Value]:
    cell, best, beyond = choice.cell, choice.measured_best, choice.beyond
    return {
        "k": cell.allocation.k,
        "m": cell.allocation.m,
        "n": cell.allocation.n,
        "predicted": cell.predicted,
        "predicted_ci": None if cell.ci is None else list(cell.ci),
        "measured": cell.measured,
        "estimate": cell.best_guess,
        "mean_context": cell.mean_context,
        "max_context": cell.max_context,
        "context_is_measured": cell.context_is_measured,
        "extrapolates": cell.extrapolates,
        "budget": budget,
        "budget_utilization": None if budget is None else cell.mean_context / budget,
        "best_measured": None if best is None else _theta(best),
        "best_measured_score": None if best is None else best.measured,
        "share_of_best": choice.share,
        "better_beyond": None if beyond is None else {**_theta(beyond), "predicted": beyond.predicted},
        "form": fitted.form,
        "metric": fitted.metric,
        "r2": fitted.r2,
        "held_out_r2": fitted.held_out_r2,
        "cautions": list(fitted.cautions),
        "why_stale": fitted.why_stale,
        "file": fitted.file,
    }


def _choice_lines(choice: ChosenCell, fitted: AllocationFitted, budget: int | None) -> dict[str, Value]:
    """The same for people, in fewer lines."""
    fields = _choice_fields(choice, fitted, budget)
    hidden = ("cautions", "why_stale", "form", "context_is_measured", "r2", "file")
    shown = {name: value for name, value in fields.items() if name not in hidden}
    source = "measured" if choice.cell.context_is_measured else "modelled"
    shown["max_context"] = f"{choice.cell.max_context:,.0f} ({source})"
    return {name: value for name, value in shown.items() if value not in (None, "")}


def _theta(cell: PredictedCell) -> dict[str, Value]:
    fields: dict[str, Value] = msgspec.to_builtins(cell.allocation)
    return fields


def scaling_check(
    *,
    budgets: Annotated[str, typer.Option(help="separated by commas; three of the sweep unless given")] = "",
    sweep: _Sweep = None,
    target: _Target = "",
    form: _Form = "paper",
    metric: _Metric = "accuracy",
    json: Json = False,
) -> int:
    """Measure what the model's choices score, of what the best combination of the whole sweep scores."""
    chosen_form, chosen_metric = _form(form), _metric(metric)
    path = _path(sweep, target)
    answers = sweep_file.read(path).answers
    table = arranged(answers, chosen_metric)
    checks = check(table, chosen_form, _budgets(budgets) or usual_budgets(table))
    fitted = fitted_sweep(path, chosen_form, chosen_metric)
    output = Output(json=json)
    if not json:
        _say_cautions(fitted, output)
        output.table([_CHECK_HEADER, *map(_check_row, checks)])
        for line in routing_lines(answers, chosen_metric):
            output.console.print(line)
        return OK
    rows: list[Value] = [msgspec.to_builtins(each._asdict()) for each in checks]
    output.summary(
        {
            "budgets": rows, "share_least": min(each.share for each in checks), "r2": fitted.r2,
            "held_out_r2": fitted.held_out_r2, "accuracy_r2": fitted.accuracy_r2, "form": form, "metric": metric,
            "n_questions": fitted.n_questions, "n_cells": fitted.n_cells, "file": fitted.file,
            **routing_fields(answers, chosen_metric),
        }
    )  # fmt: skip
    return OK


_CHECK_HEADER = ("budget", "chosen", "scores", "best", "scores", "share", "cells unseen", "questions unseen")


def _check_row(row: BudgetCheck) -> tuple[str, ...]:
    names = [f"k {cell.k}, m {cell.m}, n {cell.n}" for cell in (row.chosen, row.best)]
    return (
        f"{row.budget:,}", names[0], f"{row.score:.2f}", names[1], f"{row.best_score:.2f}", f"{row.share:.0%}",
        _percent(row.share_unseen), _percent(row.share_split),
    )  # fmt: skip


def _fitted(sweep: Path | None, target: str, form: str, metric: str) -> AllocationFitted:
    chosen_form, chosen_metric = _form(form), _metric(metric)
    return fitted_sweep(_path(sweep, target), chosen_form, chosen_metric)


def _path(sweep: Path | None, target: str) -> Path:
    """The file that was named, or the newest one, of a target if that is named."""
    if sweep is not None:
        return sweep
    from engine.models import checkpoint_folder

    return sweep_file.newest(checkpoint_folder.fingerprint(target) if target else "")


def _form(text: str) -> AllocationForm:
    if text not in get_args(AllocationForm):
        raise InputError(f"form = {text[:40]}: is not known", f"use {' or '.join(get_args(AllocationForm))}")
    return "paper" if text == "paper" else "logit"


def _metric(text: str) -> AnswerMetric:
    if text not in get_args(AnswerMetric):
        raise InputError(f"metric = {text[:40]}: is not known", f"use {', '.join(get_args(AnswerMetric))}")
    metric: AnswerMetric = msgspec.convert(text, AnswerMetric)
    return metric


def _budgets(text: str) -> tuple[int, ...]:
    parts = [part.strip() for part in text.split(",")] if text else []
    if not all(part.isascii() and part.isdigit() and 0 < len(part) <= 9 and int(part) for part in parts):
        raise InputError(f"budgets = {text[:80]}: is no list of whole numbers >= 1", "write for instance 500,1000,4000")
    return tuple(dict.fromkeys(map(int, parts)))


def _say_cautions(fitted: AllocationFitted, output: Output) -> None:
    for caution in (*fitted.cautions, fitted.why_stale):
        if caution:
            output.note(caution)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"


def _interval(ci: tuple[float, float] | None) -> str:
    return "-" if ci is None else f"[{ci[0]:.2f}, {ci[1]:.2f}]"
