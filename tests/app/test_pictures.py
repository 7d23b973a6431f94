"""The pictures in assets/screenshots show the widgets that there are."""

import re
from pathlib import Path

import pytest
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.screenshot import WORDS_KEY, words_of_view
from engine.commands import Load

# A view of the Decode tab with a picture of its own.
TREE = "tree"
FOLDER = Path(__file__).parents[2] / "assets" / "screenshots"


@pytest.fixture
def window(qtbot: QtBot) -> MainWindow:
    made = MainWindow(Load(), None, make_host=None)
    qtbot.addWidget(made)
    return made


def test_there_is_a_picture_of_every_tab_in_both_schemes(window: MainWindow) -> None:
    names = {path.stem for path in FOLDER.glob("*.png")}
    views = {*window.workspaces, TREE}
    assert names == {f"{view}-{scheme}" for view in views for scheme in ("light", "dark")}


def test_make_pictures_makes_one_of_every_tab(window: MainWindow) -> None:
    loop = re.search(r"for tab in ([a-z -]+);", (FOLDER.parents[1] / "Makefile").read_text(encoding="utf-8"))
    assert loop is not None and set(loop[1].split()) == {*window.workspaces, TREE}


def test_no_picture_is_older_than_the_widgets_it_shows(window: MainWindow) -> None:
    for path in sorted(FOLDER.glob("*.png")):
        pictured = QImage(str(path)).text(WORDS_KEY).splitlines()  # none where everything is painted
        shown = list(words_of_view(window, path.stem.rpartition("-")[0]))
        assert pictured == shown, f"{path.name}: make the pictures anew: make pictures"


def test_a_word_that_changes_is_noticed(window: MainWindow) -> None:
    before = words_of_view(window, "decode")
    window.workspaces["decode"].prompt.run.setText("Go")  # type: ignore[attr-defined]
    assert set(words_of_view(window, "decode")) ^ set(before) == {"button Go", "button ▶  Run"}
    assert words_of_view(window, "rag") == words_of_view(window, "rag")
