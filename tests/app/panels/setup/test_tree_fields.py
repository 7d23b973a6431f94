"""Settings of trees are grey with the reason where nothing can branch, and are not sent then."""

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.panels.setup.tree_fields import show_tree_fields, usable_values, why_no_tree
from app.widgets.config_form import ConfigForm
from engine.commands import Load
from engine.methods.plain.config import PlainConfig
from engine.methods.speculative.config import SpeculativeConfig
from tests.app.factory import MODEL


@pytest.fixture
def form(qtbot: QtBot) -> ConfigForm:
    made = ConfigForm((SpeculativeConfig, PlainConfig), None)  # type: ignore[arg-type]
    qtbot.addWidget(made)
    made.set_values({"tree": "4,8", "accept": "traversal"})
    return made


def test_a_drafter_that_cannot_branch_greys_the_tree_and_nothing_of_it_is_sent(form: ConfigForm) -> None:
    show_tree_fields(form, "the drafter lookup drafts chains only, no trees")
    assert not form.control("tree").isEnabled() and "chains only" in form.control("tree").toolTip()
    values = usable_values(form, form.values(SpeculativeConfig))
    assert (values["tree"], values["accept"]) == ("", "block")
    show_tree_fields(form, "")
    assert form.control("tree").isEnabled() and "chains only" not in form.control("tree").toolTip()
    assert usable_values(form, form.values(SpeculativeConfig))["tree"] == "4,8"


def test_rules_for_trees_are_grey_without_a_tree(form: ConfigForm) -> None:
    box = form.control("accept")
    show_tree_fields(form, "")
    row = box.findData("traversal")  # type: ignore[union-attr]
    assert box.model().item(row).isEnabled()  # type: ignore[union-attr]
    form.set_values({"tree": ""})
    show_tree_fields(form, "")
    assert not box.model().item(row).isEnabled()  # type: ignore[union-attr]
    assert "say first how" in box.itemData(row, Qt.ItemDataRole.ToolTipRole)  # type: ignore[union-attr]


def test_the_reason_is_the_loaded_pairs(qtbot: QtBot) -> None:
    from msgspec.structs import replace

    unfit = replace(MODEL, why_no_tree="the drafter <b>x</b>\ndrafts chains only")
    assert why_no_tree(unfit, Load()) == "the drafter <b>x</b>⏎drafts chains only"
    assert why_no_tree(unfit, Load(drafter="lookup")) == "" and why_no_tree(None, Load()) == ""
    assert why_no_tree(None, Load(drafter="none"))
