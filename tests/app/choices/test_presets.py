import pytest

from app.choices import presets
from engine.methods.plain.config import PlainConfig
from engine.methods.speculative.config import SpeculativeConfig
from engine.settings import make_config


@pytest.mark.parametrize("preset", presets.PRESETS, ids=lambda preset: preset.name)
def test_every_preset_is_valid_and_recognised(preset):
    kind = PlainConfig if preset.plain else SpeculativeConfig
    make_config(kind, preset.values)
    shown = {"gamma": 4, "seed": 3, "max_new_tokens": 7, **preset.values}
    assert presets.matching(shown, plain=preset.plain) == preset.name
    assert presets.find(preset.name) == preset


def test_other_values_are_custom():
    greedy = presets.find("greedy")
    assert presets.matching({**greedy.values, "gamma": 5}, plain=False) == "custom"
    assert presets.matching({**greedy.values, "top_k": 1}, plain=True) == "custom"
    assert presets.find("custom") is None


def test_the_first_settings_are_a_preset():
    values = {name: getattr(SpeculativeConfig(), name) for name in SpeculativeConfig.__struct_fields__}
    assert presets.matching(values, plain=False) == "greedy"
