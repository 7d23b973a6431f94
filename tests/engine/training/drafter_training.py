"""Training a small drafter on a few stories, and reading what came of it."""

from itertools import islice
from pathlib import Path
from threading import Event as Flag

import msgspec
import pytest

from engine.events import Event, TrainingFinished
from engine.training import checkpoint, estimate, payoff
from engine.training.drafter import train_drafter
from engine.training.drafter_config import DrafterConfig
from engine.training.job import DrafterJob
from engine.training.rows import RowShape
from engine.world.story import stories
from tests import fakes

N_STEPS = 12


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> str:
    return fakes.save(fakes.model(sharpness=3.0), tmp_path_factory.mktemp("t") / "t")


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("texts")
    for i, story in enumerate(islice(stories(9), 30)):
        (folder / f"{i}.txt").write_text(story[:200], encoding="utf-8")
    return folder


def make_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small steps, and speedups measured over short blocks, as many of them as ever."""
    monkeypatch.setattr(estimate, "_CPU_ROWS", RowShape(4, 32))
    monkeypatch.setattr(estimate, "_CPU_LONGSPEC_ROWS", RowShape(4, 32))
    monkeypatch.setattr(payoff, "_LONGEST", payoff._SHORTEST)


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    make_small(monkeypatch)


def job(target: str, texts: Path | None, out: Path, *, resume: bool = False, **changes: object) -> DrafterJob:
    values = {"minutes": 0.5, "steps": N_STEPS, "width": 32, "layers": 1, "patience": 100, **changes}
    settings = msgspec.convert(values, DrafterConfig)
    return DrafterJob(target, texts, out, settings, "cpu", "float32", resume)


def run(asked: DrafterJob, flag: Flag | None = None) -> list[Event]:
    return list(train_drafter(asked, flag or Flag()))


def end_of(events: list[Event]) -> TrainingFinished:
    (found,) = [event for event in events if isinstance(event, TrainingFinished)]
    return found


def losses(out: Path) -> tuple[tuple[int, float], ...]:
    return checkpoint.progress(out / "training" / "checkpoint").losses
