"""Presets: settings under which answers from documents have been measured elsewhere."""

from collections.abc import Mapping
from typing import NamedTuple

from PySide6.QtCore import QCoreApplication

from engine.documents.partition import PRESETS
from engine.events import Setting

_FIRST = "measured"


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
        "measured": tr(
            "{0} drafts of {1} passages, from {2}; passages take turns, which is not from the paper, and are "
            "encoded anew with the question only where this machine does that quickly"
        ),
        "paper": tr("TriviaQA, PopQA, PubHealth, ARC-C: {0} drafts of {1} passages, from {2}"),
        "MuSiQue": tr("questions of several steps: {0} drafts of {1} passages, from {2}"),
        "k = 3": tr("popular articles call the number of drafts k: {0} drafts of {1} passages, from {2}"),
    }
    titles = {
        "measured": tr("Best here"),
        "paper": tr("Paper"),
        "MuSiQue": tr("MuSiQue"),
        "k = 3": tr("k = 3"),
    }
    return tuple(
        RagPreset(preset.name, titles[preset.name], meanings[preset.name].format(preset.m, preset.k, preset.n),
                  {name: getattr(preset, name) for name in ("n", "m", "k", "conditioning", "sampling")})
        for preset in sorted(PRESETS, key=lambda preset: preset.name != _FIRST)
    )  # fmt: skip


def preset_of(values: Mapping[str, Setting]) -> RagPreset | None:
    """Return the preset with these settings, if there is one."""
    return next((preset for preset in rag_presets() if all(values.get(k) == v for k, v in preset.values.items())), None)
