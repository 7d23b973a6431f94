"""Settings under which answers from documents have been measured elsewhere; pure."""

from collections.abc import Mapping
from typing import NamedTuple

from PySide6.QtCore import QCoreApplication

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
    """Every preset."""
    return (
        RagPreset("paper", tr("paper"), tr("TriviaQA, PopQA, PubHealth, ARC-C: five drafts of two passages, from ten"),
                  {"n": 10, "m": 5, "k": 2, "sampling": "one_per_cluster"}),
        RagPreset("musique", tr("MuSiQue"), tr("questions of several steps: ten drafts of six passages, from fifteen"),
                  {"n": 15, "m": 10, "k": 6, "sampling": "one_per_cluster"}),
        RagPreset("k3", tr("k = 3"), tr("popular articles call the number of drafts k: three drafts of two passages"),
                  {"n": 10, "m": 3, "k": 2, "sampling": "one_per_cluster"}),
    )  # fmt: skip


def preset_of(values: Mapping[str, Setting]) -> RagPreset | None:
    """The preset that these settings are."""
    return next((one for one in rag_presets() if all(values.get(k) == v for k, v in one.values.items())), None)
