"""The settings of draft trees in a form: grey, with the reason, where the drafter cannot branch or there is no tree."""

from collections.abc import Mapping

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QLineEdit

from app.state.requests import NO_DRAFTER
from app.text.plain_text import one_line
from app.widgets.choice_box import ChoiceBox
from app.widgets.config_form import ConfigForm
from engine.commands import Load
from engine.events import ModelLoaded, Setting

TREE, ACCEPT = "tree", "accept"
# Rules for trees, and the rule of the same kind for chains.
_CHAIN_RULES: Mapping[str, str] = {"recursive": "token", "traversal": "block"}


def tr(text: str) -> str:
    """Translate a reason."""
    return QCoreApplication.translate("tree_fields", text)


def why_no_tree(model: ModelLoaded | None, pair: Load) -> str:
    """Why a pair drafts no trees; empty where it does, or where that is not known before it is loaded."""
    if pair.drafter == NO_DRAFTER:
        return tr("without a drafter nothing branches")
    is_loaded = model is not None and (model.target, model.drafter) == (pair.target, pair.drafter)
    return one_line(model.why_no_tree) if is_loaded and model is not None else ""


def show_tree_fields(form: ConfigForm, why_not_tree: str) -> None:
    """Enable the settings of trees. why_not_tree: why the pair drafts none, empty where it does."""
    if not form.has(TREE):
        return
    control = form.control(TREE)
    tip = control.accessibleDescription()
    control.setEnabled(not why_not_tree)
    control.setToolTip(f"{tip}\n{why_not_tree}" if why_not_tree else tip)
    has_tree = isinstance(control, QLineEdit) and bool(control.text().strip())
    if form.has(ACCEPT) and isinstance(box := form.control(ACCEPT), ChoiceBox):
        for rule in _CHAIN_RULES:
            why_not = why_not_tree or ("" if has_tree else tr("a rule for trees: say first how a draft branches"))
            box.describe(rule, why_not, allowed=not why_not)


def usable_values(form: ConfigForm, values: Mapping[str, Setting]) -> dict[str, Setting]:
    """The values of a form without what is grey: a tree that was asked for before another drafter was chosen."""
    usable = dict(values)
    if TREE in usable and not form.control(TREE).isEnabled():
        usable[TREE] = ""
    if not usable.get(TREE) and usable.get(ACCEPT) in _CHAIN_RULES:
        usable[ACCEPT] = _CHAIN_RULES[str(usable[ACCEPT])]
    return usable
