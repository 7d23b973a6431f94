"""Says before a training whether its time can buy a useful drafter, and after it whether the drafter pays.

* imports neither Qt nor torch."""

from collections.abc import Iterator
from typing import Literal, TypeAlias

from msgspec.structs import replace

from engine.events import DrafterMeasured, TrainingEstimated
from engine.training.drafter_config import DrafterConfig

Pays: TypeAlias = Literal["yes", "no", "unsure", "unmeasured"]
# Tokens for each weight that is trained, below which a new drafter drafts little but the most frequent tokens, and one
# of the target's own layers hardly more than it knew.
_FEWEST_FOR_NEW, _FEWEST_FOR_TRAINED = 0.1, 0.002
_SHARE_OF_STEPS = 0.85
# An acceptance rate that a drafter of a few layers is hardly above.
_REACHABLE_ALPHA = 0.6
# A text read oftener than this is learned by heart: alpha stood still while the loss fell on.
_MOST_READINGS = 5
OFTEN_READ_HINT = "give it more text (--data), or let the target write more (--sample)"
COSTLY_HINT = "measure at a shorter draft length, keep fewer layers, or draft without training: lookup"


def judged(estimate: TrainingEstimated, settings: DrafterConfig) -> TrainingEstimated:
    """The estimate with why the time is too short and what could be done instead, and why the drafter costs too much,
    if it is so."""
    too_short = _too_short(estimate, settings)
    instead = "; ".join(_ways(estimate, settings)) if too_short else ""
    return replace(estimate, too_short=too_short, instead=instead, too_costly=_too_costly(estimate))


def _too_short(estimate: TrainingEstimated, settings: DrafterConfig) -> str:
    tokens = _tokens(estimate, settings)
    if settings.steps or not tokens or tokens >= _least_tokens(estimate):
        return ""
    time, weights = _minutes(settings.minutes), f"{estimate.n_trained / 1e6:.1f} M weights to train"
    return f"{time} are about {_rounded(tokens):,} tokens for {weights}: too few for a useful drafter"


def _ways(estimate: TrainingEstimated, settings: DrafterConfig) -> Iterator[str]:
    """What could be done where the time is too short."""
    minutes = settings.minutes * _least_tokens(estimate) / _tokens(estimate, settings)
    yield f"give it {_minutes(minutes)} or more"
    if estimate.start == "new" and any(_is_reachable(option.break_even_alpha) for option in estimate.sizes):
        yield "start from the target's own layers"
    yield "draft without training: early-exit or lookup" if estimate.sizes else "draft without training: lookup"


def _too_costly(estimate: TrainingEstimated) -> str:
    """Judged by a timing only: numbers of weights do not tell what verifying costs."""
    if not estimate.timed or estimate.c is None or _is_reachable(estimate.break_even_alpha):
        return ""
    alpha = estimate.break_even_alpha
    cost = f"a step of it takes {estimate.c:.2f} of one of the target"
    if alpha is None:
        return f"this drafter cannot pay at a draft length of {estimate.gamma} here: {cost}"
    return f"this drafter pays only from alpha {alpha:.2f} on at a draft length of {estimate.gamma} here: {cost}"


def read_too_often(n_in_steps: int, n_in_texts: int) -> str:
    """How often the steps read the texts over, where that is more than teaches; empty where it is not.

    n_in_steps: tokens of all steps together; n_in_texts: those there are to learn from."""
    if not n_in_texts or n_in_steps <= _MOST_READINGS * n_in_texts:
        return ""
    n_times = round(n_in_steps / n_in_texts)
    readings = f"the {n_in_texts:,} tokens of text will be read about {n_times} times over"
    return f"{readings}, which teaches little after the first few"


def _is_reachable(alpha: float | None) -> bool:
    return alpha is not None and alpha <= _REACHABLE_ALPHA


def _tokens(estimate: TrainingEstimated, settings: DrafterConfig) -> float:
    return estimate.tokens_per_s * 60 * settings.minutes * _SHARE_OF_STEPS


def _least_tokens(estimate: TrainingEstimated) -> float:
    return (_FEWEST_FOR_NEW if estimate.start in ("new", "longspec") else _FEWEST_FOR_TRAINED) * estimate.n_trained


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
