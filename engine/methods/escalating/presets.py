"""The popular article's presets and complexity classes, taken as requests that a budget of tokens bounds.

* imports neither Qt nor torch.

The article labels its presets with context sizes that neither its own formula nor the paper's structure gives for the
two larger ones, so that both numbers are stated beside the label. The keyword rule is the article's too, and is a toy:
`iterating_gain` measures the same on a sweep."""

from collections.abc import Callable
from typing import NamedTuple

from msgspec.structs import replace

from engine.errors import InputError
from engine.events import Allocation, AllocationRouted, PredictedCell, PresetName
from engine.events.allocation import Complexity, Route

PRESET_NAMES: tuple[PresetName, ...] = ("small", "medium", "large")
_LABELS: dict[PresetName, str] = {"small": "~32k", "medium": "~128k", "large": "~1M"}
PRESETS: dict[PresetName, Allocation] = {
    "small": Allocation(10, 4, 1),
    "medium": Allocation(50, 16, 2),
    "large": Allocation(200, 64, 4),
}
# Fewer documents are worth more than further iterations.
_FEW_DOCUMENTS = 5
# Tokens of a prompt around its documents: the task, labels and numbers, generously.
_AROUND_DOCUMENT, _AROUND_QUESTION = 12, 96
_KEYWORDS = ("compared to", "difference between", "after", "then")
# The article's tokens of a document, of a demonstration and of a question.
_DOCUMENT, _DEMONSTRATION, _QUESTION = 512, 256, 64
# Of each class: documents at most, tokens of the budget a document, demonstrations, iterations.
_CLASSES: dict[Complexity, tuple[int, int, int, int]] = {
    "simple": (20, 600, 4, 1),
    "moderate": (50, 1200, 16, 2),
    "complex": (100, 2400, 32, 4),
}


class RouteRequest(NamedTuple):
    """What is asked for, by whom and why, in a sentence."""

    route: Route
    allocation: Allocation
    why: str
    preset: PresetName | None = None
    complexity: Complexity | None = None


def article_tokens(cell: Allocation) -> int:
    """n (512 k + 256 m + 64): the article's formula, in which demonstrations have no documents."""
    return cell.n * (_DOCUMENT * cell.k + _DEMONSTRATION * cell.m + _QUESTION)


def structure_tokens(cell: Allocation) -> int:
    """n (m + 1) (512 k + 64): the paper's structure, in which each demonstration has k documents of its own."""
    return cell.n * (cell.m + 1) * (_DOCUMENT * cell.k + _QUESTION)


def of_preset(name: PresetName) -> RouteRequest:
    """The request of a preset."""
    return RouteRequest("preset", PRESETS[name], f"the preset {name}", preset=name)


def complexity_of(question: str) -> tuple[Complexity, int]:
    """The article's class of a question, and how many of its keywords are in it. A toy: word order is all it sees."""
    plain = f" {' '.join(question.casefold().split())} "
    n_hits = sum(f" {keyword} " in plain for keyword in _KEYWORDS)
    return ("simple" if n_hits == 0 else "moderate" if n_hits == 1 else "complex"), n_hits


def of_keywords(question: str, budget: int) -> RouteRequest:
    """The request of a question's class. Its numbers ignore what demonstrations take: they are checked again."""
    complexity, n_hits = complexity_of(question)
    most, per_document, m, n = _CLASSES[complexity]
    why = f"{n_hits} of the keywords {', '.join(_KEYWORDS)}: {complexity} (the popular article's toy rule)"
    return RouteRequest("keywords", Allocation(min(most, budget // per_document), m, n), why, complexity=complexity)


def of_fit(chosen: PredictedCell) -> RouteRequest:
    """The request of a fitted model."""
    why = f"the fit predicts {chosen.predicted:.2f} for up to {chosen.max_context:,.0f} tokens"
    return RouteRequest("fit", chosen.allocation, why)


def of_gain(chosen: PredictedCell, gain: float) -> RouteRequest:
    """The request of a fitted model, among cells that iterate only if that is expected to bring something."""
    why = f"iterating is expected to bring {gain:+.2f}, the fit predicts {chosen.predicted:.2f}"
    return RouteRequest("gain", chosen.allocation, why)


def within_budget(request: RouteRequest, budget: int, bound: Callable[[Allocation], float]) -> AllocationRouted:
    """Reduce a request until it certainly fits: demonstrations first, then documents down to five, then iterations,
    then the last documents; documents that fit again after that are put back.

    bound: the most tokens that a question may take with an allocation. Raises InputError if not even the question
    without documents fits."""
    if budget < 1:
        raise InputError(f"budget = {budget}: must be >= 1", "write for instance --budget 4000")
    allocated = request.allocation
    while bound(allocated) > budget:
        if allocated == Allocation(0, 0, 1):
            raise InputError(
                f"budget = {budget:,}: the question without documents takes up to {bound(allocated):,.0f} tokens",
                "use a larger budget",
            )
        allocated = _smaller(allocated)
    while allocated.k < request.allocation.k and bound(more := replace(allocated, k=allocated.k + 1)) <= budget:
        allocated = more
    return AllocationRouted(
        request.route,
        request.allocation,
        allocated,
        budget,
        article_tokens(request.allocation),
        structure_tokens(request.allocation),
        int(bound(allocated)),
        request.why if allocated == request.allocation else f"{request.why}, reduced to the budget",
        _LABELS[request.preset] if request.preset is not None else "",
        request.preset,
        request.complexity,
    )


def _smaller(cell: Allocation) -> Allocation:
    """The next smaller allocation."""
    if cell.m:
        return Allocation(cell.k, cell.m // 2, cell.n)
    if cell.n > 1 and cell.k <= _FEW_DOCUMENTS:
        return Allocation(cell.k, 0, cell.n - 1)
    return Allocation(cell.k - max(1, cell.k // 10), 0, cell.n)


def structural_bound(per_document: int, per_question: int, per_step: int) -> Callable[[Allocation], float]:
    """The most tokens a question may take, by what its prompts hold: the bound where no sweep has measured any.

    per_document, per_question: tokens at most; per_step: of an iteration's follow-up question and its answer.
    Every iteration takes two calls, and one more writes the final answer; each retrieves k further documents."""

    def bound(cell: Allocation) -> float:
        """The most tokens over all calls of a question with this allocation."""
        shown = cell.m * (cell.k * per_document + per_question + (cell.n > 1) * cell.n * per_step)
        own = cell.k * per_document + per_question
        if cell.n == 1:
            return float(shown + own)
        total = 0
        for iteration in range(cell.n + 1):
            context = shown + own + iteration * (cell.k * per_document + per_step)
            total += context if iteration == cell.n else 2 * context + cell.k * per_document + per_step
        return float(total)

    return bound


def bound_over_index(chunk_tokens: int, question_tokens: int, max_new_tokens: int) -> Callable[[Allocation], float]:
    """The structural bound over an index. chunk_tokens: of a document at most; max_new_tokens: of a written line at
    most."""
    per_step = 2 * (max_new_tokens + _AROUND_DOCUMENT)
    return structural_bound(chunk_tokens + _AROUND_DOCUMENT, question_tokens + _AROUND_QUESTION, per_step)
