"""Fits the allocation model to a table of answers: coefficients, R², held-out cells, predictions with intervals.

* imports neither Qt nor torch. Source: arXiv:2410.04343, section 5 and appendix F; held-out cells, resampled questions
and the plain logit form are ours."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from engine.allocation import paper_form
from engine.allocation.answer_table import AnswerTable
from engine.allocation.context_lengths import ContextModel
from engine.allocation.grid import REFERENCE, beyond, neighbourhood
from engine.allocation.least_squares import (
    TERMS,
    Array,
    Design,
    Fits,
    Term,
    distinct_terms,
    fitted,
    normalised,
    over_tasks,
    predicted,
)
from engine.errors import InputError
from engine.events import Allocation, AllocationForm, FittedTerm, PredictedCell, TaskTerms
from engine.events.allocation import OwnTerm
from engine.statistics import FEWEST_FOR_INTERVAL, Interval

_N_RESAMPLES = 400
# With fewer left out one by one, what is left could not be fitted.
_FEWEST_HELD_OUT = 3


class HeldOutCells(NamedTuple):
    """Cells that were left out one by one, and how well the others predict them. points: over all questions, by place
    of the cell; r2, mse: in the form's own scale; accuracy_r2: of the points."""

    points: dict[int, float]
    r2: float | None
    mse: float | None
    accuracy_r2: float | None


class AllocationFit(NamedTuple):
    """A fitted model of a table; see AllocationFitted for the figures."""

    table: AnswerTable
    design: Design
    fits: Fits
    resampled: Fits | None
    r2: float
    mse: float
    terms: tuple[FittedTerm, ...]
    tasks: tuple[TaskTerms, ...]
    held_out: HeldOutCells
    n_clipped: int
    cautions: tuple[str, ...]
    own_terms: tuple[OwnTerm, ...] = ()

    def predict(self, cells: Sequence[Allocation]) -> Array:
        """Points of the metric that cells would score over the questions of the table."""
        points: Array = over_tasks(predicted(self.fits, logs_of(cells), self.design)[1], self.design)[0]
        return points

    def estimate(self, cells: Sequence[Allocation]) -> Array:
        """What cells would score: the fit's points, and of cells of the table also what was measured there.

        The measurement weighs as much as the share of the fit's error that is not the measurement's own (empirical
        Bayes; Morris, Journal of the American Statistical Association 78, 1983)."""
        points, scores = self.predict(cells), self.table.scores
        # Cells have the same questions: how hard these are moves all cells alike, and is no error between them.
        own = (scores - scores.mean(1, keepdims=True)).var(0) / max(1, len(scores) - 1)
        errors = scores.mean(0) - self.predict(self.table.cells)
        n_terms = sum(term.value is not None and not term.name.startswith("b_") for term in self.terms)
        misfit = max(0.0, float((errors**2).sum() / max(1, len(errors) - n_terms) - own.mean()))
        places = {cell: place for place, cell in enumerate(self.table.cells)}
        for i, cell in enumerate(cells):
            if (place := places.get(cell)) is not None and misfit > 0:
                weight = misfit / (misfit + float(own[place]))
                points[i] += weight * (scores[:, place].mean() - points[i])
        return points


def logs_of(cells: Sequence[Allocation]) -> Array:
    """The shifted logarithms of cells, [C, 3]."""
    return paper_form.logs(np.array([(cell.k, cell.m, cell.n) for cell in cells], dtype=np.float64).reshape(-1, 3))


def fit(table: AnswerTable, form: AllocationForm) -> AllocationFit:
    """Fit a form. Raises InputError: a reference cell is missing, scores that are no numbers or all the same, too few
    cells for the coefficients."""
    _refuse_unfittable(table)
    design = _design(table, form)
    scores = _task_scores(table, np.ones((1, len(table.questions))))
    terms = distinct_terms(scores[0], design)
    chosen = tuple(term for term in TERMS if not terms[term])
    of_cells = [term for term in chosen if not term.startswith("b_")]
    if len(table.cells) <= len(of_cells):
        raise InputError(
            f"{len(table.cells)} combinations cannot determine {len(of_cells)} coefficients",
            "sweep more values of k, m or n",
        )
    weights = np.ones((1, len(table.cells)))
    fits = fitted(scores, weights, design, chosen)
    resampled = _resampled(table, design, chosen)
    targets, estimates = normalised(scores, fits.scaling, form), predicted(fits, design.logs, design)[0]
    varying = fits.scaling.varies[0]
    r2, mse = _r2(targets[0][varying], estimates[0][varying])
    n_clipped = int((paper_form.clipped(targets) != targets).sum()) if form == "paper" else 0
    return AllocationFit(
        table,
        design,
        fits,
        resampled,
        r2 or 0.0,
        mse or 0.0,
        tuple(_term(term, terms[term], fits, resampled) for term in TERMS if term != "b_iter"),
        _task_terms(table, fits),
        _held_out(table, scores, design, chosen),
        n_clipped,
        tuple(_cautions(table, fits, terms, n_clipped)),
        () if form == "paper" else (_own_term(terms["b_iter"], fits, resampled),),
    )


def predictions(fit: AllocationFit, contexts: ContextModel) -> tuple[PredictedCell, ...]:
    """Predict every measured cell and those around; intervals from ten questions on."""
    table = fit.table
    cells = neighbourhood(table.cells)
    points, estimates = fit.predict(cells), fit.estimate(cells)
    intervals = _intervals(fit, cells)
    measured = dict(zip(table.cells, table.scores.mean(0), strict=True))
    places = {cell: place for place, cell in enumerate(table.cells)}
    rows = []
    for cell, point, estimate, interval in zip(cells, points, estimates, intervals, strict=True):
        length = contexts.of(cell)
        rows.append(
            PredictedCell(
                cell,
                float(point),
                length.mean,
                length.longest,
                interval,
                float(measured[cell]) if cell in measured else None,
                fit.held_out.points.get(places.get(cell, -1)),
                length.measured,
                beyond(cell, table.cells),
                float(estimate),
            )
        )
    return tuple(rows)


def _refuse_unfittable(table: AnswerTable) -> None:
    missing = [cell for cell in REFERENCE if cell not in table.cells]
    if missing:
        k, m, n = missing[0].k, missing[0].m, missing[0].n
        reason = next((why for cell, why in table.unasked if cell == missing[0]), "it was not swept")
        raise InputError(f"nothing can be fitted without the cell k {k}, m {m}, n {n}: {reason}", "sweep it as well")
    if not np.isfinite(table.scores).all():
        raise InputError("a score of the sweep is no number", "delete its file and sweep again")
    means = table.scores.mean(0)
    if np.ptp(means) < 1e-12 and np.ptp(_task_scores(table, np.ones((1, len(table.questions)))), axis=2).max() < 1e-12:
        raise InputError(
            f"all {len(means)} combinations score {means[0]:.2f}: there is nothing to fit", "ask other questions"
        )


def _design(table: AnswerTable, form: AllocationForm) -> Design:
    names = table.task_names
    n = np.array([table.tasks.count(name) for name in names], dtype=np.float64)
    nothing, document, shot = (table.cells.index(cell) for cell in REFERENCE)
    iterating = max((cell for cell in table.cells if (cell.k, cell.m) == (1, 0) and cell.n > 1), default=None)
    # The paper has no such term, and fixes its b at 0.
    place = None if form == "paper" or iterating is None else table.cells.index(iterating)
    return Design(form, logs_of(table.cells), (nothing, document, shot), n, n / n.sum(), place)


def _task_scores(table: AnswerTable, weights: Array) -> Array:
    """The score of every resample, task and cell. weights: how often each question counts, [B, Q]."""
    members = np.array([[task == name for task in table.tasks] for name in table.task_names], dtype=np.float64)
    counted = members[None] * weights[:, None, :]
    sums: Array = counted @ table.scores
    scores: Array = sums / np.maximum(counted.sum(2), 1.0)[:, :, None]
    return scores


def _resampled(table: AnswerTable, design: Design, terms: tuple[Term, ...]) -> Fits | None:
    """Fits over questions drawn with replacement within each task; None below ten questions."""
    if len(table.questions) < FEWEST_FOR_INTERVAL:
        return None
    rng = np.random.default_rng(0)
    weights = np.zeros((_N_RESAMPLES, len(table.questions)))
    for name in table.task_names:
        places = [place for place, task in enumerate(table.tasks) if task == name]
        weights[:, places] = rng.multinomial(len(places), [1 / len(places)] * len(places), size=_N_RESAMPLES)
    return fitted(_task_scores(table, weights), np.ones((_N_RESAMPLES, len(table.cells))), design, terms)


def _held_out(table: AnswerTable, scores: Array, design: Design, terms: tuple[Term, ...]) -> HeldOutCells:
    """Leave out every cell but those that the information terms come from, one by one."""
    kept = (*design.reference, design.iterating)
    places = [place for place in range(len(table.cells)) if place not in kept]
    n_of_cells = sum(not term.startswith("b_") for term in terms)
    if len(places) < _FEWEST_HELD_OUT or len(table.cells) - 1 <= n_of_cells:
        return HeldOutCells({}, None, None, None)
    weights = np.ones((len(places), len(table.cells)))
    weights[range(len(places)), places] = 0.0
    tables = np.repeat(scores, len(places), axis=0)
    fits = fitted(tables, weights, design, terms)
    own, points = predicted(fits, design.logs, design)
    targets = normalised(tables, fits.scaling, design.form)
    rows = range(len(places))
    varying = fits.scaling.varies[rows]
    actual, estimate = targets[rows, :, places][varying], own[rows, :, places][varying]
    # The middle is that of the cells which were fitted: 0 in z-scores.
    middle = np.zeros_like(fits.scaling.mean) if design.form == "paper" else fits.scaling.mean
    r2, mse = _r2(actual, estimate, middle[rows][varying])
    overall = over_tasks(points, design)[rows, places]
    truth = over_tasks(scores, design)[0]
    means = over_tasks(fits.scaling.mean[:, :, None], design)[rows, 0]
    return HeldOutCells(
        dict(zip(places, map(float, overall), strict=True)), r2, mse, _r2(truth[places], overall, means)[0]
    )


def _r2(actual: Array, estimate: Array, middle: Array | None = None) -> tuple[float | None, float | None]:
    """Share of the variation around a middle (their mean, unless given) that estimates explain, and squared error."""
    error = float(((actual - estimate) ** 2).sum())
    around = float(((actual - (actual.mean() if middle is None else middle)) ** 2).sum()) if actual.size else 0.0
    return (1.0 - error / around if around > 0 else None), (error / actual.size if actual.size else None)


def _intervals(fit: AllocationFit, cells: Sequence[Allocation]) -> list[Interval | None]:
    """What as many questions would score: from resampled questions, with the error of a held-out cell added."""
    if fit.resampled is None:
        return [None] * len(cells)
    draws = over_tasks(predicted(fit.resampled, logs_of(cells), fit.design)[1], fit.design)
    truth = fit.table.scores.mean(0)
    errors = np.array([truth[place] - point for place, point in fit.held_out.points.items()])
    if not errors.size:
        errors = truth - fit.predict(fit.table.cells)
    drawn = np.random.default_rng(1).choice(errors, size=draws.shape)
    low, high = np.clip(np.percentile(draws + drawn, (2.5, 97.5), axis=0), 0.0, 1.0)
    return [Interval(float(a), float(b)) for a, b in zip(low, high, strict=True)]


def _term(term: Term, why_not: str, fits: Fits, resampled: Fits | None) -> FittedTerm:
    assert term != "b_iter"
    published = (*paper_form.GEMINI.a, *paper_form.GEMINI.b, paper_form.GEMINI.c)[TERMS.index(term)]
    if why_not:
        return FittedTerm(term, None, None, published, why_not)
    return FittedTerm(term, *_value(term, fits, resampled), published)


def _own_term(why_not: str, fits: Fits, resampled: Fits | None) -> OwnTerm:
    if why_not:
        return OwnTerm("b_iter", None, None, why_not)
    return OwnTerm("b_iter", *_value("b_iter", fits, resampled))


def _value(term: Term, fits: Fits, resampled: Fits | None) -> tuple[float, Interval | None]:
    """A coefficient with its interval over resampled questions."""
    place, ci = TERMS.index(term), None
    if resampled is not None:
        low, high = np.percentile(resampled.coefficients[:, place], (2.5, 97.5))
        ci = Interval(float(low), float(high))
    return float(fits.coefficients[0, place]), ci


def _task_terms(table: AnswerTable, fits: Fits) -> tuple[TaskTerms, ...]:
    scaling = fits.scaling
    return tuple(
        TaskTerms(
            name,
            table.tasks.count(name),
            float(scaling.i[0, place, 0]),
            float(scaling.i[0, place, 1]),
            float(scaling.mean[0, place]),
            float(scaling.sd[0, place]) if scaling.varies[0, place] else 0.0,
            float(scaling.i[0, place, 2]),
        )
        for place, name in enumerate(table.task_names)
    )


def _cautions(table: AnswerTable, fits: Fits, terms: dict[Term, str], n_clipped: int) -> list[str]:
    """What to know about a fit, a sentence each."""
    cautions = [f"left out k {c.k}, m {c.m}, n {c.n}: {why}" for c, why in table.unasked]
    if table.n_partial:
        n = table.n_partial
        cautions.append(f"{n} question{'s are' * (n > 1) or ' is'} left out, which not every combination has answered")
    constant = [name for name, varies in zip(table.task_names, fits.scaling.varies[0], strict=True) if not varies]
    cautions += [
        f"questions of kind {name} score alike in every cell and are predicted as they are" for name in constant
    ]
    cautions += dict.fromkeys(terms[term] for term in ("b_doc", "b_shot") if terms[term])
    if n_clipped:
        n_scores = len(table.cells) * len(table.task_names)
        cautions.append(f"{n_clipped} of {n_scores} scores lie beyond the paper's sigmoid and count as its ends")
    if len(table.questions) < FEWEST_FOR_INTERVAL:
        cautions.append(f"{len(table.questions)} questions are too few for intervals")
    return cautions
