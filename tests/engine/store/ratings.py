"""Kept runs whose texts can be rated, for tests of the store and of the window."""

from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from engine.events import Event, RoundFinished, RunStarted, SettingMeasured, SettingsMeasured, WorkStarted
from engine.events.gates import QualityFigures, Verification, WorkFigures
from engine.statistics import RatioEstimate
from tests.engine.store import kept

TEXTS = (" the boat left.", " the boat the boat.")


def run_of(number: int, text: str, method: str = "plain", prompt: str = "Then") -> list[Event]:
    """A run that continues a prompt with a text."""
    start, *rest = kept.run(number, prompt, method)
    rounds = [event for event in rest if isinstance(event, RoundFinished)]
    assert isinstance(start, RunStarted)
    return [
        replace(event, text=text if event is rounds[0] else "") if isinstance(event, RoundFinished) else event
        for event in (start, *rest)
    ]


def two_runs(folder: Path) -> list[Path]:
    """The logs of a plain run and one of a gate, of the same prompt."""
    ids = [kept.keep(folder, run_of(0, TEXTS[0])), kept.keep(folder, run_of(1, TEXTS[1], "sprinter"))]
    return [folder / run_id / "trace.jsonl" for run_id in ids]


def sweep_of(texts: Sequence[tuple[Verification, float, Sequence[str]]], prompts: Sequence[str]) -> list[Event]:
    """A sweep over thresholds whose ways of decoding wrote these texts."""
    start = WorkStarted("5eed", "measurement", "2026-01-01T00:00:00Z", "sprinter", "T", "D", (), "cpu", "float32")
    one, quality = RatioEstimate(1.0), QualityFigures(0.0, None, 0.0, 1.0, 1.0, 1.0, 0.0, 1.0)
    work = WorkFigures(1.0, 1.0, 1.0, 1.0, 1.0, 0.0)
    points = [
        SettingMeasured(
            way, setting, 4, len(prompts), 8, 1.0, one, one, None, quality, work, text=own[0], texts=tuple(own)
        )
        for way, setting, own in texts
    ]
    return [start, *points, SettingsMeasured(len(texts), len(prompts), 4, "set", prompts=tuple(prompts))]
