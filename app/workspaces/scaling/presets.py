"""The popular article's presets as requests, which a budget of tokens bounds, in words."""

from PySide6.QtCore import QCoreApplication

from app.words.counts import count
from app.workspaces.scaling import words
from app.workspaces.scaling.sweeping import SweepProgress
from engine.events import Allocation, AllocationRouted, PresetName
from engine.methods.escalating.presets import (
    PRESETS,
    article_tokens,
    of_preset,
    structural_bound,
    structure_tokens,
    within_budget,
)

# What a document, a question and a step take at most, where no sweep has measured it.
_DOCUMENT, _QUESTION, _STEP = 512, 64, 64


def tr(text: str) -> str:
    """Translate a text about a preset."""
    return QCoreApplication.translate("scaling_presets", text)


def title(name: PresetName) -> str:
    """Return the name of a preset with what it asks for."""
    names: dict[PresetName, str] = {"small": tr("Small"), "medium": tr("Medium"), "large": tr("Large")}
    return f"{names[name]}: {words.allocation(PRESETS[name])}"


def meaning(name: PresetName) -> str:
    """Explain what a preset takes: its label fits neither its own formula nor the structure of the paper."""
    asked = PRESETS[name]
    labels: dict[PresetName, str] = {"small": "~32k", "medium": "~128k", "large": "~1M"}
    text = tr("labelled {0}; {1} by the article's formula, {2} by the paper's structure")
    return text.format(labels[name], count(article_tokens(asked), "token"), count(structure_tokens(asked), "token"))


def routed(name: PresetName, sweep: SweepProgress) -> AllocationRouted:
    """Return what of a preset fits into the budget. Raises InputError where not even the question does."""
    predictions = () if sweep.fitted is None else sweep.fitted.predictions
    known = {cell.allocation: cell.max_context for cell in predictions}
    structural = structural_bound(_DOCUMENT, _QUESTION, _STEP)

    def bound(cell: Allocation) -> float:
        return known.get(cell, structural(cell))

    return within_budget(of_preset(name), sweep.budget, bound)


def outcome(routed: AllocationRouted) -> str:
    """Say what a preset asked for and what it got."""
    asked, allocated = words.allocation(routed.requested), words.allocation(routed.allocated)
    if routed.requested == routed.allocated:
        return tr("{0} chosen").format(allocated)
    return tr("{0} chosen: {1} was asked for, more than {2}").format(allocated, asked, count(routed.budget, "token"))
