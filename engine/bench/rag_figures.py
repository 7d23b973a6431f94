"""Computes the figures of `bench rag` from its turns: medians of times, and these divided."""

from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import NamedTuple

import msgspec

from engine import statistics
from engine.events.answers import CostPredicted, CostTerm, QuestionAnswered, System
from engine.rag.values import DraftBatch, Verification
from engine.statistics import Interval, UnitTime

SYSTEMS: tuple[System, ...] = ("speculative_rag", "drafter_alone", "standard_rag", "standard_rag_speculative")


class Turn(NamedTuple):
    """One question asked of every system."""

    answers: Mapping[System, QuestionAnswered]
    phases_ms: Mapping[str, float]
    rounds: Mapping[str, int]
    batch: DraftBatch
    verification: Verification
    costs: Sequence[CostPredicted]


class RagSystem(msgspec.Struct, frozen=True):
    """One system: medians over the repeats, in milliseconds after retrieval.

    latency_cut: 1 - its time / that of plain standard RAG; cut_to_speculated: the same against standard RAG speculated
    token by token. None for a system against itself, and where one of the two has no answer. Intervals from ten repeats
    on; ranges: the smallest and the largest repeat. tokens: read and written."""

    latency_ms: float
    latency_ci: Interval | None
    latency_cut: float | None
    latency_cut_ci: Interval | None
    cut_to_speculated: float | None
    cut_to_speculated_ci: Interval | None
    ttft_ms: float
    prefill_ms: float
    decode_ms: float
    target_tokens: int
    drafter_tokens: int
    latency_range: Interval | None = None
    latency_cut_range: Interval | None = None
    cut_to_speculated_range: Interval | None = None


class RagCost(msgspec.Struct, frozen=True):
    """What the cost formula predicts from the counts; over_measured: the two divided."""

    predicted_ms: float
    measured_ms: float
    over_measured: float
    over_measured_ci: Interval | None
    terms: tuple[CostTerm, ...]
    over_measured_range: Interval | None = None


class RagRow(msgspec.Struct, frozen=True):
    """Passages of one length. prompt_tokens: what standard RAG, all drafts and the verification read; rounds: forwards
    that wrote something; peak_bytes: None off a GPU. why_not: why the figures are missing, empty where they are not."""

    passage_tokens: int
    systems: dict[System, RagSystem] = {}
    phases_ms: dict[str, float] = {}
    prompt_tokens: dict[str, int] = {}
    rounds: dict[str, int] = {}
    costs: dict[System, RagCost] = {}
    peak_bytes: int | None = None
    why_not: str = ""


def row(passage_tokens: int, n_standard: int, turns: Sequence[Turn], peak_bytes: int | None) -> RagRow:
    """Compute the row of some turns."""
    last = turns[-1]
    return RagRow(
        passage_tokens,
        systems={name: _system(name, turns) for name in SYSTEMS},
        phases_ms={name: median(turn.phases_ms[name] for turn in turns) for name in last.phases_ms},
        prompt_tokens={
            "standard_rag": n_standard, "drafts": last.batch.n_read, "verification": last.verification.n_read,
        },
        rounds=dict(last.rounds),
        costs={cost.system: _cost([turn.costs[i] for turn in turns]) for i, cost in enumerate(last.costs)},
        peak_bytes=peak_bytes,
    )  # fmt: skip


def _system(name: System, turns: Sequence[Turn]) -> RagSystem:
    answers = [turn.answers[name] for turn in turns]
    latency = statistics.time_estimate([_latencies(name, turns)])
    cut, cut_ci, cut_range = _cut(name, "standard_rag", turns)
    to_speculated, to_speculated_ci, to_speculated_range = _cut(name, "standard_rag_speculative", turns)
    return RagSystem(
        latency_ms=latency.value,
        latency_ci=latency.ci,
        latency_range=latency.range,
        latency_cut=cut,
        latency_cut_ci=cut_ci,
        latency_cut_range=cut_range,
        cut_to_speculated=to_speculated,
        cut_to_speculated_ci=to_speculated_ci,
        cut_to_speculated_range=to_speculated_range,
        ttft_ms=_median(answers, lambda answer: answer.ttft_ms),
        prefill_ms=_median(answers, lambda answer: answer.prefill_ms),
        decode_ms=_median(answers, lambda answer: answer.decode_ms),
        target_tokens=round(_median(answers, lambda answer: answer.target_tokens)),
        drafter_tokens=round(_median(answers, lambda answer: answer.drafter_tokens)),
    )


def _latencies(name: System, turns: Sequence[Turn]) -> UnitTime:
    """The turns as repeats of one question."""
    return UnitTime(tuple(turn.answers[name].latency_ms for turn in turns), 1)


def _cut(name: System, other: System, turns: Sequence[Turn]) -> tuple[float | None, Interval | None, Interval | None]:
    """How much faster a system was than another, as a share, with interval and range; None for itself."""
    if name == other or any(turn.answers[each].answer is None for turn in turns for each in (name, other)):
        return None, None, None
    return statistics.share_saved(statistics.speedup([_latencies(other, turns)], [_latencies(name, turns)]))


def _median(answers: Sequence[QuestionAnswered], figure: Callable[[QuestionAnswered], float]) -> float:
    return float(median(map(figure, answers)))


def _cost(costs: Sequence[CostPredicted]) -> RagCost:
    predicted, measured = (
        UnitTime(ms, 1)
        for ms in (tuple(cost.predicted_ms for cost in costs), tuple(cost.measured_ms for cost in costs))
    )
    ratio = statistics.speedup([predicted], [measured])
    terms = [
        CostTerm(group[0].name, round(median(t.n_tokens for t in group)), median(t.ms_per_token for t in group))
        for group in zip(*(cost.terms for cost in costs), strict=True)
    ]
    return RagCost(
        predicted.typical_ms, measured.typical_ms, ratio.value, ratio.ci, tuple(terms), ratio.range,
    )  # fmt: skip


def table(rows: Sequence[RagRow]) -> Sequence[tuple[str, ...]]:
    """The rows as a short table, header first."""
    head = ("passage", "standard ms", "speculated ms", "speculative RAG ms", "cut", "interval or range",
            "to speculated", "predicted ms", "drafting ms", "verifying ms")  # fmt: skip
    return [head, *map(_line, rows)]


def _line(figures: RagRow) -> tuple[str, ...]:
    if figures.why_not:
        return (str(figures.passage_tokens), *["-"] * 8, figures.why_not)
    speculative = figures.systems["speculative_rag"]
    times = [f"{figures.systems[name].latency_ms:.1f}" for name in ("standard_rag", "standard_rag_speculative")]
    ci, phases = speculative.latency_cut_ci or speculative.latency_cut_range, figures.phases_ms
    return (
        str(figures.passage_tokens), *times, f"{speculative.latency_ms:.1f}", _percent(speculative.latency_cut),
        "-" if ci is None else f"{ci.low:.1%} to {ci.high:.1%}", _percent(speculative.cut_to_speculated),
        f"{figures.costs['speculative_rag'].predicted_ms:.1f}",
        f"{phases['drafting_prefill'] + phases['drafting_decode']:.1f}", f"{phases['verifying']:.1f}",
    )  # fmt: skip


def _percent(share: float | None) -> str:
    return "no answer" if share is None else f"{share:.1%}"
