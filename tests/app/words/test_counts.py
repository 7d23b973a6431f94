"""Numbers with what they count, and that no interface text counts one thing in the plural."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from app.words.counts import Noun, count

_APP = Path(__file__).parents[3] / "app"
# A placeholder for a whole number, right before a plural that is only right from two on.
_PLURAL = re.compile(r"\{\d(?::,?(?:\.0f)?)?\} (?:new )?([a-z]+s)\b")
# What takes both forms and chooses one, and the files that hold nothing else.
_CHOOSES, _FORMS = {"counted"}, {"counts.py", "speedups.py"}
_NO_PLURALS = {
    "is", "has", "was", "does", "ms", "as", "tells", "appears", "continues", "holds", "needs", "pays", "proposes",
    "leads", "ends", "checks",
}  # fmt: skip
# The number is never one: presets, sizes of a context, a rate, or a page of lanes.
_NEVER_ONE = (
    "tokens/s", "TriviaQA", "questions of several steps", "not from the paper", "popular articles", "verdicts",
    "texts of up to", "KV, ", "context {4", "tokens of context", "tokens at once", "full context", "layers of",
    "lanes shown", "lanes ({1}", "tokens for each step", "new tokens a second", "select at most", "tokens a round",
    "about {0} tokens", "on {0:,} others",
)  # fmt: skip


@pytest.mark.parametrize("noun", get_args(Noun))
def test_one_is_singular_and_others_are_plural(noun: Noun) -> None:
    assert count(1, noun) == f"1 {noun}"
    assert (count(0, noun), count(1024, noun)) == (f"0 {noun}s", f"1,024 {noun}s")


def test_no_text_of_the_window_counts_one_thing_in_the_plural() -> None:
    assert [fault for path in sorted(_APP.rglob("*.py")) if path.name not in _FORMS for fault in _faults(path)] == []


def _faults(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    chosen = {
        id(node)
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and getattr(call.func, "attr", getattr(call.func, "id", "")) in _CHOOSES
        for node in ast.walk(call)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str) or id(node) in chosen:
            continue
        nouns = set(_PLURAL.findall(node.value)) - _NO_PLURALS
        if nouns and not any(part in node.value for part in _NEVER_ONE):
            yield f"{path.name}:{node.lineno}: {node.value}"
