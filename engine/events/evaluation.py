"""The figures of evaluating ways to answer; others import the event from `engine.events`.

* imports neither Qt nor torch. Intervals are 95 %, over questions, from ten on; ranges are their extremes."""

from engine.events.answers import System
from engine.events.base import Event, Struct
from engine.statistics import Interval


class FilledBin(Struct, frozen=True):
    """Verdicts of similar confidence: their mean confidence, the share that was right, and how many."""

    confidence: float
    accuracy: float
    n: int


class Weighted(Struct, frozen=True):
    """Learned weights of the three log-scores. accuracy, product_accuracy: with them and with the paper's product, over
    the n held-out questions; difference: of the two, question by question."""

    draft: float
    self_contain: float
    self_reflect: float
    n: int
    accuracy: float
    product_accuracy: float
    difference: float
    difference_ci: Interval | None


class HeldOut(Struct, frozen=True):
    """n: verdicts that the temperature was fitted on; n_held_out: the others, which give errors and bins."""

    temperature: float
    n: int
    n_held_out: int
    ece_before: float
    ece_after: float
    bins_before: tuple[FilledBin, ...]
    bins_after: tuple[FilledBin, ...]
    weights: Weighted | None


class SystemFigures(Struct, frozen=True):
    """One system over all questions. accuracy, exact, f1: over those whose answer is known, None without any.
    accuracy_difference: to standard RAG, by question; latency_ms: median question,
    without retrieval; latency_cut: 1 - its time / standard RAG's, of questions that both answered, None without any;
    n_no_answer: questions that it left without an answer; tokens: per question. exact: share of answers that are a
    known one word for word; f1: mean over the words of answers; effective_context: tokens that the target read over all
    calls for a question, cached_tokens: those of them not computed again, retrieving_ms: of all retrievals for it,
    n_iterations: follow-up questions; means."""

    accuracy: float | None
    accuracy_ci: Interval | None
    accuracy_difference: float | None
    accuracy_difference_ci: Interval | None
    latency_ms: float
    latency_ci: Interval | None
    latency_cut: float | None
    latency_cut_ci: Interval | None
    ttft_ms: float
    prefill_ms: float
    decode_ms: float
    target_tokens: float
    drafter_tokens: float
    latency_cut_range: Interval | None = None
    n_no_answer: int = 0
    exact: float | None = 0.0
    exact_ci: Interval | None = None
    f1: float | None = 0.0
    effective_context: float = 0.0
    output_tokens: float = 0.0
    retrieving_ms: float = 0.0
    n_iterations: float = 0.0
    cached_tokens: float = 0.0


class Evidence(Struct, frozen=True):
    """Where answers can fail: shares of questions whose passages have the evidence, of questions where one draft's
    passages have it, and of questions where at least one draft is right; right_with, right_without: shares of right
    drafts among those with and without the evidence; None if it cannot be told."""

    found: float | None
    covered: float | None
    draft_right: float | None
    right_with: float | None
    right_without: float | None


class KindFigures(Struct, frozen=True):
    """The questions of one kind. faults: of Speculative RAG's wrong answers; standard_faults: of standard RAG's;
    n_scored: questions whose answer is known, None in older logs."""

    n: int
    systems: dict[System, SystemFigures]
    evidence: Evidence
    faults: dict[str, int]
    standard_faults: dict[str, int]
    n_scored: int | None = None


class CellFigures(Struct, frozen=True):
    """One ablation. difference: of its accuracy to that of the evaluation's own settings, by question."""

    setting: str
    accuracy: float
    accuracy_ci: Interval | None
    difference: float
    difference_ci: Interval | None


class Figures(Struct, frozen=True):
    """The summary of an evaluation; n_answered: questions that were answered, of n_questions; n_scored: those of them
    whose right answer is known, None in older logs."""

    dataset: str
    n_questions: int
    n_answered: int
    failed: dict[str, str]
    systems: dict[System, SystemFigures]
    evidence: Evidence | None
    faults: dict[str, int]
    standard_faults: dict[str, int]
    kinds: dict[str, KindFigures]
    ablation: tuple[CellFigures, ...]
    calibration: HeldOut | None
    phases_ms: dict[str, float]
    n_scored: int | None = None


class EvaluationMeasured(Event, frozen=True):
    """The figures of an evaluation so far; file: where every answer is kept. complete: no more figures follow; until
    then kinds and the ablation have few intervals."""

    file: str
    figures: Figures
    complete: bool = True
