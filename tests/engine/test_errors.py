"""Errors carry no Markdown: names stand between ordinary quotation marks."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import app
import engine
from engine.errors import EngineError, without_markdown

# Help and documents of commands are read in a terminal or as Markdown.
_FOR_TERMINALS = ("cli", "bench")
_MARKED = re.compile(r"`\w|\w`")


def test_names_between_backticks_are_quoted_and_a_lone_one_stays() -> None:
    err = EngineError("missing field `text`", "see `help`")
    assert (err.message, err.hint) == ("missing field 'text'", "see 'help'")
    assert without_markdown("a`b") == "a`b"


def texts(tree: ast.AST) -> Iterator[str]:
    """All texts of a module but docstrings."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = {id(node.body[0].value) for node in ast.walk(tree)  # type: ignore[attr-defined]
                  if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)}  # fmt: skip
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value


@pytest.mark.parametrize("package", [app, engine], ids=["app", "engine"])
def test_no_text_that_the_window_shows_holds_backticks(package) -> None:  # type: ignore[no-untyped-def]
    root = Path(package.__file__).parent
    files = [path for path in root.rglob("*.py") if not set(path.relative_to(root).parts) & set(_FOR_TERMINALS)]
    assert files
    marked = [
        f"{path}: {text}"
        for path in files
        for text in texts(ast.parse(path.read_text("utf-8")))
        if _MARKED.search(text)
    ]
    assert not marked
