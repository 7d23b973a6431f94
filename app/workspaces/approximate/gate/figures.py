"""What a gate does at a threshold: predicted from its card by the engine's theory, measured by the sweep on show."""

from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from app.workspaces.approximate.record import SettingPick
from engine.events import GateConfusion, PredictedFigures, SettingMeasured, StepTimes
from engine.sprinter import theory
from engine.statistics import Interval

if TYPE_CHECKING:
    from app.workspaces.approximate.state import ThresholdProgress
    from engine.sprinter.cards import GateCard

# From here on thresholds lie closer: most gates are sure of most tokens.
_FINE_FROM = 0.99
_SAME = 1e-9
# none: this threshold was not measured; gate: the sweep is of another gate; cap: its runs end elsewhere.
WhyNotMeasured: TypeAlias = Literal["", "none", "gate", "cap"]
FigureName: TypeAlias = Literal["eta_fp", "eta_fn", "rho", "drafts", "tv", "ms"]
FIGURES: tuple[FigureName, ...] = ("eta_fp", "eta_fn", "rho", "drafts", "tv", "ms")


class Figure(NamedTuple):
    """A value, predicted and measured with its interval; None where it is not known."""

    predicted: float | None
    measured: float | None
    reach: Interval | None = None


def snapped(threshold: float) -> float:
    """A threshold as one would write it."""
    threshold = min(1.0, max(0.0, threshold))
    return round(threshold, 2 if threshold < _FINE_FROM else 3)


def stepped(threshold: float, by: int) -> float:
    """The threshold `by` steps further; steps are finer where most tokens are."""
    for _ in range(abs(by)):
        is_fine = threshold > _FINE_FROM or (threshold >= _FINE_FROM and by > 0)
        threshold = snapped(threshold + (0.001 if is_fine else 0.01) * (1 if by > 0 else -1))
    return threshold


def confusion(card: "GateCard", threshold: float) -> GateConfusion:
    """The shares on held-out documents at a threshold."""
    return theory.confusion_at(card.confusions, threshold)


def predicted(state: "ThresholdProgress", card: "GateCard") -> PredictedFigures:
    """What the theory says of the threshold that is looked at."""
    return theory.predicted(confusion(card, state.threshold), cap=max(1, state.choice.cap), times=steps(state))


def steps(state: "ThresholdProgress") -> StepTimes | None:
    """The times of single steps of the chosen pair, from the sweep on show; None where that is another pair's."""
    started, ended, choice = state.record.started, state.record.ended, state.choice
    if started is None or ended is None or (started.target, started.drafter) != (choice.target, choice.drafter):
        return None
    return ended.steps


def measured(state: "ThresholdProgress", card: "GateCard") -> tuple[SettingMeasured | None, WhyNotMeasured]:
    """The measurement of the threshold that is looked at, or why there is none to compare with."""
    row = state.rows.get(SettingPick("sprinter", state.threshold))
    if row is None:
        return None, "none"
    if not is_of(row, card):
        return None, "gate"
    return (row, "") if row.gamma == state.choice.cap else (None, "cap")


def is_of(row: SettingMeasured, card: "GateCard") -> bool:
    """Whether a threshold was measured with a gate: its prediction came from the same card."""
    told, own = row.predicted, confusion(card, row.setting)
    return told is not None and all(
        abs(a - b) < _SAME for a, b in ((told.alpha, own.alpha), (told.eta_fp, own.eta_fp), (told.rho, own.rho))
    )


def compared(told: PredictedFigures, row: SettingMeasured | None) -> dict[FigureName, Figure]:
    """Every figure, predicted beside measured."""
    predicted_values = (told.eta_fp, told.eta_fn, told.rho, told.drafts_per_call, told.tv, told.ms_per_token)
    measured_values = ((None, None),) * len(FIGURES) if row is None else _measured_values(row)
    pairs = zip(FIGURES, predicted_values, measured_values, strict=True)
    return {name: Figure(value, *own) for name, value, own in pairs}


def _measured_values(row: SettingMeasured) -> tuple[tuple[float | None, Interval | None], ...]:
    gate, quality, time = row.gate, row.quality, row.ms_per_token
    of_gate: tuple[tuple[float | None, Interval | None], ...] = ((None, None),) * 4
    if gate is not None:
        of_gate = ((gate.eta_fp, gate.eta_fp_ci), (gate.eta_fn, None), (gate.rho, None), (gate.drafts_per_call, None))
    return (*of_gate, (quality.tv, quality.tv_ci), (time.value, time.ci))
