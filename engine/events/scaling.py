"""What a pair costs over contexts, draft lengths and batch sizes; others import the event from `engine.events`.

* imports neither Qt nor torch. Values are bounded to what can be shown: a file may contain anything."""

from typing import Annotated, TypeAlias

import msgspec

from engine.events.base import Event, Struct
from engine.statistics import Interval, RatioEstimate

# What decoded, as files name it.
PLAIN, SPECULATIVE = "ours_plain", "ours_speculative"
THEIR_PLAIN, THEIR_ASSISTED = "transformers_plain", "transformers_assisted"
_LARGEST = 1e9
_MOST_POINTS = 256
Count: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=2**31)]
Figure: TypeAlias = Annotated[float, msgspec.Meta(ge=0, le=_LARGEST)]
Share: TypeAlias = Annotated[float, msgspec.Meta(ge=0, le=1)]
_Few: TypeAlias = Annotated[dict[str, RatioEstimate], msgspec.Meta(max_length=16)]


class ContextPoint(Struct, frozen=True):
    """One prompt length; n_prompt: what of it there was room for. Times are of decoding alone, without the prompt's.

    ms_per_token: time of all blocks over their tokens; speedup, plain_ratio: of these, divided. prefill_ms: median.
    plain_ratio: transformers' plain decoding over ours. predicted_ms: the bound that our plain step is compared with,
    see `limit` in the file; fraction_of_limit: that over the measured time. tau, speedup: for the event's gamma."""

    context: Count
    n_prompt: Count
    ms_per_token: _Few
    prefill_ms: _Few
    plain_ratio: RatioEstimate
    speedup: RatioEstimate
    alpha: Share
    alpha_ci: Interval | None
    tau: Figure
    predicted_ms: Figure | None
    fraction_of_limit: Figure | None


class GammaPoint(Struct, frozen=True):
    """One draft length. c: drafter step over target step; verify_ratio: t(gamma + 1) / t(1), both as measured.

    predicted_speedup: from these and alpha by the formula; speedup: as measured, over interleaved plain decoding."""

    gamma: Count
    ms_per_token: RatioEstimate
    alpha: Share
    alpha_ci: Interval | None
    tau: Figure
    c: Figure | None
    verify_ratio: Figure | None
    predicted_speedup: Figure | None
    speedup: RatioEstimate


class BatchMeasured(Struct, frozen=True):
    """One batch size: new tokens of all sequences per second of decoding, without prefill; medians over blocks.

    speedup: tokens_per_s over plain_tokens_per_s, above 1 if drafting pays; over n repeats.
    same_tokens: plain and speculative batches produced the tokens that each prompt alone produces without a drafter."""

    batch: Count
    plain_tokens_per_s: Figure
    tokens_per_s: Figure
    speedup: Figure
    speedup_ci: Interval | None
    alpha: Share
    alpha_ci: Interval | None
    tau: Figure
    same_tokens: bool
    speedup_range: Interval | None = None
    n: Count = 1


class ScalingMeasured(Event, frozen=True):
    """All that is measured so far; complete: no more follows. gamma: of contexts and batches.

    A file that `bench scaling` or `bench batch` wrote with --out can be read as one. timing_pair: the note on models
    that only serve timing; empty for others."""

    gamma: Count
    max_new_tokens: Count
    n_blocks: Count
    device: str
    dtype: str
    contexts: Annotated[tuple[ContextPoint, ...], msgspec.Meta(max_length=_MOST_POINTS)] = ()
    gammas: Annotated[tuple[GammaPoint, ...], msgspec.Meta(max_length=_MOST_POINTS)] = ()
    batches: Annotated[tuple[BatchMeasured, ...], msgspec.Meta(max_length=_MOST_POINTS)] = ()
    plain_ms_per_token: RatioEstimate | None = None
    gamma_context: Count | None = None
    target: str = ""
    drafter: str = ""
    processor: str = ""
    measured_utc: str = ""
    timing_pair: str = ""
    complete: bool = True
