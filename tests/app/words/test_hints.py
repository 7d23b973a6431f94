"""Hints of the engine name fields, tabs and menus in the window, wherever the window shows one."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import app
import engine
from app.words.hints import hint_line, in_window

_COMMAND = re.compile(r"(?<![\w-])--[a-z]|\bdraftscope [a-z]")
# The command line itself, benchmarks, which the window has no part in, and the style of a page.
_ELSEWHERE = ("cli", "bench", "style.py")
# What stays as it is: files that only a command writes, commands of other programs, ways out of a command alone.
_STAYS = (
    "draftscope bench scaling", "pip install", "llama-gguf-split", "--force", "--continue-from", "instead of python -m",
    "draftscope bench table",
)  # fmt: skip
# Calls that take a hint as what they were given, and do not show it.
_PASSED_ON = {
    "Refused", "Trouble", "KnownGate", "ExportOutcome", "TraceFailed", "report", "emit", "InputError", "EngineError",
}  # fmt: skip


@pytest.mark.parametrize(
    ("hint", "words"),
    [
        ("use --max-new-tokens 40", "use “Length” 40"),
        ("name a folder of text, or builtin (--data)", "name a folder of text, or builtin (“Text to learn from”)"),
        ("train one with draftscope sprinter train", "train one in the tab Approximate, page Train"),
        ("collect, in the tab Approximate or with draftscope sprinter collect", "collect, in the tab Approximate"),
        ("retrain: draftscope sprinter train --target a/b --drafter c, or use --gate q",
         "train one for this pair in the tab Approximate, page Train, or use “Gate” q"),
        ("make it anew: draftscope rag index 'my notes' b --index /x --rebuild", "make it anew in the tab RAG"),
        ("download it with 'draftscope models get a/b', or not", "download it with Models > Get…, or not"),
        ("run: pip install --force-reinstall --no-deps x", "run: pip install --force-reinstall --no-deps x"),
        ("a window of 4--8 tokens", "a window of 4--8 tokens"),
    ],
)  # fmt: skip
def test_an_option_is_its_field_and_a_command_its_place(hint: str, words: str) -> None:
    assert in_window(hint) == words == in_window(words)


def test_a_hint_is_one_line_of_bounded_length() -> None:
    assert hint_line("use --gate q\nor none") == "use “Gate” q⏎or none"
    assert len(hint_line("word " * 500, longest=80)) < 120, "as much, and how much more there is"


def _hints_of_engine() -> Iterator[tuple[str, str]]:
    """Every text of the engine that names an option or a command of ours, with where it is; docstrings are none."""
    root = Path(engine.__file__).parent
    for path in sorted(root.rglob("*.py")):
        if path.relative_to(root).parts[0] in _ELSEWHERE or path.name in _ELSEWHERE:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
        for node in ast.walk(tree):
            if id(node) not in docs | parts and _COMMAND.search(text := _text(node)):
                yield f"{path.relative_to(root)}:{getattr(node, 'lineno', 0)}", text


def _text(node: ast.AST) -> str:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) or "k" for part in node.values)
    return ""


def test_no_hint_of_the_engine_keeps_an_option_or_a_command_in_the_window() -> None:
    hints = [(place, text) for place, text in _hints_of_engine() if not any(each in text for each in _STAYS)]
    assert len(hints) > 25
    kept = [f"{place}: {in_window(text)}" for place, text in hints if _COMMAND.search(in_window(text))]
    assert not kept, "\n".join(kept)


def test_whatever_shows_a_hint_says_it_in_the_words_of_the_window() -> None:
    raw = []
    for path in sorted(Path(app.__file__).parent.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        parents = {id(child): node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
        for node in ast.walk(tree):
            if _is_hint(node, parents):
                names = list(_calls_around(node, parents))
                if not {"in_window", "hint_line"} & set(names) and not _PASSED_ON & set(names):
                    raw.append(f"{path.name}:{getattr(node, 'lineno', 0)}: {ast.unparse(node)} in {names}")
    assert not raw, "\n".join(raw)


def _is_hint(node: ast.AST, parents: dict[int, ast.AST]) -> bool:
    """Whether this reads the hint of an event or an error: no widget of that name, no question whether there is one."""
    if not isinstance(node, ast.Attribute) or node.attr != "hint" or not isinstance(node.ctx, ast.Load):
        return False
    parent = parents[id(node)]
    is_asked = isinstance(parent, ast.IfExp) and parent.test is node
    is_property = any(isinstance(each, ast.FunctionDef) and each.name == "hint" for each in _around(node, parents))
    return not is_asked and not is_property and ast.unparse(node) != "self.hint"


def _around(node: ast.AST, parents: dict[int, ast.AST]) -> Iterator[ast.AST]:
    while (parent := parents.get(id(node))) is not None:
        yield parent
        node = parent


def _calls_around(node: ast.AST, parents: dict[int, ast.AST]) -> Iterator[str]:
    for parent in _around(node, parents):
        if isinstance(parent, ast.Call):
            yield getattr(parent.func, "attr", getattr(parent.func, "id", ""))
