"""The tables of a single run, of a training and of a measured pair.

* imports neither Qt nor torch."""

from collections.abc import Mapping, Sequence
from functools import reduce

from engine.events import (
    DrafterMeasured,
    Event,
    Measured,
    RoundFinished,
    ScalingMeasured,
)
from engine.events.scaling import PLAIN, SPECULATIVE, BatchMeasured, ContextPoint, GammaPoint
from engine.reports.cells import (
    Cell,
    ReportColumn,
    ReportTable,
    interval_cells,
    interval_columns,
    ratio_cells,
    ratio_columns,
)
from engine.runs.summary import Summary, fold
from engine.statistics import Interval, RatioEstimate

_FIGURES = (
    ReportColumn("alpha", "acceptance rate α", "share"), *interval_columns("alpha"),
    ReportColumn("tau", "tokens per round τ"), ReportColumn("efficiency", "draft efficiency", "share"),
    ReportColumn("c", "draft step, in plain steps (c)"), ReportColumn("ms_per_token", "ms per token", "ms"),
    ReportColumn("plain_ms_per_token", "plain, ms per token", "ms"), *ratio_columns("speedup", "speedup"),
    ReportColumn("predicted_speedup", "predicted", "factor"), ReportColumn("prefill_ms", "prefill, ms", "ms"),
    ReportColumn("ttft_ms", "time to first token, ms", "ms"),
    ReportColumn("tpot_ms", "time per further token, ms", "ms"), ReportColumn("n_rounds", "rounds", "count"),
    ReportColumn("n_tokens", "new tokens", "count"), ReportColumn("same_text", "same text as plain", "yes"),
)  # fmt: skip
_POSITIONS = (
    ReportColumn("position", "position in the draft", "count"), ReportColumn("accepted", "accepted", "count"),
    ReportColumn("tested", "tested", "count"), ReportColumn("share", "accepted of tested", "share"),
)  # fmt: skip
_ROUNDS = (
    ReportColumn("round", "round", "count"), ReportColumn("proposed", "proposed", "count"),
    ReportColumn("accepted", "accepted", "count"), ReportColumn("emitted", "tokens", "count"),
    ReportColumn("draft_ms", "drafting, ms", "ms"), ReportColumn("verify_ms", "verifying, ms", "ms"),
    ReportColumn("other_ms", "other, ms", "ms"), ReportColumn("text", "text", "text"),
)  # fmt: skip
_SERIES = ReportColumn("name", "series", "text"), ReportColumn("step", "step", "count"), ReportColumn("value", "value")
_DRAFTER = (
    ReportColumn("when", "when", "text"), ReportColumn("alpha", "agreement α", "share"), *interval_columns("alpha"),
    ReportColumn("alpha_overlap", "overlap at temperature 1", "share"),
    ReportColumn("gamma", "draft length γ", "count"),
    ReportColumn("c", "draft step, in plain steps (c)"), ReportColumn("predicted_speedup", "predicted", "factor"),
    *ratio_columns("speedup", "speedup"),
)  # fmt: skip
_CONTEXTS = (
    ReportColumn("context", "prompt, tokens", "count"), *ratio_columns("plain_ms", "plain, ms per token", "ms"),
    *ratio_columns("speculative_ms", "speculative, ms per token", "ms"), *ratio_columns("speedup", "speedup"),
    ReportColumn("alpha", "acceptance rate α", "share"), *interval_columns("alpha"),
    ReportColumn("tau", "tokens per round τ"), *ratio_columns("plain_ratio", "transformers' plain time over ours"),
)  # fmt: skip
_GAMMAS = (
    ReportColumn("gamma", "draft length γ", "count"), *ratio_columns("ms_per_token", "ms per token", "ms"),
    *ratio_columns("speedup", "speedup"), ReportColumn("predicted_speedup", "predicted", "factor"),
    ReportColumn("alpha", "acceptance rate α", "share"), *interval_columns("alpha"),
    ReportColumn("tau", "tokens per round τ"), ReportColumn("c", "draft step, in plain steps (c)"),
    ReportColumn("verify_ratio", "verifying, in plain steps"),
)  # fmt: skip
_BATCHES = (
    ReportColumn("batch", "sequences together", "count"), ReportColumn("plain_tokens_per_s", "plain, tokens/s"),
    ReportColumn("tokens_per_s", "speculative, tokens/s"), *ratio_columns("speedup", "speedup"),
    ReportColumn("alpha", "acceptance rate α", "share"), *interval_columns("alpha"),
    ReportColumn("tau", "tokens per round τ"), ReportColumn("same_tokens", "same tokens as alone", "yes"),
)  # fmt: skip


def summary_of(events: Sequence[Event]) -> Summary:
    """The counters and rates of a whole run."""
    return reduce(fold, events, Summary())


def of_run(events: Sequence[Event]) -> Mapping[str, ReportTable]:
    """The tables of a run."""
    summary = summary_of(events)
    rounds = [event for event in events if isinstance(event, RoundFinished)]
    positions = tuple(
        (i + 1, at.n_accepted, at.n_tested, at.n_accepted / at.n_tested if at.n_tested else None)
        for i, at in enumerate(summary.positions)
    )
    return {
        "figures": ReportTable("Figures", _FIGURES, (_figures(summary),)),
        "positions": ReportTable("Acceptance by position", _POSITIONS, positions),
        "rounds": ReportTable("Rounds", _ROUNDS, tuple(map(_round_row, rounds))),
        "series": _series(events),
    }


def of_training(events: Sequence[Event]) -> Mapping[str, ReportTable]:
    """The tables of a training."""
    measured = tuple(_drafter_row(event) for event in events if isinstance(event, DrafterMeasured))
    return {"drafter": ReportTable("The drafter on held-out text", _DRAFTER, measured), "series": _series(events)}


def of_scaling(measured: ScalingMeasured) -> Mapping[str, ReportTable]:
    """The tables of a measured pair."""
    return {
        "contexts": ReportTable("Prompt length", _CONTEXTS, tuple(map(_context_row, measured.contexts))),
        "gammas": ReportTable("Draft length", _GAMMAS, tuple(map(_gamma_row, measured.gammas))),
        "batches": ReportTable("Batch size", _BATCHES, tuple(map(_batch_row, measured.batches))),
    }


def _context_row(point: ContextPoint) -> tuple[Cell, ...]:
    return (
        point.context, *ratio_cells(point.ms_per_token.get(PLAIN)), *ratio_cells(point.ms_per_token.get(SPECULATIVE)),
        *ratio_cells(point.speedup), point.alpha, *interval_cells(point.alpha_ci), point.tau,
        *ratio_cells(point.plain_ratio),
    )  # fmt: skip


def _gamma_row(point: GammaPoint) -> tuple[Cell, ...]:
    return (
        point.gamma, *ratio_cells(point.ms_per_token), *ratio_cells(point.speedup), point.predicted_speedup,
        point.alpha, *interval_cells(point.alpha_ci), point.tau, point.c, point.verify_ratio,
    )  # fmt: skip


def _batch_row(point: BatchMeasured) -> tuple[Cell, ...]:
    return (
        point.batch, point.plain_tokens_per_s, point.tokens_per_s, *ratio_cells(batch_speedup(point)),
        point.alpha, *interval_cells(point.alpha_ci), point.tau, point.same_tokens,
    )  # fmt: skip


def batch_speedup(point: BatchMeasured) -> RatioEstimate:
    """The speedup of a batch size."""
    return RatioEstimate(point.speedup, point.speedup_ci, point.speedup_range, point.n)


def _drafter_speedup(event: DrafterMeasured) -> RatioEstimate | None:
    if event.speedup is None:
        return None
    ci, ends = (None if pair is None else Interval(*pair) for pair in (event.speedup_ci, event.speedup_range))
    return RatioEstimate(event.speedup, ci, ends, event.n)


def _figures(summary: Summary) -> tuple[Cell, ...]:
    return (
        summary.alpha, *interval_cells(summary.alpha_ci), summary.tau, summary.efficiency, summary.c,
        summary.ms_per_token, summary.baseline_ms_per_token, *ratio_cells(summary.measured_speedup),
        summary.predicted_speedup, summary.prefill_ms, summary.ttft_ms, summary.tpot_ms, summary.n_rounds,
        summary.n_emitted, summary.same,
    )  # fmt: skip


def _round_row(event: RoundFinished) -> tuple[Cell, ...]:
    accepted = event.n_accepted
    return (
        event.round + 1, len(event.proposed), accepted, len(event.emitted), event.draft_ms, event.verify_ms,
        event.other_ms, event.text,
    )  # fmt: skip


def _series(events: Sequence[Event]) -> ReportTable:
    rows = tuple((event.name, event.round, event.value) for event in events if isinstance(event, Measured))
    return ReportTable("Series", _SERIES, rows)


def _drafter_row(event: DrafterMeasured) -> tuple[Cell, ...]:
    return (
        event.when, event.alpha, *interval_cells(event.alpha_ci), event.alpha_overlap, event.gamma, event.c,
        event.predicted_speedup, *ratio_cells(_drafter_speedup(event)),
    )  # fmt: skip
