"""No text of the window is an identifier or a riddle, and each symbol stands with its name somewhere beside it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QAbstractButton, QComboBox, QLabel, QTabBar, QWidget
from pytestqt.qtbot import QtBot

import app
from app.main_window import MainWindow
from app.widgets.config_form import fields_of
from app.widgets.fixed_words import fixed_words
from app.words.choice_names import choice_name, with_names
from engine import methods
from engine.commands import Load
from engine.evaluation.config import EvaluationConfig
from engine.training.drafter_config import DrafterConfig

_IDENTIFIER = re.compile(r"(?<![\w./{⟨:-])[a-z]+(?:_[a-z0-9]+)+(?![\w/}])")
_RIDDLES = (
    "gone on with", "go on with", "beside it", "scores that decide", "numbers", "mended", "seldomer", "show ghosts",
)  # fmt: skip
_SYMBOLS = re.compile(r"[nkmcγτα]")


def _texts_of_code() -> Iterator[tuple[str, str]]:
    """Every text that passes through `tr`, with where it is."""
    for path in sorted(Path(app.__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and _is_tr(node.func) and node.args:
                text = node.args[0]
                if isinstance(text, ast.Constant) and isinstance(text.value, str):
                    yield f"{path.name}:{node.lineno}", text.value


def _is_tr(func: ast.expr) -> bool:
    name = func.attr if isinstance(func, ast.Attribute) else func.id if isinstance(func, ast.Name) else ""
    return name in ("tr", "_tr")


def _texts_of_forms() -> Iterator[tuple[str, str]]:
    """Every title, help text and choice of the forms."""
    configs = (*(spec.config for spec in methods.discover().values()), DrafterConfig, EvaluationConfig)
    for config in configs:
        for field in fields_of(config):
            values = [str(value) for value in getattr(field.kind, "values", ())]
            yield f"{config.__name__}.{field.name}", field.title
            yield f"{config.__name__}.{field.name}", with_names(field.name, field.help, values)
            yield from ((f"{config.__name__}.{field.name}", choice_name(field.name, value)) for value in values)


def _shown_texts(window: QWidget) -> Iterator[tuple[str, str]]:
    for widget in window.findChildren(QWidget):
        if isinstance(widget, QLabel | QAbstractButton):
            yield type(widget).__name__, widget.text()
        elif isinstance(widget, QTabBar):
            yield from (("QTabBar", widget.tabText(place)) for place in range(widget.count()))
        elif isinstance(widget, QComboBox):
            yield from (("QComboBox", widget.itemText(place)) for place in range(widget.count()))


def _faults(texts: Iterator[tuple[str, str]]) -> list[str]:
    return [f"{where}: {text}" for where, text in texts if _IDENTIFIER.search(text) or _is_riddle(text)]


def _is_riddle(text: str) -> bool:
    folded = text.lower()
    return any(re.search(rf"\b{riddle}\b", folded) for riddle in _RIDDLES if riddle != "numbers") or folded == "numbers"


def test_no_text_of_the_code_is_an_identifier_or_a_riddle() -> None:
    assert _faults(_texts_of_code()) == []


def test_no_setting_its_help_or_its_choices_are_named_by_an_identifier() -> None:
    assert _faults(_texts_of_forms()) == []


@pytest.fixture
def window(qtbot: QtBot) -> MainWindow:
    made = MainWindow(Load(), None, make_host=None)
    made.workspaces.make_all()
    qtbot.addWidget(made)
    return made


def test_no_label_button_tab_or_choice_on_show_is_an_identifier_or_a_riddle(window: MainWindow) -> None:
    assert _faults(_shown_texts(window)) == []


def test_no_label_of_a_field_is_a_symbol_without_its_name(window: MainWindow) -> None:
    symbols = [text for text in fixed_words(window) if _SYMBOLS.fullmatch(text.removeprefix("label "))]
    titles = [title for _, title in _texts_of_forms() if _SYMBOLS.fullmatch(title)]
    assert symbols == [] and titles == []


@pytest.mark.parametrize("text", ["one_per_cluster", "choose self_contain here", "Beside it", "Numbers"])
def test_the_scan_knows_a_fault_when_it_sees_one(text: str) -> None:
    assert _faults(iter([("here", text)]))


@pytest.mark.parametrize("text", ["{0} of {1}", "min(1, p/q)", "~/a_folder/b_c", "Numbers a token needs"])
def test_the_scan_leaves_formulas_paths_and_plain_words_alone(text: str) -> None:
    assert not _faults(iter([("here", text)]))
