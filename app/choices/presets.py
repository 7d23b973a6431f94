"""Named settings to start from, and the preset that a set of values matches."""

from collections.abc import Mapping
from typing import Literal, NamedTuple, TypeAlias

from engine.events import Setting

PresetName: TypeAlias = Literal["greedy", "sampling", "long_draft", "short_draft", "plain", "custom"]
_GREEDY: Mapping[str, Setting] = {"temperature": 0.0, "top_k": 0, "top_p": 1.0, "min_p": 0.0}
_SAMPLING: Mapping[str, Setting] = {"temperature": 0.8, "top_k": 0, "top_p": 0.95, "min_p": 0.0}


class Preset(NamedTuple):
    """Settings under a name; plain: without a drafter."""

    name: PresetName
    values: Mapping[str, Setting]
    plain: bool = False


PRESETS = (
    Preset("greedy", {**_GREEDY, "gamma": 4}),
    Preset("sampling", {**_SAMPLING, "gamma": 4}),
    Preset("long_draft", {**_GREEDY, "gamma": 8}),
    Preset("short_draft", {**_GREEDY, "gamma": 2}),
    Preset("plain", _GREEDY, plain=True),
)


def find(name: PresetName) -> Preset | None:
    """The preset of that name; None for custom settings."""
    return next((preset for preset in PRESETS if preset.name == name), None)


def matching(values: Mapping[str, Setting], *, plain: bool) -> PresetName:
    """The preset that the values match, whatever the other settings; custom where none does."""
    for preset in PRESETS:
        if preset.plain == plain and all(values.get(key) == value for key, value in preset.values.items()):
            return preset.name
    return "custom"
