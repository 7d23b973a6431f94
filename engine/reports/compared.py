"""A comparison's log put in order, and its tables.

* imports neither Qt nor torch."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from engine.events import (
    PLAIN_LANE,
    ComparisonMeasured,
    ComparisonStarted,
    Event,
    GenerationMeasured,
    LaneFigures,
    LaneRefused,
    TextsRated,
)
from engine.reports.cells import (
    Cell,
    ReportColumn,
    ReportTable,
    interval_cells,
    interval_columns,
    ratio_cells,
    ratio_columns,
)

_NOT_MEASURED = "not measurable here"
_LANE = ReportColumn("lane", "lane", "text")
_LANES = (
    _LANE, ReportColumn("drafter", "drafter", "text"), ReportColumn("gamma", "draft length γ", "count"),
    ReportColumn("method", "method", "text"), ReportColumn("n_prompts", "prompts", "count"),
    ReportColumn("n_tokens", "new tokens", "count"),
    ReportColumn("alpha", "acceptance rate α", "share"), *interval_columns("alpha"),
    ReportColumn("tau", "tokens per round τ"), ReportColumn("efficiency", "draft efficiency", "share"),
    ReportColumn("c", "draft step, in plain steps (c)"),
    ReportColumn("verify_per_token", "one more token to verify, in plain steps"),
    ReportColumn("break_even_alpha", "α that breaks even", "share"),
    ReportColumn("tokens_per_s", "tokens/s"), ReportColumn("ms_per_token", "ms per token", "ms"),
    ReportColumn("prefill_ms", "prefill, ms", "ms"), ReportColumn("ttft_ms", "time to first token, ms", "ms"),
    ReportColumn("tpot_ms", "time per further token, ms", "ms"), *ratio_columns("speedup", "speedup"),
    ReportColumn("predicted_speedup", "predicted", "factor"), ReportColumn("memory_bytes", "memory", "bytes"),
    ReportColumn("joules_per_token", "energy per token, J", missing=_NOT_MEASURED),
    ReportColumn("same_text", "same text as plain", "yes"), ReportColumn("n_differing", "texts that differ", "count"),
    ReportColumn("first_divergence", "first differing token", "count"), ReportColumn("margin", "top-2 margin there"),
    ReportColumn("shape", "acceptance by position", "text"), ReportColumn("shape_at", "cliff after", "count"),
    ReportColumn("why_not", "why it is not recommended", "text"),
)  # fmt: skip
_CATEGORIES = (
    _LANE, ReportColumn("category", "category", "text"), ReportColumn("n_prompts", "prompts", "count"),
    ReportColumn("alpha", "acceptance rate α", "share"), ReportColumn("tau", "tokens per round τ"),
    ReportColumn("tokens_per_s", "tokens/s"), *ratio_columns("speedup", "speedup"),
)  # fmt: skip
_POSITIONS = (
    _LANE, ReportColumn("position", "position in the draft", "count"), ReportColumn("accepted", "accepted", "count"),
    ReportColumn("tested", "tested", "count"), ReportColumn("share", "accepted of tested", "share"),
)  # fmt: skip
_RANKS = (
    _LANE, ReportColumn("rank", "rank of the wanted token", "count"), ReportColumn("and_further", "and further", "yes"),
    ReportColumn("rejections", "rejections", "count"),
)  # fmt: skip
_PREDICTIONS = (
    ReportColumn("drafter", "drafter", "text"), ReportColumn("gamma", "draft length γ", "count"),
    ReportColumn("predicted", "predicted speedup", "factor"), ReportColumn("measured", "measured speedup", "factor"),
)  # fmt: skip
_GENERATIONS = (
    _LANE, ReportColumn("prompt", "prompt", "text"), ReportColumn("turn", "turn", "count"),
    ReportColumn("repeat", "repeat", "count"), ReportColumn("n_prompt_tokens", "prompt tokens", "count"),
    ReportColumn("n_tokens", "new tokens", "count"), ReportColumn("reason", "ended by", "text"),
    ReportColumn("prefill_ms", "prefill, ms", "ms"), ReportColumn("decode_ms", "decoding, ms", "ms"),
    ReportColumn("first_ms", "first round, ms", "ms"), ReportColumn("n_rounds", "rounds", "count"),
    ReportColumn("n_proposed", "proposed", "count"), ReportColumn("n_accepted", "accepted", "count"),
    ReportColumn("n_tested", "tested", "count"), ReportColumn("draft_ms", "drafting, ms", "ms"),
    ReportColumn("verify_ms", "verifying, ms", "ms"),
    ReportColumn("joules", "energy, J", missing=_NOT_MEASURED),
    ReportColumn("first_divergence", "first differing token", "count"), ReportColumn("margin", "top-2 margin there"),
    ReportColumn("text", "text", "text"),
)  # fmt: skip


class ComparisonFacts(NamedTuple):
    """A comparison. measured: the last figures that were computed, None if it ended before any; ratings: of its
    texts."""

    started: ComparisonStarted
    refused: tuple[LaneRefused, ...]
    generations: tuple[GenerationMeasured, ...]
    measured: ComparisonMeasured | None
    ratings: tuple[TextsRated, ...] = ()

    @property
    def lanes(self) -> tuple[LaneFigures, ...]:
        """The figures of all lanes."""
        return () if self.measured is None else self.measured.lanes

    @property
    def taking_part(self) -> tuple[LaneFigures, ...]:
        """The lanes that were measured."""
        return tuple(lane for lane in self.lanes if lane.n_tokens)

    def place(self, lane: str) -> int:
        """The place of a lane, which its symbol and colour follow from: 0 is plain decoding, the others from 1 on."""
        names = [spec.name for spec in self.started.lanes if spec.name != PLAIN_LANE]
        return 0 if lane == PLAIN_LANE else names.index(lane) + 1 if lane in names else len(names) + 1


def facts(events: Sequence[Event]) -> ComparisonFacts | None:
    """The comparison that a log holds; None if it holds none."""
    started = next((event for event in events if isinstance(event, ComparisonStarted)), None)
    if started is None:
        return None
    figures = [event for event in events if isinstance(event, ComparisonMeasured)]
    return ComparisonFacts(
        started,
        tuple(event for event in events if isinstance(event, LaneRefused)),
        tuple(event for event in events if isinstance(event, GenerationMeasured)),
        figures[-1] if figures else None,
        tuple(event for event in events if isinstance(event, TextsRated)),
    )


def tables(compared: ComparisonFacts) -> Mapping[str, ReportTable]:
    """The tables of a comparison by their names."""
    lanes = compared.lanes
    predictions = () if compared.measured is None else compared.measured.predictions
    names = [prompt.id for prompt in compared.started.prompts]
    generations = tuple(_generation_row(event, names) for event in compared.generations)
    predicted = tuple((line.drafter, line.gamma, line.predicted, line.measured) for line in predictions)
    return {
        "lanes": ReportTable("Lanes", _LANES, tuple(map(_lane_row, lanes))),
        "categories": ReportTable("By category", _CATEGORIES, _category_rows(lanes)),
        "positions": ReportTable("Acceptance by position", _POSITIONS, _position_rows(lanes)),
        "ranks": ReportTable("What the target wanted when it rejected", _RANKS, _rank_rows(lanes)),
        "predictions": ReportTable("Predicted and measured", _PREDICTIONS, predicted),
        "generations": ReportTable("Generations", _GENERATIONS, generations),
    }


def _category_rows(lanes: Sequence[LaneFigures]) -> tuple[tuple[Cell, ...], ...]:
    return tuple(
        (lane.lane, kind.category, kind.n_prompts, kind.alpha, kind.tau, kind.tokens_per_s, *ratio_cells(kind.speedup))
        for lane in lanes
        for kind in lane.categories
    )


def _position_rows(lanes: Sequence[LaneFigures]) -> tuple[tuple[Cell, ...], ...]:
    return tuple(
        (lane.lane, i, accepted, tested, accepted / tested if tested else None)
        for lane in lanes
        for i, (accepted, tested) in enumerate(lane.positions, 1)
    )


def _rank_rows(lanes: Sequence[LaneFigures]) -> tuple[tuple[Cell, ...], ...]:
    """The first entry of a lane counts second places, the last one all further ones."""
    return tuple((lane.lane, i + 2, i == len(lane.ranks) - 1, n) for lane in lanes for i, n in enumerate(lane.ranks))


def _lane_row(lane: LaneFigures) -> tuple[Cell, ...]:
    return (
        lane.lane, lane.drafter, lane.gamma, lane.method, lane.n_prompts, lane.n_tokens,
        lane.alpha, *interval_cells(lane.alpha_ci), lane.tau, lane.efficiency, lane.c, lane.verify_per_token,
        lane.break_even_alpha, lane.tokens_per_s, lane.ms_per_token, lane.prefill_ms, lane.ttft_ms, lane.tpot_ms,
        *ratio_cells(lane.speedup), lane.predicted_speedup, lane.memory_bytes, lane.joules_per_token, lane.same_text,
        lane.n_differing, lane.first_divergence, lane.margin, lane.shape if lane.positions else None,
        lane.shape_at if lane.shape == "cliff" else None, lane.why_not or None,
    )  # fmt: skip


def _generation_row(event: GenerationMeasured, names: Sequence[str]) -> tuple[Cell, ...]:
    prompt = names[event.prompt] if 0 <= event.prompt < len(names) else str(event.prompt)
    return (
        event.lane, prompt, event.turn, event.repeat, len(event.prompt_ids),
        len(event.ids), event.reason, event.prefill_ms, event.decode_ms, event.first_ms, event.n_rounds,
        event.n_proposed, sum(event.accepted_by_position), sum(event.tested_by_position), event.draft_ms,
        event.verify_ms, event.joules, event.first_divergence, event.margin, event.text,
    )  # fmt: skip
