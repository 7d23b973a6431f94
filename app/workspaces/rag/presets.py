"""Presets: settings under which answers from documents have been measured elsewhere."""

from collections.abc import Mapping
from typing import NamedTuple

from PySide6.QtCore import QCoreApplication

from engine.documents.partition import PRESETS
from engine.events import Setting


class RagPreset(NamedTuple):
    """A preset: its name, its meaning and its settings."""

    name: str
    title: str
    meaning: str
    values: Mapping[str, Setting]


def tr(text: str) -> str:
    """Translate a text about a preset."""
    return QCoreApplication.translate("rag_presets", text)


def rag_presets() -> tuple[RagPreset, ...]:
    """Return every preset of the engine, with words."""
    meanings = {
        "paper": tr("TriviaQA, PopQA, PubHealth, ARC-C: {0} drafts of {1} passages, from {2}"),
        "MuSiQue": tr("questions of several steps: {0} drafts of {1} passages, from {2}"),
        "in turn": tr(
            "not from the paper: {0} drafts of {1} passages, from {2}; passages take turns, and none is encoded anew"
        ),
        "k = 3": tr("popular articles call the number of drafts k: {0} drafts of {1} passages, from {2}"),
    }
    return tuple(
        RagPreset(preset.name, tr(preset.name), meanings[preset.name].format(preset.m, preset.k, preset.n),
                  {name: getattr(preset, name) for name in ("n", "m", "k", "conditioning", "sampling")})
        for preset in PRESETS
    )  # fmt: skip


def preset_of(values: Mapping[str, Setting]) -> RagPreset | None:
    """Return the preset with these settings, if there is one."""
    return next((preset for preset in rag_presets() if all(values.get(k) == v for k, v in preset.values.items())), None)
