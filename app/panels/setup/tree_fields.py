"""The settings of draft trees in a form: grey, with the reason, where the drafter cannot branch or there is no tree."""

from PySide6.QtCore import QCoreApplication

from app.widgets.choice_box import ChoiceBox
from app.widgets.config_form import ConfigForm

TREE, ACCEPT = "tree", "accept"
_TREE_RULES = "recursive", "traversal"


def tr(text: str) -> str:
    """Translate a reason."""
    return QCoreApplication.translate("tree_fields", text)


def show_tree_fields(form: ConfigForm, why_no_tree: str, *, has_tree: bool) -> None:
    """Enable the settings of trees. why_no_tree: why this pair drafts none; has_tree: one is asked for."""
    control = form.control(TREE)
    tip = control.accessibleDescription()
    control.setEnabled(not why_no_tree)
    control.setToolTip(f"{tip}\n{why_no_tree}" if why_no_tree else tip)
    if form.has(ACCEPT) and isinstance(box := form.control(ACCEPT), ChoiceBox):
        for rule in _TREE_RULES:
            why_not = why_no_tree or ("" if has_tree else tr("a rule for trees: say first how a draft branches"))
            box.describe(rule, why_not, allowed=not why_not)
