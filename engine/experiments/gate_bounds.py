"""Refuses what cannot be collected for a gate, or measured of one, before any model is loaded.

* imports neither Qt nor torch."""

from engine.commands import CollectGateRows, MeasureThresholds
from engine.errors import InputError

_MOST_DOCUMENTS, _MOST_NEW = 1_000_000, 4_096
_MOST_PROMPTS, _MOST_QUESTIONS, _MOST_GAMMA = 1_000_000, 10_000, 64
# Enough that each threshold may be refused alone, few enough that a sweep ends.
_MOST_SETTINGS = 64


def refuse_collection(command: CollectGateRows) -> None:
    """Raises InputError for numbers out of their bounds, and for no folder."""
    _refuse_beyond("documents", command.n_prompts, 1, _MOST_DOCUMENTS)
    _refuse_beyond("tokens", command.n_new, 1, _MOST_NEW)
    if not command.out.strip():
        raise InputError("the rows have no folder", "name a new one")


def refuse_sweep(command: MeasureThresholds) -> None:
    """Raises InputError for a setting that cannot be, and for none."""
    for name, values, least in (
        ("threshold", command.thresholds, 0.0),
        ("weight", command.weights, 0.0),
        ("lenience", command.leniences, 1e-3),
    ):
        for value in values:
            if not least <= value <= 1:
                raise InputError(f"{name} = {value:g}: must be {least:g} to 1", "choose a value within the bounds")
    if not command.thresholds:
        raise InputError("a sweep needs a threshold", "write --thresholds 0.5,0.9")
    if not command.gammas or not 1 <= min(command.gammas) <= max(command.gammas) <= _MOST_GAMMA:
        raise InputError(f"a sweep needs draft lengths from 1 to {_MOST_GAMMA}", "write --gammas 2,4")
    if len(command.thresholds) + len(command.weights) + len(command.leniences) > _MOST_SETTINGS:
        raise InputError(f"more than {_MOST_SETTINGS} settings", "measure fewer at once")
    _refuse_beyond("prompts", command.n_prompts, 0, _MOST_PROMPTS)
    _refuse_beyond("questions", command.n_questions, 0, _MOST_QUESTIONS)


def _refuse_beyond(name: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise InputError(f"{name} = {value:,}: must be {least} to {most:,}", "choose a number within the bounds")
