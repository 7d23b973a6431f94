"""A training continues only with what its weights follow from."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from engine.errors import InputError
from engine.training import collect
from engine.training.drafter_config import DrafterConfig
from engine.training.job import find
from engine.training.resumption import refuse_other_settings
from engine.training.workplace import TrainingStart
from tests.engine.training.drafter_training import job, target, texts

__all__ = ["target", "texts"]


def test_another_setting_or_text_is_refused_by_name_and_other_minutes_are_not(
    target: str, texts: Path, tmp_path: Path
) -> None:
    asked = job(target, texts, tmp_path / "d", start="longspec", width=0)
    checked = find(asked)
    source = collect.source_of(checked.texts, target, sample=0, seed=0)
    began = TrainingStart(target, source, asked.settings, 1, 32, "float32", 12, 4, 1, 1e-3, "longspec")
    refuse_other_settings(asked, checked, None)
    refuse_other_settings(asked._replace(settings=replace(asked.settings, minutes=9.0)), checked, began)
    other = asked._replace(settings=replace(asked.settings, noisy=False))
    with pytest.raises(InputError, match=r"noisy = False: the training in .* was begun with True"):
        refuse_other_settings(other, checked, began)
    refuse_other_settings(other, checked, replace(began, start="new"))  # which no such setting affects
    with pytest.raises(InputError, match="the text has changed"):
        refuse_other_settings(asked, checked, replace(began, source="other"))
    with pytest.raises(InputError, match="target = "):
        refuse_other_settings(asked, checked, replace(began, target="other"))
    assert isinstance(began.settings, DrafterConfig)
