"""The log of a sweep over thresholds of the built-in gate as the engine would write it, made up from its card."""

from collections.abc import Iterator, Sequence

from engine.events import (
    Event,
    GateFigures,
    QualityFigures,
    SettingMeasured,
    SettingsMeasured,
    StepTimes,
    WorkFigures,
    WorkStarted,
)
from engine.sprinter import theory
from engine.sprinter.cards import GateCard, builtin_path, read_card
from engine.statistics import Interval, RatioEstimate

STEPS = StepTimes(0.2, 2.0, 0.01)
_PLAIN_MS, _EXACT_MS, _BEST = 2.0, 0.8, 4


def card() -> GateCard:
    """The card of the built-in gate."""
    return read_card(builtin_path())


def sweep(thresholds: Sequence[float] = (0.5, 0.8, 0.9), *, cap: int = 20) -> tuple[Event, ...]:
    """The whole log."""
    return tuple(_events(thresholds, cap))


def _events(thresholds: Sequence[float], cap: int) -> Iterator[Event]:
    settings = (("thresholds", ",".join(f"{each:g}" for each in thresholds)), ("gate", "auto"), ("cap", cap))
    yield WorkStarted(
        "w", "measurement", "2026-11-30T08:00:00Z", "sprinter", "builtin", "builtin", settings, "cpu", "float32",
        "builtin",
    )  # fmt: skip
    yield _row("plain", 0.0, 0, _PLAIN_MS, 0.0, 0.9)
    yield _row("exact", _BEST, _BEST, _EXACT_MS, 0.0, 0.9)
    yield from (gated(threshold, cap=cap) for threshold in thresholds)
    yield _row("ensemble", 0.5, _BEST, 0.7, 0.08, 0.8)
    yield SettingsMeasured(
        len(thresholds) + 3, 12, _BEST, "builtin, 12 prompts", settings=(("gate", "auto"),), steps=STEPS
    )


def gated(threshold: float, *, cap: int = 20) -> SettingMeasured:
    """A threshold that behaves nearly as its card promises."""
    at = theory.confusion_at(card().confusions, threshold)
    told = theory.predicted(at, cap=cap, times=STEPS)
    assert told.ms_per_token is not None
    measured = GateFigures(
        1000, 800, 200, told.alpha, told.eta_fp, Interval(0.9 * told.eta_fp, 1.1 * told.eta_fp + 0.01), told.eta_fn,
        told.rho, told.drafts_per_call, None, 0.0,
    )  # fmt: skip
    row = _row("sprinter", threshold, cap, 1.1 * told.ms_per_token, told.tv, 0.85)
    return SettingMeasured(**{name: getattr(row, name) for name in row.__struct_fields__} | {
        "gate": measured, "predicted": told,
    })  # fmt: skip


def _row(way: str, setting: float, gamma: int, ms: float, tv: float, right: float) -> SettingMeasured:
    reach = Interval(0.8 * tv, 1.2 * tv)
    quality = QualityFigures(tv, reach, tv / 2, 1.5, 1 - tv, 1 - tv / 2, 0.1, 0.0, None, right, Interval(0.6, 0.95), 24)
    against = None if way in ("plain", "exact") else _ratio(_EXACT_MS / ms)
    return SettingMeasured(
        way, setting, gamma, 12, 500, 2.0, RatioEstimate(ms, Interval(0.9 * ms, 1.1 * ms), None, 12),
        _ratio(_PLAIN_MS / ms), against, quality, WorkFigures(1e6, 2e6, 1e6, 1.0, 0.5, 0.0),
    )  # fmt: skip


def _ratio(value: float) -> RatioEstimate:
    return RatioEstimate(value, Interval(0.95 * value, 1.05 * value), None, 12)
