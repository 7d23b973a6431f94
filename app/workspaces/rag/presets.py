"""Settings under which answers from documents have been measured elsewhere; pure."""

from collections.abc import Mapping
from typing import NamedTuple

from PySide6.QtCore import QCoreApplication

from engine.documents.partition import PRESETS
from engine.events import Setting


class RagPreset(NamedTuple):
    """A name, what it is, the settings it stands for."""

    name: str
    title: str
    meaning: str
    values: Mapping[str, Setting]


def tr(text: str) -> str:
    """The translation of a preset's words."""
    return QCoreApplication.translate("rag_presets", text)


def rag_presets() -> tuple[RagPreset, ...]:
    """Every preset of the engine, in words."""
    meanings = {
        "paper": tr("TriviaQA, PopQA, PubHealth, ARC-C: {0} drafts of {1} passages, from {2}"),
        "MuSiQue": tr("questions of several steps: {0} drafts of {1} passages, from {2}"),
        "in turn": tr(
            "not from the paper: {0} drafts of {1} passages, from {2}; passages take turns, and none is encoded anew"
        ),
        "k = 3": tr("popular articles call the number of drafts k: {0} drafts of {1} passages, from {2}"),
    }
    return tuple(
        RagPreset(one.name, tr(one.name), meanings[one.name].format(one.m, one.k, one.n),
                  {name: getattr(one, name) for name in ("n", "m", "k", "conditioning", "sampling")})
        for one in PRESETS
    )  # fmt: skip


def preset_of(values: Mapping[str, Setting]) -> RagPreset | None:
    """The preset that these settings are."""
    return next((one for one in rag_presets() if all(values.get(k) == v for k, v in one.values.items())), None)
