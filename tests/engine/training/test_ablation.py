"""What a switch of the LongSpec training brings: two trainings that differ in it alone, compared by length."""

from pathlib import Path
from threading import Event as Flag

import pytest

from engine.errors import EngineError, InputError
from engine.events import Progressed
from engine.training import ablation
from engine.training.ablation import SWITCHES, Ablation, ablate
from engine.training.drafter_config import OF_LONGSPEC, DrafterConfig
from tests.engine.training.drafter_training import job, small_steps, target, texts

__all__ = ["small_steps", "target", "texts"]


@pytest.mark.parametrize("switch", SWITCHES)
def test_a_switch_changes_one_setting(switch: ablation.Switch) -> None:
    on = DrafterConfig(start="longspec", long_share=0.3)
    off = ablation.without(on, switch)
    names = (*OF_LONGSPEC, "objective")
    assert sum(getattr(on, name) != getattr(off, name) for name in names) == 1


def test_both_trainings_are_compared_after_short_and_long_texts(target: str, texts: Path, tmp_path: Path) -> None:
    asked = job(target, texts, tmp_path / "d", width=0, window=16, steps=3, gamma=2)
    *events, result = ablate(asked, "anchor-offset", Flag())
    assert isinstance(result, Ablation)
    units = {event.unit for event in events if isinstance(event, Progressed) and event.phase == "training"}
    assert units == {"steps with anchor-offset", "steps without anchor-offset"}
    assert (result.steps, result.gamma) == (3, 2)
    for row in result.by_length:
        assert row.difference == pytest.approx(row.tau[0] - row.tau[1])
        assert all(1.0 <= tau <= 3.0 for tau in row.tau)
        assert all(len(alphas) == 2 for alphas in row.alpha_by_lag)


def test_what_cannot_be_compared_is_refused(target: str, texts: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="an ablation compares equal numbers of steps"):
        list(ablate(job(target, texts, tmp_path / "d", width=0, steps=0), "noisy", Flag()))
    with pytest.raises(InputError, match="without = magic: is no part of the training"):
        ablation.switch_of("magic")
    flag = Flag()
    flag.set()
    with pytest.raises(EngineError, match="stopped by the user"):
        list(ablate(job(target, texts, tmp_path / "e", width=0), "noisy", flag))
