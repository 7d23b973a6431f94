"""A wrong pair is named before any engine has answered."""

from pathlib import Path

from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from app.panels.setup.early_check import EarlyCheck
from engine.commands import Load


def test_wrong_folder_is_named_and_a_right_pair_is_not(qtbot: QtBot, tmp_path: Path) -> None:
    parent = QObject()
    check = EarlyCheck(parent)
    wrong, right = Load(str(tmp_path / "none"), "lookup"), Load("timing:tiny", "lookup")
    for pair in (wrong, right):
        with qtbot.waitSignal(check.answered):
            check.ask(pair)
        assert ("there is no folder" in check.why_not(pair)) == (pair is wrong)
    assert check.why_not(wrong) == ""


def test_only_the_last_of_several_pairs_is_answered(qtbot: QtBot, tmp_path: Path) -> None:
    parent = QObject()
    check = EarlyCheck(parent)
    pairs = [Load(str(tmp_path / str(number))) for number in range(5)]
    with qtbot.waitSignal(check.answered):
        for pair in pairs:
            check.ask(pair)
    assert [bool(check.why_not(pair)) for pair in pairs] == [False] * 4 + [True]


def test_built_in_models_are_not_looked_for(qtbot: QtBot) -> None:
    check = EarlyCheck(parent := QObject())
    with qtbot.assertNotEmitted(check.answered, wait=60):
        check.ask(Load("builtin", "builtin:small"))
        check.ask(Load("builtin", "lookup"))
    assert parent.children() == [check]


def test_stopped_check_answers_nothing(qtbot: QtBot, tmp_path: Path) -> None:
    parent = QObject()
    check = EarlyCheck(parent)
    with qtbot.assertNotEmitted(check.answered, wait=100):
        check.ask(Load(str(tmp_path / "none")))
        check.stop()
