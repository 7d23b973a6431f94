"""What the RAG tab asks of the engine."""

from pathlib import Path

import pytest
from msgspec.structs import replace
from PySide6.QtCore import QSettings, Qt
from PySide6.QtTest import QTest

from app.workspaces.rag.workspace import RagWorkspace
from engine.commands import Load, Run
from engine.documents.partition import PRESETS
from tests.app.factory import MODEL
from tests.app.served import served


def test_ask_hands_over_question_settings_and_the_drafter_taught_for_it(tab) -> None:  # type: ignore[no-untyped-def]
    _store, host, workspace, say = tab
    workspace.bar.line.setText("  Who?  ")
    workspace.setup.form.set_values({"k": 3, "n": 12})
    workspace.bar.ask.click()
    say(replace(MODEL, drafter="builtin:rag"))
    load, run = host.submitted[-2:]
    assert isinstance(load, Load) and load.drafter == "builtin:rag"
    assert isinstance(run, Run) and run.method == "speculative_rag"
    assert run.request.prompt == "Who?"
    assert (run.settings["index"], run.settings["k"], run.settings["n"]) == ("builtin:pages", 3, 12)


def test_nothing_can_be_asked_without_a_question(tab) -> None:  # type: ignore[no-untyped-def]
    _store, _host, workspace, _say = tab
    workspace.bar.line.setText("   ")
    assert not workspace.bar.ask.isEnabled()


@pytest.mark.parametrize("drafter", ["none", "lookup:2"])
def test_a_drafter_that_is_no_model_is_refused_with_the_way_out(tab, drafter: str) -> None:  # type: ignore[no-untyped-def]
    _store, _host, workspace, _say = tab
    workspace.setup.models.choose("builtin", drafter)
    assert not workspace.bar.ask.isEnabled()
    assert "builtin:rag" in workspace.bar.ask.toolTip()


def test_return_asks_and_one_question_is_enough(tab) -> None:  # type: ignore[no-untyped-def]
    store, _host, workspace, say = tab
    workspace.bar.line.setText("Who?")
    QTest.keyClick(workspace.bar.line, Qt.Key.Key_Return)
    say()
    assert store.commands.has_run
    assert not workspace.bar.ask.isEnabled()
    assert workspace.bar.stop.isEnabled()


def test_presets_set_what_they_stand_for_and_are_named_again(tab) -> None:  # type: ignore[no-untyped-def]
    _store, _host, workspace, _say = tab
    setup = workspace.setup
    assert setup.preset.currentData() == "measured" and setup.documents.index() == "builtin:pages"
    setup.preset.activated.emit(setup.preset.findData("MuSiQue"))
    settings = setup.settings()
    assert (settings["n"], settings["m"], settings["k"]) == (15, 10, 6)
    setup.form.set_values({"k": 4})
    assert setup.preset.currentData() == ""


def test_every_preset_of_the_engine_is_offered_with_its_numbers(tab) -> None:  # type: ignore[no-untyped-def]
    _store, _host, workspace, _say = tab
    setup = workspace.setup
    for one in PRESETS:
        setup.preset.activated.emit(setup.preset.findData(one.name))
        named = ("n", "m", "k", "conditioning", "sampling")
        assert [setup.settings()[name] for name in named] == [getattr(one, name) for name in named]
        assert setup.preset.currentData() == one.name
        tip = setup.preset.itemData(setup.preset.currentIndex(), Qt.ItemDataRole.ToolTipRole)
        assert f"{one.m} drafts of {one.k} passages, from {one.n}" in tip


def test_rare_settings_are_folded_and_still_handed_over(tab) -> None:  # type: ignore[no-untyped-def]
    _store, _host, workspace, _say = tab
    assert not workspace.setup.form.rest.isVisible()
    workspace.setup.more.button.click()
    assert workspace.setup.form.rest.isVisible()
    assert "stop_at_end" not in workspace.setup.settings(), "an answer ends with its line whatever it says"
    workspace.setup.form.set_values({"verdict_temperature": 1.5})
    assert workspace.setup.settings()["verdict_temperature"] == 1.5
    assert workspace.setup.more.button.text() == "More (1 changed)"


def test_choices_come_back_at_the_next_start(tab, qtbot, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    store, _host, workspace, _say = tab
    settings = QSettings(str(tmp_path / "s.ini"), QSettings.Format.IniFormat)
    workspace.setup.form.set_values({"m": 7})
    workspace.setup.documents.choose("/indexes/mine")
    workspace.bar.line.setText("Why?")
    workspace.save(settings)
    other = served(RagWorkspace, store)
    qtbot.addWidget(other)
    other.restore(settings)
    assert other.setup.settings()["m"] == 7
    assert other.setup.documents.index() == "/indexes/mine"
    assert other.bar.text() == "Why?"
