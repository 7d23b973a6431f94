"""Events of sweeping, fitting and choosing how much a question may read: documents, demonstrations and iterations.

* imports neither Qt nor torch. Others import them from `engine.events`. Source: arXiv:2410.04343, sections 3.1 and 5:
theta = (k, m, n), and the effective context length is the number of input tokens of all calls for one question.
Intervals are 95 %, over questions, from ten on."""

from typing import Literal, TypeAlias

from engine.events.base import Event, Struct
from engine.statistics import Interval

AnswerMetric: TypeAlias = Literal["accuracy", "exact_match", "f1"]
AllocationForm: TypeAlias = Literal["paper", "logit"]
# How good an answer looks without the right one; probability: the model's own, which costs no further token.
QualityScore: TypeAlias = Literal["none", "probability", "self_consistency", "self_reflect"]
PresetName: TypeAlias = Literal["small", "medium", "large"]
Complexity: TypeAlias = Literal["simple", "moderate", "complex"]
Route: TypeAlias = Literal["preset", "keywords", "fit", "gain", "escalation"]


# The iterations of the popular article's preset large.
_LARGE_N = 4


class Allocation(Struct, frozen=True, order=True):
    """k documents a query, m demonstrations with k documents each, n iterations at most; n = 1 is DRAG."""

    k: int
    m: int
    n: int


class MeasuredCell(Struct, frozen=True):
    """What one allocation reached over n_questions. mean_context, max_context: effective context length, exact.

    docs, demos, iterations: what was really used, a question on average; n_demos_dropped: questions for which fewer
    than m demonstrations fitted into the context. latency_ms: mean, retrieval excluded. n_unanswered: questions that
    could not be asked; why_not: the reason of the first of them. p99_ms: what 99 % of the questions took at most, below
    100 questions the slowest."""

    allocation: Allocation
    n_questions: int
    accuracy: float
    exact_match: float
    f1: float
    mean_context: float
    max_context: int
    accuracy_ci: Interval | None = None
    output_tokens: float = 0.0
    docs: float = 0.0
    demos: float = 0.0
    iterations: float = 0.0
    latency_ms: float = 0.0
    n_demos_dropped: int = 0
    n_unanswered: int = 0
    why_not: str = ""
    p99_ms: float = 0.0

    @property
    def alarm_ms(self) -> float:
        """The time that 99 % of questions should stay below: the popular article's 10 s, 30 s for many iterations."""
        return 30_000.0 if self.allocation.n >= _LARGE_N else 10_000.0

    @property
    def is_slow(self) -> bool:
        """Whether that is exceeded."""
        return self.p99_ms > self.alarm_ms

    def score(self, metric: AnswerMetric) -> float:
        """The figure of a metric."""
        return {"accuracy": self.accuracy, "exact_match": self.exact_match, "f1": self.f1}[metric]


class SweepStarted(Event, frozen=True):
    """A sweep begins or continues. file: where each answer is kept; n_kept: answers that are in it already, of
    n_questions for each cell. why_new: why an earlier sweep of these questions was not continued, empty if there is
    none. minutes: the budget of time, None without one."""

    file: str
    dataset: str
    target: str
    cells: tuple[Allocation, ...]
    n_questions: int
    n_kept: int = 0
    minutes: float | None = None
    why_new: str = ""


class SweepEstimated(Event, frozen=True):
    """What the rest of a sweep will take, from the first n_measured questions. fits: within the budget of time, None
    without one; n_reachable: questions that will be asked within it."""

    n_measured: int
    n_left: int
    input_tokens: float
    output_tokens: float
    seconds: float
    fits: bool | None = None
    n_reachable: int = 0


class CellAnswered(Event, frozen=True):
    """One question answered with one allocation. answer: None without one; why: the reason then. kind: of the question;
    quality: the score that was asked for, from 0 to 1; docs, demos, iterations: what was used. reused: the answer to
    the same prompt is known from another cell."""

    question_id: str
    kind: str
    allocation: Allocation
    answer: str | None
    right: bool
    exact_match: bool
    f1: float
    input_tokens: int
    output_tokens: int
    calls: int
    docs: int
    demos: int
    iterations: int
    latency_ms: float
    quality: float | None = None
    quality_tokens: int = 0
    reused: bool = False
    why: str = ""
    question: str = ""


class SweepMeasured(Event, frozen=True):
    """The cells of a sweep so far. complete: no more will come; stopped_by: what ended it before all questions were
    asked, empty if all were. efficiency: points of accuracy per 1,000 tokens over the cell without documents,
    demonstrations and iterations, by place of the cell; None for that cell."""

    file: str
    cells: tuple[MeasuredCell, ...]
    n_questions: int
    n_answered: int
    efficiency: tuple[float | None, ...] = ()
    stopped_by: Literal["", "time", "user"] = ""
    complete: bool = True


class FittedTerm(Struct, frozen=True):
    """A coefficient of a fit. value: None where it cannot be told from others; why_not: why. paper: what the paper
    found for its model, for comparison alone."""

    name: Literal["a_doc", "a_shot", "a_iter", "b_doc", "b_shot", "c"]
    value: float | None
    ci: Interval | None
    paper: float
    why_not: str = ""


class OwnTerm(Struct, frozen=True):
    """A coefficient that the paper's form does not have: of what iterating brings to a task with one document."""

    name: Literal["b_iter"]
    value: float | None
    ci: Interval | None
    why_not: str = ""


class TaskTerms(Struct, frozen=True):
    """A task (a kind of question) with what one document and one demonstration bring to it, in points of the metric or
    in the paper's form in z-scores; i_iter: what iterating brings with one document, 0 in that form.

    mean, sd: of the metric over the cells, by which it is z-scored."""

    name: str
    n_questions: int
    i_doc: float
    i_shot: float
    mean: float
    sd: float
    i_iter: float = 0.0


class PredictedCell(Struct, frozen=True):
    """What the fit predicts for an allocation, over the questions of the sweep. ci: what as many questions would score
    in 95 % of cases, from resampled questions and from held-out cells. held_out: predicted without this cell.

    measured: what was measured, None if it was not. context_is_measured: else the lengths are modelled. extrapolates:
    in what it lies beyond the cells that were measured, empty if in nothing. estimate: what is chosen by: the fit and
    the measurement, each weighing the more the smaller its error; None in older logs."""

    allocation: Allocation
    predicted: float
    mean_context: float
    max_context: float
    ci: Interval | None = None
    measured: float | None = None
    held_out: float | None = None
    context_is_measured: bool = False
    extrapolates: str = ""
    estimate: float | None = None

    @property
    def best_guess(self) -> float:
        """The estimate, or what is predicted where there is none."""
        return self.predicted if self.estimate is None else self.estimate


class JudgedQuestion(Struct, frozen=True):
    """What a question got at each step of a ladder: whether its answer is right, the tokens read for it (judging it
    included) and written, and its quality score, 0 where it has none."""

    right: tuple[bool, ...]
    tokens: tuple[int, ...]
    written: tuple[int, ...]
    quality: tuple[float, ...]


class EscalationLadder(Struct, frozen=True):
    """The questions that every step of a ladder, small to large, has answered, judged by one score."""

    score: QualityScore
    steps: tuple[Allocation, ...]
    questions: tuple[JudgedQuestion, ...]


class AllocationFitted(Event, frozen=True):
    """A fitted allocation model. r2, mse: in the form's own scale, for `paper` z-scored scores, otherwise points of the
    metric; held_out_r2, held_out_mse: of cells that were left out, one by one, None where there are too few.

    accuracy_r2: held out, of the cells over all questions, comparable between forms. predictions: measured cells first,
    then others of the grid. cautions: what to know about the fit, a sentence each. fingerprints: of the models, by
    role; documents: of the corpus. own_terms: that the paper does not have. why_stale: why it is not of what is loaded
    now, empty if it is. escalation: its answers as a ladder from its cheapest to its dearest cell over documents, None
    where it cannot tell; why_no_escalation: why."""

    file: str
    form: AllocationForm
    metric: AnswerMetric
    n_questions: int
    n_cells: int
    r2: float
    mse: float
    terms: tuple[FittedTerm, ...]
    tasks: tuple[TaskTerms, ...]
    predictions: tuple[PredictedCell, ...]
    held_out_r2: float | None = None
    held_out_mse: float | None = None
    accuracy_r2: float | None = None
    n_clipped: int = 0
    cautions: tuple[str, ...] = ()
    fingerprints: tuple[tuple[str, str], ...] = ()
    documents: str = ""
    why_stale: str = ""
    own_terms: tuple[OwnTerm, ...] = ()
    escalation: EscalationLadder | None = None
    why_no_escalation: str = ""


class AllocationRouted(Event, frozen=True):
    """How much a question gets, and why. requested: what a preset, a class or the fit asks for; allocated: what fits
    into the budget, which is a hard limit of the effective context. article_tokens, structure_tokens: what the request
    takes by the popular article's formula and by the paper's structure; label: what the article calls it.

    bound_tokens: what the allocation may take at most. why: in a sentence."""

    route: Route
    requested: Allocation
    allocated: Allocation
    budget: int
    article_tokens: int
    structure_tokens: int
    bound_tokens: int
    why: str
    label: str = ""
    preset: PresetName | None = None
    complexity: Complexity | None = None


class QualityJudged(Event, frozen=True):
    """How good an answer looks, and whether the question goes on to the next preset. tokens: that judging took."""

    preset: PresetName
    score: QualityScore
    value: float
    threshold: float
    escalates: bool
    tokens: int = 0


class QueryPriced(Event, frozen=True):
    """What one question took. budget_utilization: effective context over budget, None without a budget; cost: at the
    prices that were entered, None without any; docs_k, demos_m: allocated."""

    effective_context: int
    output_tokens: int
    iterations: int
    docs_k: int
    demos_m: int
    budget_utilization: float | None = None
    cost: float | None = None
