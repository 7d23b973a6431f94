"""What `bench rag` found, from the turns it took to medians of paired ratios; measures nothing."""

from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import NamedTuple

import msgspec

from engine import speed_model
from engine.events.answers import CostPredicted, CostTerm, QuestionAnswered, System
from engine.rag.values import DraftBatch, Verification
from engine.speed_model import Interval

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

    latency_cut: median of 1 - its time / that of plain standard RAG in the same repeat; cut_to_speculated: the same
    against standard RAG speculated token by token. None of a system against itself. tokens: read and written."""

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


class RagCost(msgspec.Struct, frozen=True):
    """What the cost formula makes of the counts; over_measured: median of predicted / measured in the same repeat."""

    predicted_ms: float
    measured_ms: float
    over_measured: float
    over_measured_ci: Interval | None
    terms: tuple[CostTerm, ...]


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
    """The row of some turns."""
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
    told = [turn.answers[name] for turn in turns]
    latencies = [one.latency_ms for one in told]
    plain, speculated = (_cuts(name, other, turns) for other in ("standard_rag", "standard_rag_speculative"))
    return RagSystem(
        latency_ms=median(latencies),
        latency_ci=speed_model.median_interval(latencies),
        latency_cut=median(plain) if plain else None,
        latency_cut_ci=speed_model.median_interval(plain),
        cut_to_speculated=median(speculated) if speculated else None,
        cut_to_speculated_ci=speed_model.median_interval(speculated),
        ttft_ms=_median(told, lambda one: one.ttft_ms),
        prefill_ms=_median(told, lambda one: one.prefill_ms),
        decode_ms=_median(told, lambda one: one.decode_ms),
        target_tokens=round(_median(told, lambda one: one.target_tokens)),
        drafter_tokens=round(_median(told, lambda one: one.drafter_tokens)),
    )


def _cuts(name: System, other: System, turns: Sequence[Turn]) -> list[float]:
    """By how much a system was faster than another in each turn; empty for itself."""
    if name == other:
        return []
    return [1 - turn.answers[name].latency_ms / turn.answers[other].latency_ms for turn in turns]


def _median(told: Sequence[QuestionAnswered], figure: Callable[[QuestionAnswered], float]) -> float:
    return float(median(map(figure, told)))


def _cost(costs: Sequence[CostPredicted]) -> RagCost:
    ratios = [one.predicted_ms / one.measured_ms for one in costs]
    terms = [
        CostTerm(same[0].name, round(median(t.n_tokens for t in same)), median(t.ms_per_token for t in same))
        for same in zip(*(one.terms for one in costs), strict=True)
    ]
    return RagCost(
        median(one.predicted_ms for one in costs), median(one.measured_ms for one in costs), median(ratios),
        speed_model.median_interval(ratios), tuple(terms),
    )  # fmt: skip


def table(rows: Sequence[RagRow]) -> Sequence[tuple[str, ...]]:
    """The rows as a short table, its head first."""
    head = ("passage", "standard ms", "speculated ms", "speculative RAG ms", "cut", "95 %", "to speculated",
            "predicted ms", "drafting ms", "verifying ms")  # fmt: skip
    return [head, *map(_line, rows)]


def _line(found: RagRow) -> tuple[str, ...]:
    if found.why_not:
        return (str(found.passage_tokens), *["-"] * 8, found.why_not)
    ours = found.systems["speculative_rag"]
    times = [f"{found.systems[name].latency_ms:.1f}" for name in ("standard_rag", "standard_rag_speculative")]
    ci, phases = ours.latency_cut_ci, found.phases_ms
    return (
        str(found.passage_tokens), *times, f"{ours.latency_ms:.1f}", f"{ours.latency_cut:.1%}",
        "-" if ci is None else f"{ci.low:.1%} to {ci.high:.1%}", f"{ours.cut_to_speculated:.1%}",
        f"{found.costs['speculative_rag'].predicted_ms:.1f}",
        f"{phases['drafting_prefill'] + phases['drafting_decode']:.1f}", f"{phases['verifying']:.1f}",
    )  # fmt: skip
