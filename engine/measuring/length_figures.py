"""Computes the figures of a drafter at one length from its calls and those of plain decoding."""

from collections.abc import Sequence
from itertools import accumulate
from statistics import fmean, median
from typing import NamedTuple

from engine import statistics
from engine.events import KvPrediction, LengthMeasured, RoundFinished, TextStretch
from engine.measuring import blocks
from engine.measuring.systems import Call
from engine.statistics import RatioEstimate, UnitTime

# New tokens of one stretch of the text, over which acceptance is counted.
_STRETCH = 32


class AllocatedBytes(NamedTuple):
    """Keys and values at the end of a text; drafter_all: all of the drafter's own state."""

    target: int
    drafter: int
    drafter_all: int


class LengthCalls(NamedTuple):
    """The calls of one drafter at one length, texts one after another and repeats of each together.

    target_prefill_ms: what reading the prompt took the target, where the calls did not read it again; else None."""

    calls: Sequence[Call]
    plain: Sequence[Call]
    repeats: int
    allocated: AllocatedBytes
    target_prefill_ms: float | None

    @property
    def first(self) -> Sequence[Call]:
        """The first repeat of each text: what acceptance is counted in."""
        return self.calls[:: self.repeats]


def measured(
    prediction: KvPrediction, called: LengthCalls, *, gamma: int, n_prompt: int, greedy: bool, tree: str = ""
) -> LengthMeasured:
    """The figures of a combination."""
    calls, plain = called.calls, called.plain
    is_plain = calls is plain
    times, plain_times = _units(calls, called.repeats), _units(plain, called.repeats)
    n_units = len(times) if len(times) > 1 else called.repeats
    speedup = RatioEstimate(1.0, n=n_units) if is_plain else statistics.speedup(plain_times, times)
    prefill_ms, drafter_ms = _prefill(called)
    has_tests = any(token.tested for call in called.first for each in call.rounds for token in each.proposed)
    alpha, alpha_ci = blocks.alpha(called.first) if has_tests else (None, None)
    same = [call.ids == other.ids for call, other in zip(calls, plain, strict=True)]
    return LengthMeasured(
        length=prediction.length,
        drafter=prediction.drafter,
        gamma=0 if is_plain else gamma,
        n_prompt=n_prompt,
        prefill_ms=prefill_ms,
        drafter_prefill_ms=drafter_ms,
        ms_per_token=statistics.ms_per_token(times),
        plain_ms_per_token=statistics.ms_per_token(plain_times),
        speedup=speedup.value,
        speedup_ci=speedup.ci,
        speedup_range=speedup.range,
        n=speedup.n,
        alpha=alpha,
        alpha_ci=alpha_ci,
        tau=blocks.tau(called.first),
        kv_bytes_target=called.allocated.target,
        kv_bytes_drafter=called.allocated.drafter,
        predicted_kv_bytes_target=prediction.kv_bytes_target,
        predicted_kv_bytes_drafter=prediction.kv_bytes_drafter,
        drafter_bytes=called.allocated.drafter_all,
        draft_step_ms=_median([call.draft_step_ms for call in calls]),
        verify_ms=_median([call.target_step_ms for call in calls]),
        plain_step_ms=_median([call.target_step_ms for call in plain]),
        same_text=all(same) if greedy else None,
        n_new=sum(len(call.ids) for call in called.first),
        stretches=stretches([call.rounds for call in called.first], n_prompt),
        tree=tree,
    )


def refused(prediction: KvPrediction, *, gamma: int, n_prompt: int) -> LengthMeasured:
    """A combination that was not measured, with what it would have taken."""
    return LengthMeasured(
        length=prediction.length,
        drafter=prediction.drafter,
        gamma=gamma,
        n_prompt=n_prompt,
        predicted_kv_bytes_target=prediction.kv_bytes_target,
        predicted_kv_bytes_drafter=prediction.kv_bytes_drafter,
        why_not=prediction.why_not,
        hint=prediction.hint,
    )


def stretches(texts: Sequence[Sequence[RoundFinished]], n_prompt: int) -> tuple[TextStretch, ...]:
    """Acceptance by position in the text; a round belongs to the stretch in which its first token lies."""
    placed: dict[int, list[RoundFinished]] = {}
    n_new = 0
    for rounds in texts:
        starts = [0, *accumulate(len(each.emitted) for each in rounds)]
        n_new = max(n_new, starts[-1])
        for start, each in zip(starts, rounds, strict=False):
            placed.setdefault(start // _STRETCH, []).append(each)
    return tuple(_stretch(index, placed[index], n_prompt, n_new) for index in sorted(placed))


def _stretch(index: int, rounds: Sequence[RoundFinished], n_prompt: int, n_new: int) -> TextStretch:
    accepted, tested = sum(each.n_accepted for each in rounds), sum(each.n_tested for each in rounds)
    first, last = n_prompt + index * _STRETCH, n_prompt + min(n_new, (index + 1) * _STRETCH)
    tau = fmean(len(each.emitted) for each in rounds)
    return TextStretch(first, last, accepted / tested if tested else None, tau, accepted, tested, len(rounds))


def _units(calls: Sequence[Call], repeats: int) -> list[UnitTime]:
    """A unit a text, with the times of its repeats."""
    starts = range(0, len(calls), repeats)
    return [
        UnitTime(tuple(call.decode_ms or 0.0 for call in calls[start : start + repeats]), len(calls[start].ids))
        for start in starts
    ]


def _prefill(called: LengthCalls) -> tuple[float, float]:
    """What reading a prompt took both models, and the drafter's part of it."""
    own_ms = _median([call.prefill_ms for call in called.calls]) or 0.0
    if called.target_prefill_ms is None:  # every call read the prompt with both models
        plain_ms = _median([call.prefill_ms for call in called.plain]) or 0.0
        return own_ms, max(0.0, own_ms - plain_ms)
    drafter_ms = 0.0 if called.calls is called.plain else own_ms
    return called.target_prefill_ms + drafter_ms, drafter_ms


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None
