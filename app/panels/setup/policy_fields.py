"""The settings of a draft-length policy in a form: grey, with the reason, where the chosen policy does not ask them."""

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QLineEdit

from app import theme
from app.panels.setup.tree_fields import TREE
from app.widgets.choice_box import ChoiceBox
from app.widgets.config_form import ConfigForm

POLICY, CONFIDENCE, MOST_GAMMA = "policy", "confidence", "most_gamma"
_LEAST_WIDTH = 10 * theme.GRID
_LENGTHENING = ("best-s", "heuristic", "saturation")


def tr(text: str) -> str:
    """Translate a reason."""
    return QCoreApplication.translate("policy_fields", text)


def show_policy_fields(form: ConfigForm) -> None:
    """Enable what the chosen policy asks, and the policies that fit the draft."""
    if not form.has(POLICY):
        return
    box = form.control(POLICY)
    assert isinstance(box, ChoiceBox)
    box.setMinimumWidth(_LEAST_WIDTH)  # where the column is narrow, a long name is shown in part
    tree = form.control(TREE) if form.has(TREE) else None
    branches = isinstance(tree, QLineEdit) and tree.isEnabled() and bool(tree.text().strip())
    box.describe(CONFIDENCE, tr("it ends a chain, and this draft is a tree") if branches else "", allowed=not branches)
    policy = box.value()
    _enable(form, MOST_GAMMA, policy in _LENGTHENING, tr("the chosen policy never drafts more than γ"))
    _enable(form, CONFIDENCE, policy == CONFIDENCE, tr("only the policy that stops by confidence asks it"))


def _enable(form: ConfigForm, name: str, enabled: bool, why_not: str) -> None:
    if not form.has(name):
        return
    control = form.control(name)
    tip = control.accessibleDescription()
    control.setEnabled(enabled)
    control.setToolTip(tip if enabled else f"{tip}\n{why_not}")
