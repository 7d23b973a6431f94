"""Settings of a policy are grey, with the reason, where the chosen one does not ask them."""

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.panels.setup.policy_fields import show_policy_fields
from app.widgets.config_form import ConfigForm
from engine.methods.plain.config import PlainConfig
from engine.methods.speculative.config import SpeculativeConfig


@pytest.fixture
def form(qtbot: QtBot) -> ConfigForm:
    made = ConfigForm((SpeculativeConfig, PlainConfig), None)  # type: ignore[arg-type]
    qtbot.addWidget(made)
    return made


@pytest.mark.parametrize(
    ("policy", "enabled"),
    [("fixed", set()), ("best-s", {"most_gamma"}), ("confidence", {"confidence"}), ("fallback", set())],
)
def test_only_what_the_policy_asks_can_be_changed(policy: str, enabled: set[str], form: ConfigForm) -> None:
    form.set_values({"policy": policy})
    show_policy_fields(form)
    assert {name for name in ("most_gamma", "confidence") if form.control(name).isEnabled()} == enabled
    assert form.control("draft_until").isEnabled()
    tip = form.control("most_gamma").toolTip()
    assert ("never drafts more" in tip) == ("most_gamma" not in enabled)


def test_confidence_is_grey_for_a_tree(form: ConfigForm) -> None:
    box = form.control("policy")
    row = box.findData("confidence")  # type: ignore[union-attr]
    form.set_values({"tree": "2,2"})
    show_policy_fields(form)
    assert not box.model().item(row).isEnabled()  # type: ignore[union-attr]
    assert "draft is a tree" in box.itemData(row, Qt.ItemDataRole.ToolTipRole)  # type: ignore[union-attr]
    form.set_values({"tree": ""})
    show_policy_fields(form)
    assert box.model().item(row).isEnabled()  # type: ignore[union-attr]
