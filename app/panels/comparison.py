"""Compares two runs: where their texts diverge and which figures and settings differ; pure functions."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from app.state.run_record import RunRecord
from app.words import quantities, speedups
from engine.events import Setting
from engine.runs.summary import Summary

_N_SHOWN_TOKENS = 12


class Divergence(NamedTuple):
    """Where two texts diverge. n_common: shared tokens, prompt included; first, second: what follows, if anything."""

    n_common: int
    n_common_new: int
    before: str
    first: str
    second: str


class ComparisonRow(NamedTuple):
    """A figure or setting of both runs, as text."""

    name: str
    first: str
    second: str


def parting(first: RunRecord, second: RunRecord) -> Divergence:
    """Find where the texts of two runs diverge, prompts included: a fork's prompt holds the text before the fork."""
    n_common = _n_common(first, second)
    n_prompt = min(len(run.started.prompt_ids) if run.started is not None else 0 for run in (first, second))
    return Divergence(
        n_common,
        max(0, n_common - n_prompt),
        _text(first, n_common - _N_SHOWN_TOKENS, n_common),
        _text(first, n_common, n_common + _N_SHOWN_TOKENS),
        _text(second, n_common, n_common + _N_SHOWN_TOKENS),
    )


def figures(first: RunRecord, second: RunRecord) -> tuple[ComparisonRow, ...]:
    """List the figures of both runs and the settings in which they differ."""
    rows = [ComparisonRow(name, write(first.summary), write(second.summary)) for name, write in _FIGURES]
    return (*rows, *_differing_settings(_settings(first), _settings(second)))


def _n_common(first: RunRecord, second: RunRecord) -> int:
    """Number of tokens at the start that both texts share."""
    n = min(len(first.ids), len(second.ids))
    differs = np.frombuffer(first.ids, np.int64, n) != np.frombuffer(second.ids, np.int64, n) if n else np.zeros(0)
    return int(differs.argmax()) if differs.any() else n


def _text(run: RunRecord, start: int, end: int) -> str:
    return "".join(run.piece(index) for index in range(max(0, start), min(end, len(run.ids))))


def _speed(summary: Summary) -> str:
    return quantities.number(1000 / summary.ms_per_token if summary.ms_per_token else None, 0)


_FIGURES = (
    ("acceptance rate α", lambda s: quantities.with_interval(s.alpha, s.alpha_ci)),
    ("tokens per round τ", lambda s: quantities.number(s.tau)),
    ("draft efficiency", lambda s: quantities.number(s.efficiency)),
    ("tokens", lambda s: f"{s.n_emitted:,}"),
    ("tokens/s", _speed),
    ("ms a token", lambda s: quantities.number(s.ms_per_token)),
    ("plain, ms a token", lambda s: quantities.number(s.baseline_ms_per_token)),
    ("speedup", lambda s: speedups.figure(s.measured_speedup)),
)


def _settings(record: RunRecord) -> dict[str, Setting]:
    started = record.started
    if started is None:
        return {}
    models: dict[str, Setting] = {"target": started.target, "drafter": started.drafter, "method": started.method}
    return models | dict(started.settings)


def _differing_settings(first: dict[str, Setting], second: dict[str, Setting]) -> Iterator[ComparisonRow]:
    for name in dict.fromkeys((*first, *second)):
        if first.get(name) != second.get(name):
            yield ComparisonRow(name.replace("_", " "), _setting_text(first.get(name)), _setting_text(second.get(name)))


def _setting_text(setting: Setting) -> str:
    return quantities.UNKNOWN if setting is None else f"{setting:g}" if isinstance(setting, float) else str(setting)
