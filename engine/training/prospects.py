"""Says before a training whether its time can buy a useful drafter, and after it whether the drafter pays.

* imports neither Qt nor torch."""

from typing import Literal, TypeAlias

from msgspec.structs import replace

from engine.events import DrafterMeasured, TrainingEstimated
from engine.training.drafter_config import DrafterConfig

Pays: TypeAlias = Literal["yes", "no", "unsure", "unmeasured"]
# Tokens for each weight that is trained, below which a new drafter had learned next to nothing here, and one of the
# target's own layers hardly more than it knew.
_FEWEST_FOR_NEW, _FEWEST_FOR_TRAINED = 0.1, 0.002
_SHARE_OF_STEPS = 0.85


def judged(estimate: TrainingEstimated, settings: DrafterConfig) -> TrainingEstimated:
    """The estimate with why the time is too short, if it is, and what could be done instead."""
    least = (_FEWEST_FOR_NEW if estimate.start == "new" else _FEWEST_FOR_TRAINED) * estimate.n_trained
    tokens = estimate.tokens_per_s * 60 * settings.minutes * _SHARE_OF_STEPS
    if settings.steps or tokens >= least or not estimate.tokens_per_s:
        return replace(estimate, too_short="", instead="")
    minutes = settings.minutes * least / tokens
    time, weights = _minutes(settings.minutes), f"{estimate.n_trained / 1e6:.1f} M weights to train"
    too_short = f"{time} are about {_rounded(tokens):,} tokens for {weights}: too few for a useful drafter"
    ways = [f"give it {_minutes(minutes)} or more"]
    if estimate.start == "new" and estimate.sizes:
        ways.append("start from the target's own layers")
    ways.append("draft without training: early-exit or lookup" if estimate.sizes else "draft without training: lookup")
    return replace(estimate, too_short=too_short, instead="; ".join(ways))


def pays(after: DrafterMeasured) -> Pays:
    """Whether the drafter makes decoding faster, as far as the interval of its speedup tells."""
    ends = after.speedup_ci or after.speedup_range
    if after.speedup is None:
        return "unmeasured"
    if ends is None or ends[0] <= 1.0 <= ends[1]:
        return "unsure"
    return "yes" if ends[0] > 1.0 else "no"


def verdict(after: DrafterMeasured) -> str:
    """Whether the drafter pays, with alpha, c and the speedup, in one line."""
    words = {
        "yes": "the drafter pays",
        "no": "the drafter does not pay here",
        "unsure": "it is not certain that the drafter pays",
        "unmeasured": "its speedup was not measured",
    }
    figures = [f"alpha {after.alpha:.2f}{_ends(after.alpha_ci)}"]
    if after.c is not None:
        figures.append(f"c {after.c:.2f}{_ends(after.c_ci or after.c_range)}")
    if after.speedup is not None:
        figures.append(f"speedup {after.speedup:.2f}{_ends(after.speedup_ci or after.speedup_range)}")
    return f"{words[pays(after)]}: {', '.join(figures)} at a draft length of {after.gamma}"


def _ends(ends: tuple[float, float] | None) -> str:
    return "" if ends is None else f" [{ends[0]:.2f}, {ends[1]:.2f}]"


def _minutes(minutes: float) -> str:
    if minutes >= 120:
        return f"{minutes / 60:.0f} hours"
    return f"{minutes:.0f} minutes" if minutes >= 2 else f"{60 * minutes:.0f} seconds"


def _rounded(n: float) -> int:
    """Two digits of a number, which is an estimate."""
    unit = int("1" + "0" * max(0, len(str(int(n))) - 2))
    return round(n / unit) * unit
