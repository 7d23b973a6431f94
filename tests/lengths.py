"""The log of a measurement over lengths as the engine would write it, made up from how drafters behave with length."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from engine.events import (
    AttentionChecked,
    Event,
    KvPrediction,
    LengthMeasured,
    LengthsMeasured,
    LengthsStarted,
    PrefillMeasured,
    TextStretch,
)
from engine.statistics import Interval

LENGTHS = 512, 2048, 7500
DRAFTERS = "none", "builtin", "window:512+4:builtin", "/models/longspec", "lookup"
_REFUSAL = "the context of <b>builtin</b> is 2,048", "use a shorter length"
_TARGET_BYTES, _DRAFTER_BYTES, _RING_BYTES = 4096, 1024, 1_310_720
_KERNELS = (
    AttentionChecked("auto", "automatic", largest_error=1e-7, tolerance=1e-5, ms=2.0),
    AttentionChecked("eager", "step by step", largest_error=2e-7, tolerance=1e-5, ms=9.0),
    AttentionChecked("flash-attn", "flash-attn package", why_not="the package flash-attn is not installed"),
    AttentionChecked("math", "mathematics", largest_error=0.5, tolerance=1e-5, ms=4.0),
)


class Behaviour(NamedTuple):
    """What a drafter is at the shortest and at the longest length."""

    alpha: tuple[float, float]
    speedup: tuple[float, float]
    grows: bool


BEHAVIOURS = {
    "builtin": Behaviour((0.89, 0.34), (1.67, 0.93), grows=True),
    "window:512+4:builtin": Behaviour((0.88, 0.7), (1.6, 1.5), grows=False),
    "/models/longspec": Behaviour((0.86, 0.84), (1.8, 1.9), grows=False),
    "lookup": Behaviour((0.4, 0.42), (1.1, 1.2), grows=False),
}


def measurement(
    *, lengths: Sequence[int] = LENGTHS, drafters: Sequence[str] = DRAFTERS, n_done: int | None = None
) -> tuple[Event, ...]:
    """The whole log; n_done: it was stopped after so many combinations."""
    return tuple(_events(tuple(lengths), tuple(drafters), n_done))


def started(lengths: Sequence[int] = LENGTHS, drafters: Sequence[str] = DRAFTERS) -> LengthsStarted:
    """What is measured, and what was predicted of it."""
    return LengthsStarted(
        target="builtin", drafters=tuple(drafters), lengths=tuple(lengths), context=8192, text="built-in text",
        text_tokens=9000, first_token=0, last_token=max(lengths), part="start", pages="",
        cut="1,500 tokens at the end of the text are left out", n_texts=1, gamma=4, max_new_tokens=48, repeats=3,
        prefill_chunk=512, attention="auto", device="cpu", dtype="float32", kernels=_KERNELS,
        predictions=tuple(
            KvPrediction(
                length, drafter, _TARGET_BYTES * length, _drafter_bytes(drafter, length),
                *(_REFUSAL if (drafter, length) == ("lookup", 7500) else ()),
            )
            for length in lengths for drafter in drafters
        ),
        free_bytes=2 * 10**9,
    )  # fmt: skip


def _events(lengths: tuple[int, ...], drafters: tuple[str, ...], n_done: int | None) -> Iterator[Event]:
    yield started(lengths, drafters)
    n = 0
    for length in lengths:
        yield PrefillMeasured(length, 512, "auto", 0.2 * length, 0.17 * length, 1.18, 3)
        for drafter in drafters:
            if n_done is not None and n >= n_done:
                yield LengthsMeasured(n, 0, 12.0, complete=False)
                return
            yield combination(drafter, length, lengths)
            n += 1
    yield LengthsMeasured(
        n - 1, 1, 90.0, ("speed drifted by 4 %",), "the built-in text on cpu in float32, greedy, γ 4", complete=True
    )


def combination(drafter: str, length: int, lengths: Sequence[int] = LENGTHS) -> LengthMeasured:
    """One drafter at one length."""
    plain_ms = 8.0 + length / 1000
    if drafter == "none":
        return LengthMeasured(
            length, drafter, 0, length, prefill_ms=0.2 * length, ms_per_token=plain_ms, plain_ms_per_token=plain_ms,
            speedup=1.0, n=3, tau=1.0, kv_bytes_target=_TARGET_BYTES * length, kv_bytes_drafter=0,
        )  # fmt: skip
    if (drafter, length) == ("lookup", 7500):
        return LengthMeasured(length, drafter, 4, length, why_not=_REFUSAL[0], hint=_REFUSAL[1])
    share = (length - min(lengths)) / max(1, max(lengths) - min(lengths))
    own = BEHAVIOURS[drafter]
    alpha, speedup = (low + share * (high - low) for low, high in (own.alpha, own.speedup))
    return LengthMeasured(
        length, drafter, 4, length, prefill_ms=0.25 * length, drafter_prefill_ms=0.05 * length if own.grows else 12.0,
        ms_per_token=plain_ms / speedup, plain_ms_per_token=plain_ms, speedup=speedup,
        speedup_range=Interval(speedup - 0.1, speedup + 0.1), n=3, alpha=alpha,
        alpha_ci=Interval(alpha - 0.04, min(1.0, alpha + 0.04)), tau=(1 - alpha**5) / (1 - alpha),
        kv_bytes_target=_TARGET_BYTES * length, kv_bytes_drafter=_drafter_bytes(drafter, length), same_text=True,
        verify_ms=12.0, plain_step_ms=8.0, n_new=48,
        stretches=(TextStretch(length, length + 48, alpha, 2.0, 40, 50, 12),),
        note="the text repeats itself" * (drafter == "lookup"),
    )  # fmt: skip


def _drafter_bytes(drafter: str, length: int) -> int:
    if drafter in ("none", "lookup"):
        return 0
    return _DRAFTER_BYTES * length if BEHAVIOURS[drafter].grows else _RING_BYTES
