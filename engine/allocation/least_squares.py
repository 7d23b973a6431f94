"""Fits the allocation model by least squares, many resampled tables at once, and predicts cells with it.

* imports neither Qt nor torch. Symbols: P [B, T, C] is the score of each resample, task and cell; theta = (k, m, n);
i = (i_doc, i_shot, 0), what the first document and the first demonstration bring to a task; in the logit form, which is
ours, its last part is what iterating brings with one document.
Source: arXiv:2410.04343, section 5: sigma^-1(P) = (a + b i)^T log(theta + .01) + c."""

from typing import Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.allocation import paper_form
from engine.events import AllocationForm

Array: TypeAlias = NDArray[np.float64]
Term: TypeAlias = Literal["a_doc", "a_shot", "a_iter", "b_doc", "b_shot", "b_iter", "c"]
TERMS: tuple[Term, ...] = ("a_doc", "a_shot", "a_iter", "b_doc", "b_shot", "b_iter", "c")
# The order in which terms are taken in; a later one that says nothing new is left out.
_TAKEN: tuple[Term, ...] = ("c", "a_doc", "a_iter", "a_shot", "b_doc", "b_shot", "b_iter")
# Below this share of its length a column is a sum of others.
_NEW = 1e-6
_LEAST_SPREAD = 1e-9


class Design(NamedTuple):
    """What does not change between resamples. logs: [C, 3]; reference: places of the cells (0,0,1), (1,0,1), (0,1,1);
    n_questions, shares: [T], of each task; iterating: place of the cell (1,0,n) with the most iterations, None where
    the form has no term for it."""

    form: AllocationForm
    logs: Array
    reference: tuple[int, int, int]
    n_questions: Array
    shares: Array
    iterating: int | None = None


class Scaling(NamedTuple):
    """The link's constants by resample and task: mean, sd, [B, T]; i: [B, T, 3]; varies: whether a task differs between
    cells at all."""

    mean: Array
    sd: Array
    i: Array
    varies: NDArray[np.bool_]


class Fits(NamedTuple):
    """Coefficients [B, 7] in the order of TERMS, 0 for terms that were left out. intercepts: c of each task, [B, T]:
    one for all in the paper's form, whose scores are z-scored; otherwise one each, and the coefficient their mean."""

    coefficients: Array
    intercepts: Array
    scaling: Scaling


def fitted(scores: Array, weights: Array, design: Design, terms: tuple[Term, ...]) -> Fits:
    """Fit every resample. scores: [B, T, C]; weights: [B, C], 0 for a cell that is held out."""
    scaling = scaled(scores, weights, design)
    rows, targets = _rows(design.logs, scaling.i), _link(scores, scaling, design)
    used = weights[:, None, :] * scaling.varies[:, :, None]
    slopes = [TERMS.index(term) for term in terms if term != "c"]
    row_means, target_means = _means(rows, used), _means(targets[..., None], used)[:, :, 0]
    if design.form == "paper":
        slopes.append(TERMS.index("c"))
        row_means, target_means = np.zeros_like(row_means), np.zeros_like(target_means)
    n, n_rows = len(scores), scores.shape[1] * scores.shape[2]
    mask = used.reshape(n, n_rows, 1)
    x = (rows - row_means[:, :, None, :])[..., slopes].reshape(n, n_rows, len(slopes)) * mask
    y = (targets - target_means[:, :, None]).reshape(n, n_rows, 1) * mask
    coefficients = np.zeros((n, len(TERMS)))
    coefficients[:, slopes] = (np.linalg.pinv(x) @ y)[:, :, 0]
    if design.form == "paper":
        return Fits(coefficients, np.repeat(coefficients[:, -1:], scores.shape[1], axis=1), scaling)
    intercepts = target_means - np.einsum("btp,bp->bt", row_means, coefficients)
    coefficients[:, -1] = intercepts @ design.shares
    return Fits(coefficients, intercepts, scaling)


def _means(values: Array, used: Array) -> Array:
    """Means over the cells that are used: values [B, T, C, P], used [B, T, C]; returns [B, T, P]."""
    sums: Array = (values * used[..., None]).sum(2)
    means: Array = sums / np.maximum(used.sum(2), 1.0)[..., None]
    return means


def scaled(scores: Array, weights: Array, design: Design) -> Scaling:
    """Mean, spread and information terms of every task."""
    total = np.maximum(weights.sum(1), 1.0)[:, None]
    mean = (scores * weights[:, None, :]).sum(2) / total
    sd = np.sqrt(((scores - mean[:, :, None]) ** 2 * weights[:, None, :]).sum(2) / total)
    varies = sd > _LEAST_SPREAD
    nothing, document, shot = design.reference
    gains = scores[:, :, [document, shot, document]] - scores[:, :, [nothing]]
    gains[:, :, 2] = 0 if design.iterating is None else scores[:, :, design.iterating] - scores[:, :, document]
    if design.form == "paper":
        # paper differs: it does not say in which scale i is taken; that of the z-scored P keeps it near 1.
        gains = gains / np.where(varies, sd, 1.0)[:, :, None]
    return Scaling(mean, np.where(varies, sd, 1.0), gains, varies)


def _rows(logs: Array, i: Array) -> Array:
    """The columns of all terms, [B, T, G, 7]."""
    shape = (*i.shape[:2], len(logs))
    doc, shot, iteration = (np.broadcast_to(logs[:, place], shape) for place in range(3))
    informed = (i[:, :, :1] * doc, i[:, :, 1:2] * shot, i[:, :, 2:] * iteration)
    return np.stack((doc, shot, iteration, *informed, np.ones(shape)), axis=-1)


def _link(scores: Array, scaling: Scaling, design: Design) -> Array:
    """The scores on the scale that is linear in the terms."""
    if design.form == "paper":
        return paper_form.inverse((scores - scaling.mean[:, :, None]) / scaling.sd[:, :, None])
    n = design.n_questions[None, :, None]
    return np.log((scores * n + 0.5) / (n - scores * n + 0.5))


def normalised(scores: Array, scaling: Scaling, form: AllocationForm) -> Array:
    """Scores [B, T, C] on the scale in which R² is stated: z-scores for the paper's form, otherwise as they are."""
    if form == "paper":
        return (scores - scaling.mean[:, :, None]) / scaling.sd[:, :, None]
    return scores


def predicted(fits: Fits, logs: Array, design: Design) -> tuple[Array, Array]:
    """Predict cells of logarithms [G, 3]: normalised scores and points of the metric, both [B, T, G]."""
    scaling = fits.scaling
    slopes = fits.coefficients[:, :-1]
    linear = np.einsum("btgp,bp->btg", _rows(logs, scaling.i)[..., :-1], slopes) + fits.intercepts[:, :, None]
    if design.form == "paper":
        z = np.where(scaling.varies[:, :, None], paper_form.sigma(linear), 0.0)
        return z, np.clip(scaling.mean[:, :, None] + scaling.sd[:, :, None] * z, 0.0, 1.0)
    n = design.n_questions[None, :, None]
    shares = np.clip(((n + 1) * np.exp(-np.logaddexp(0.0, -linear)) - 0.5) / n, 0.0, 1.0)
    points = np.where(scaling.varies[:, :, None], shares, scaling.mean[:, :, None])
    return points, points


def over_tasks(points: Array, design: Design) -> Array:
    """Points of the metric over all questions, [B, G]."""
    overall: Array = np.einsum("btg,t->bg", points, design.shares)
    return overall


def distinct_terms(scores: Array, design: Design) -> dict[Term, str]:
    """Which terms can be told apart with one table [T, C]: empty for those, for the others why they cannot."""
    weights = np.ones((1, scores.shape[1]))
    scaling = scaled(scores[None], weights, design)
    rows = _rows(design.logs, scaling.i)[0][scaling.varies[0]].reshape(-1, len(TERMS))
    basis: list[Array] = []
    reasons: dict[Term, str] = {}
    for term in _TAKEN:
        column = rows[:, TERMS.index(term)].copy()
        length = float(np.linalg.norm(column))
        for direction in basis:
            column -= (direction @ column) * direction
        rest = float(np.linalg.norm(column))
        is_new = rest > _NEW * max(length, _LEAST_SPREAD)
        is_alone = term.startswith("b_") and int(scaling.varies.sum()) == 1
        reasons[term] = "" if is_new else _ONE_KIND if is_alone else _WHY_NOT[term]
        if is_new:
            basis.append(column / rest)
    return {term: reasons[term] for term in TERMS}


_WHY_NOT: dict[Term, str] = {
    "c": "no task differs between the cells",
    "a_doc": "all cells have the same number of documents",
    "a_shot": "all cells have the same number of demonstrations",
    "a_iter": "all cells have the same number of iterations",
    "b_doc": "all tasks gain alike from a document, so that b cannot be told from a",
    "b_shot": "all tasks gain alike from a demonstration, so that b cannot be told from a",
    "b_iter": "all tasks gain alike from iterating, so that b cannot be told from a",
}
_ONE_KIND = "one kind of questions alone cannot tell b from a"
